#include "scenario.h"

#include <filesystem>
#include <fstream>

namespace yipan::scenario {
namespace {

struct Text {
    std::string text;
    int number = 0;
};

class Reader {
  public:
    Reader(Scenario& scenario, Errors& errors, const std::string& modules)
        : scenario_(scenario), errors_(errors), modules_(modules) {}

    void read(const std::string& path, int depth) {
        std::ifstream file(path, std::ios::binary);
        if (!file || depth > include_depth_max) {
            errors_.push_back(
                {Code::not_found, path,
                 depth > include_depth_max ? "includes stand too deep in one another" : "the file cannot be read"});
            return;
        }
        const std::string name =
            std::filesystem::proximate(path, std::filesystem::absolute(modules_).lexically_normal().parent_path())
                .string();
        std::vector<Text> lines;
        std::string text;
        for (int number = 1; std::getline(file, text); ++number) {
            if (text.ends_with('\r')) text.pop_back();
            if (scenario_.title.empty() && text.starts_with('#'))
                scenario_.title = text.substr(
                    text.find_first_not_of("# ") == std::string::npos ? text.size() : text.find_first_not_of("# "));
            if (text.starts_with("#! ")) scenario_.must_fail = text.substr(3);
            lines.push_back({text, number});
        }
        for (std::size_t i = 0; i < lines.size() && scenario_.steps.size() < steps_max;)
            i = read_step(lines, i, name, depth);
    }

  private:
    void problem(const std::string& place, std::string message) {
        errors_.push_back({Code::invalid_input, place, std::move(message), "docs/scenarios.md"});
    }

    std::vector<Word> words(const std::string& line, const std::string& place) {
        std::vector<Word> out;
        Word word;
        bool inside = false, any = false;
        for (std::size_t i = 0; i < line.size(); ++i) {
            const char c = line[i];
            if (inside) {
                if (c == '\\' && i + 1 < line.size())
                    word.text += line[++i];
                else if (c == '"')
                    inside = false;
                else
                    word.text += c;
            } else if (c == '"') {
                inside = any = word.quoted = true;
            } else if (c == ' ' || c == '\t') {
                if (any) out.push_back(std::move(word)), word = {}, any = false;
            } else if (c == '#' && !any) {
                break;
            } else {
                word.text += c, any = true;
            }
        }
        if (inside) problem(place, "a quote is not closed");
        if (any) out.push_back(std::move(word));
        return out;
    }

    std::size_t read_step(const std::vector<Text>& lines, std::size_t at, const std::string& name, int depth) {
        const std::string place = name + ":" + std::to_string(lines[at].number);
        Step step;
        step.place = place;
        step.words = words(lines[at].text, place);
        ++at;
        if (step.words.empty()) return at;
        if (step.verb() == "include") {
            if (step.words.size() == 2)
                read(modules_ + "/" + step.words[1].text, depth + 1);
            else
                problem(place, "include wants one path");
            return at;
        }
        if (step.verb() == "refuse") step.refuse = true, step.words.erase(step.words.begin());
        if (!step.words.empty() && step.verb() == "repeat" && step.words.size() > 2) {
            step.idempotency_key = step.words[1].text;
            step.words.erase(step.words.begin(), step.words.begin() + 2);
        }
        if (step.words.empty()) {
            problem(place, "a step is missing");
            return at;
        }
        if (step.verb() == "draft") at = read_draft(lines, at, name, step);
        if (step.verb() == "file") at = read_file(lines, at, step);
        if (step.refuse) at = read_expected(lines, at, step);
        scenario_.steps.push_back(std::move(step));
        return at;
    }

    std::size_t read_draft(const std::vector<Text>& lines, std::size_t at, const std::string& name, Step& draft) {
        for (; at < lines.size(); ++at) {
            Step step;
            step.place = name + ":" + std::to_string(lines[at].number);
            step.words = words(lines[at].text, step.place);
            if (step.words.empty()) continue;
            if (step.verb() == "end") return at + 1;
            draft.changes.push_back(std::move(step));
        }
        problem(draft.place, "the draft has no end");
        return at;
    }

    std::size_t read_file(const std::vector<Text>& lines, std::size_t at, Step& step) {
        for (; at < lines.size(); ++at) {
            const std::string& text = lines[at].text;
            if (text == "end") return at + 1;
            step.lines.push_back(text.substr(std::min(text.size(), text.find_first_not_of(" \t"))));
        }
        problem(step.place, "the file has no end");
        return at;
    }

    static std::size_t read_expected(const std::vector<Text>& lines, std::size_t at, Step& step) {
        for (; at < lines.size() && lines[at].text.starts_with("  "); ++at) {
            const std::string& text = lines[at].text;
            const std::size_t first = text.find_first_not_of(" \t");
            if (first == std::string::npos || text[first] == '#') continue;
            step.expected.push_back(text.substr(first, text.find_last_not_of(" \t") + 1 - first));
        }
        return at;
    }

    Scenario& scenario_;
    Errors& errors_;
    std::string modules_;
};

}  // namespace

Checked<Scenario> read_scenario(const std::string& path, const std::string& modules) {
    Scenario scenario;
    scenario.path = path;
    Errors errors;
    Reader(scenario, errors, modules).read(path, 0);
    if (errors.empty() && scenario.steps.empty())
        errors.push_back({Code::invalid_input, path, "the scenario has no steps"});
    if (!errors.empty()) return fail(std::move(errors));
    return scenario;
}

}  // namespace yipan::scenario
