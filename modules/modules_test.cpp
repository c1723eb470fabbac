// The shipped tree: it loads without a mistake, and everything written beside it (prose, scheme, scenarios) names only
// what it declares.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/yaml.h"
#include "model/load.h"

namespace yipan {
namespace {
const std::string root = std::string(YIPAN_SOURCE_DIR) + "/modules";

std::string text_of_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}
const model::Model& shipped() {
    static const model::ModelPtr model = [] {
        auto files = model::read_tree(root);
        if (!files) throw std::runtime_error(text_of(files.error()));
        auto loaded = model::load(std::move(*files));
        if (!loaded) throw std::runtime_error(text_of(loaded.error()));
        return *loaded;
    }();
    return *model;
}
std::vector<std::filesystem::path> files_below(const std::string& folder, const std::string& extension) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == extension) out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}
const std::set<std::string> module_names = {"organisation", "economy", "enterprise", "project", "assessment", "report", "decision", "task"};

std::string quoted_away(std::string line) {  // drops comments and what stands in quotes
    std::string out;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"')
            quoted = !quoted, out += 'q';
        else if (!quoted && line[i] == '#' && (i == 0 || line[i - 1] == ' '))
            break;
        else if (!quoted)
            out += line[i];
    }
    return out;
}
std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
}
// Verb, type and fields of one step of a scenario.
void judge_change(const std::vector<std::string>& words, std::size_t at, const std::string& where) {
    const std::string& verb = words[at];
    ASSERT_LT(at + 1, words.size()) << where;
    const int index = shipped().find_type(words[at + 1]);
    ASSERT_GE(index, 0) << where << ": no type " << words[at + 1];
    const model::Type& type = shipped().types[static_cast<std::size_t>(index)];
    if (verb == "move") {
        ASSERT_LT(at + 3, words.size()) << where;
        EXPECT_TRUE(std::any_of(type.moves.begin(), type.moves.end(),
                                [&](const model::Move& m) { return m.code == words[at + 3]; }))
            << where << ": no move " << words[at + 3];
    }
    for (std::size_t i = at + 2; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        if (equals == std::string::npos) continue;
        const std::string field = words[i].substr(0, equals);
        if (field == "effective" || field == "version") continue;
        EXPECT_GE(type.find(field), 0) << where << ": type " << type.code << " has no field " << field;
    }
}

TEST(Modules, the_shipped_tree_loads_without_a_mistake) {
    auto files = model::read_tree(root);
    ASSERT_TRUE(files) << text_of(files.error());
    const auto loaded = model::load(std::move(*files));
    ASSERT_TRUE(loaded) << text_of(loaded.error());
    EXPECT_GE((*loaded)->types.size(), 25u);
    EXPECT_GE((*loaded)->figures.size(), 120u);
    EXPECT_GE((*loaded)->lights.size(), 15u);
    EXPECT_EQ((*loaded)->forests.size(), 2u);
    EXPECT_EQ((*loaded)->schemes.count("wanjiang"), 1u);
    ASSERT_NE((*loaded)->find_report("half_year"), nullptr);
    EXPECT_EQ((*loaded)->find_report("half_year")->label.en, "Half-year report");
}

TEST(Modules, every_module_says_what_a_clerk_does_with_it) {
    for (const std::string& name : module_names) {
        const std::string readme = text_of_file(root + "/" + name + "/README.md");
        EXPECT_GE(std::count(readme.begin(), readme.end(), '\n'), 8) << name;
        EXPECT_TRUE(std::filesystem::is_directory(root + "/" + name + "/scenarios")) << name;
    }
}

TEST(Modules, every_label_stands_in_three_languages) {
    const auto judge = [](const model::Label& label, const std::string& what) {
        EXPECT_FALSE(label.hans.empty() || label.hant.empty() || label.en.empty()) << what;
    };
    for (const model::Type& type : shipped().types) {
        judge(type.label, type.code);
        for (const model::Field& field : type.fields) judge(field.label, type.code + "." + field.code);
        for (const model::Rule& rule : type.rules) judge(rule.message, type.code + "." + rule.code);
    }
    for (const model::Figure& figure : shipped().figures) judge(figure.label, figure.code);
    for (const model::Light& light : shipped().lights) judge(light.label, light.code);
}

TEST(Modules, every_type_has_a_responsible_post_or_says_why_not) {
    std::set<std::string> none;
    for (const model::Type& type : shipped().types)
        if (type.responsible.empty()) none.insert(type.code);
    EXPECT_EQ(none, (std::set<std::string>{"post", "person", "holiday"}));  // the last is published by the State Council
}

TEST(Modules, the_half_year_report_binds_at_least_thirty_known_numbers) {
    const model::Report* report = shipped().find_report("half_year");
    ASSERT_NE(report, nullptr);
    const std::regex placeholder(R"(\{\{ *(\w+):(\w+)([^}]*)\}\})"), dimension(R"(by\.([\w.]+)=)");
    std::set<std::string> bound;
    for (std::sregex_iterator at(report->text.begin(), report->text.end(), placeholder), end; at != end; ++at) {
        const std::string kind = (*at)[1], name = (*at)[2], rest = (*at)[3];
        EXPECT_TRUE(std::set<std::string>({"figure", "fact", "score", "rank", "peers", "board"}).contains(kind))
            << kind;
        if (kind != "board") bound.insert(kind + ":" + name);
        if (kind == "score" || kind == "rank" || kind == "peers") {
            EXPECT_EQ(shipped().schemes.count(name), 1u) << name;
        }
        if (kind != "figure") continue;
        const int index = shipped().find_figure(name);
        EXPECT_GE(index, 0) << "no figure " << name << ", nearest " << shipped().nearest_figure(name);
        std::smatch found;
        if (index >= 0 && std::regex_search(rest, found, dimension)) {
            const auto& names = shipped().figures[static_cast<std::size_t>(index)].by_names;
            EXPECT_NE(std::find(names.begin(), names.end(), found[1].str()), names.end()) << name << " " << found[1];
        }
    }
    EXPECT_GE(bound.size(), 30u);
}

TEST(Modules, the_scheme_is_bound_to_figures_and_its_published_weights_sum_to_a_hundred) {
    const auto scheme = yaml::parse(shipped().schemes.at("wanjiang"), "wanjiang.yaml");
    ASSERT_TRUE(scheme) << text_of(scheme.error());
    const yaml::Node* children = scheme->find("tree")->find("children");
    ASSERT_EQ(children->items.size(), 20u);
    int outcome = 0, task = 0;
    for (const yaml::Node& leaf : children->items) {
        EXPECT_GE(shipped().find_figure(leaf.find("figure")->text), 0) << leaf.find("figure")->text;
        outcome += std::stoi(leaf.find("weight")->find("outcome")->text);
        task += std::stoi(leaf.find("weight")->find("target_task")->text);
    }
    EXPECT_EQ(outcome, 100);
    EXPECT_EQ(task, 100);
}

TEST(Modules, scenarios_name_only_types_fields_moves_figures_and_lights_that_exist) {
    auto files = files_below(root, ".scenario");
    EXPECT_GE(files.size(), 25u);
    for (auto& steps : files_below(root, ".steps")) files.push_back(steps);
    for (const auto& path : files) {
        std::istringstream in(text_of_file(path));
        std::string line;
        for (int number = 1; std::getline(in, line); ++number) {
            const std::string where = path.filename().string() + ":" + std::to_string(number);
            auto words = words_of(quoted_away(line));
            if (words.empty()) continue;
            std::size_t at = 0;
            if (words[0] == "refuse") at = 1;
            if (words[0] == "repeat") at = 2;
            if (at >= words.size()) continue;
            const std::string& verb = words[at];
            if (verb == "create" || verb == "amend" || verb == "move" || verb == "remove")
                judge_change(words, at, where);
            if (verb == "figure" || verb == "why" || verb == "differs") {
                EXPECT_GE(shipped().find_figure(words[1]), 0) << where << ": no figure " << words[1];
            }
            if (verb == "count" || verb == "field" || verb == "versions") {
                EXPECT_GE(shipped().find_type(words[1]), 0) << where << ": no type " << words[1];
            }
            if (verb == "light") {
                EXPECT_TRUE(std::any_of(shipped().lights.begin(), shipped().lights.end(),
                                        [&](const model::Light& l) { return l.code == words[1]; }))
                    << where << ": no light " << words[1];
            }
            if (verb == "include") {
                EXPECT_TRUE(std::filesystem::exists(root + "/" + words[1])) << where;
            }
        }
    }
}
}  // namespace
}  // namespace yipan
