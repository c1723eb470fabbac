// Steps that bring files in: read into a staging file, applied, resumed, corrected, undone.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "driver.h"
#include "exchange/import.h"

namespace yipan::scenario {
namespace {

std::vector<std::string> parted(const std::string& line) {
    std::vector<std::string> out;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) out.push_back(cell);
    return out;
}

}  // namespace

bool Driver::is_exchange(const std::string& verb) const {
    static constexpr std::string_view verbs[] = {"file", "stage", "import", "apply", "undo", "correct", "failing", "imported"};
    return std::find(std::begin(verbs), std::end(verbs), verb) != std::end(verbs);
}

void Driver::exchange(const Step& step) {
    const std::string& verb = step.verb();
    if (step.words.size() < 2) return failed(step.place, verb + " wants a name");
    if (verb == "file") {
        files_[step.words[1].text] = step.lines;
        return;
    }
    if (verb == "failing" || verb == "imported") return ask_import(step);
    const bool reads = verb == "stage" || verb == "import" || verb == "correct";
    if (reads && step.words.size() < 3) return failed(step.place, verb + " wants two names");
    const std::string& name = step.words[verb == "stage" || verb == "import" ? 2 : 1].text;
    const bool partial = step.words.back().text == "partial";
    const Position before = position();
    Errors errors;
    if (reads) errors = read_file(step, name);
    const auto known = imports_.find(name);
    if (errors.empty() && known == imports_.end()) return failed(step.place, "no import is called " + name);
    if (errors.empty() && verb != "stage" && verb != "correct") {
        auto import = exchange::StagedImport::open(*board_, path_, known->second);
        Checked<void> done;
        if (!import) {
            done = fail(Errors{import.error()});
        } else if (verb == "undo") {
            exchange::StagedImport::UndoOptions options;
            options.leave_out_changed = partial;
            done = (*import)->undo(options);
        } else {
            exchange::StagedImport::ApplyOptions options;
            options.leave_out_failing = partial;
            done = (*import)->apply(options);
        }
        if (!done) errors = done.error();
    }
    if (step.refuse) {
        if (errors.empty()) return stopped_ = true, failed(step.place, "expected to be refused, got: done");
        // What stops in the middle has written what was good so far and says so.
        if (position() != before && verb != "apply")
            failed(step.place, "expected nothing to be written, got: the journal went on to " + std::to_string(position().value));
        check_expected(step, errors);
    } else if (!errors.empty()) {
        stopped_ = true;
        return failed(step.place, "expected to be done, got: " + text_of(errors));
    }
    check_board(step.place);
}

// The file as it lies on disk: "[import NAME]" in it means that import's number.
Errors Driver::read_file(const Step& step, const std::string& name) {
    const bool correct = step.verb() == "correct";
    const std::string& file = correct ? step.words[2].text : name;
    const auto lines = files_.find(file);
    if (lines == files_.end()) return {{Code::usage, "", "no file is called " + file, "file NAME ... end"}};
    std::string text;
    for (std::string line : lines->second) {
        for (const auto& [known, id] : imports_)
            if (const std::size_t at = line.find("[import " + known + "]"); at != std::string::npos) line.replace(at + 8, known.size(), id);
        text += line + "\n";
    }
    const std::string path = stem_ + "." + file + ".csv";
    std::ofstream(path, std::ios::binary) << text;
    exchange::StageOptions options;
    options.name = file;
    options.actor = actor_;
    options.post = post_;
    int type = -1;
    if (!correct) {
        type = model_->find_type(step.words[1].text);
        if (type < 0) return {{Code::not_found, "", "no type " + step.words[1].text, ""}};
    }
    auto import = exchange::StagedImport::stage(*board_, path_, type, path, options);
    std::filesystem::remove(path);
    if (!import) return std::move(import).error();
    const exchange::ImportReport report = (*import)->report();
    imports_[name] = report.id;
    const bool partial = step.words.back().text == "partial";
    return partial || step.verb() == "stage" ? Errors{} : report.errors;
}

void Driver::ask_import(const Step& step) {
    const auto known = imports_.find(step.words[1].text);
    if (known == imports_.end()) return failed(step.place, "no import is called " + step.words[1].text);
    auto import = exchange::StagedImport::open(*board_, path_, known->second);
    if (!import) return failed(step.place, import.error().text());
    if (step.verb() == "failing") {  // failing NAME = 3 5: the lines of its failing rows
        std::string expected, got;
        for (std::size_t i = 3; i < step.words.size(); ++i) expected += (expected.empty() ? "" : " ") + step.words[i].text;
        const std::string path = stem_ + ".failing.csv";
        if (const auto rows = (*import)->failing(path); !rows) return failed(step.place, rows.error().text());
        std::ifstream in(path);
        std::string line;
        for (int row = 0; std::getline(in, line); ++row)
            if (row > 0) got += (got.empty() ? "" : " ") + parted(line).front();
        in.close();
        std::filesystem::remove(path);
        return compare(step, expected, got);
    }
    const exchange::ImportReport report = (*import)->report();
    const std::map<std::string, std::string> said{
        {"state", std::string(exchange::import_state_name(report.state))}, {"rows", std::to_string(report.rows)},
        {"create", std::to_string(report.create)}, {"amend", std::to_string(report.amend)}, {"unchanged", std::to_string(report.unchanged)},
        {"failed", std::to_string(report.failed)}, {"done", std::to_string(report.done)}, {"undone", std::to_string(report.undone)},
        {"repeated", report.repeated ? "yes" : "no"}};
    for (std::size_t i = 2; i < step.words.size(); ++i) {
        const std::string& word = step.words[i].text;
        const std::size_t sign = word.find('=');
        const auto value = said.find(word.substr(0, sign));
        if (sign == std::string::npos || value == said.end())
            failed(step.place, "an import has no \"" + word + "\"");
        else
            compare(step, word, value->first + "=" + value->second);
    }
}

}  // namespace yipan::scenario
