// Pass 1: files become trees, sections become lists of names.
#include <algorithm>
#include <map>

#include "model/loader.h"
#include "model/migration.h"
#include "model/names.h"

namespace yipan::model {
namespace {
bool ends_with(std::string_view text, std::string_view tail) {
    return text.size() >= tail.size() && text.substr(text.size() - tail.size()) == tail;
}
// The folder and the module above it: modules/project/types/a.yaml -> types, project.
struct Split {
    std::string_view module, folder, name;
};
Split split(std::string_view path) {
    Split out;
    const auto cut = [&path]() {
        const auto slash = path.rfind('/');
        const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
        return last;
    };
    out.name = cut();
    out.folder = cut();
    out.module = cut();
    return out;
}
std::string stem_of(std::string_view name) { return std::string(name.substr(0, name.find('.'))); }

void take_text(Loader& loader, ParsedFile& file, std::string_view folder, std::string_view name) {
    Model& model = loader.model;
    const std::string& path = file.source->path;
    if (const auto bad = judge_name(file.stem, NameUse::other)) loader.problems.add(path, bad->message, bad->hint);
    if (folder == "schemes") {
        if (!model.schemes.emplace(file.stem, file.source->text).second)
            loader.problems.add(path, "a second scheme \"" + file.stem + "\"",
                                "schemes of all modules share one name space");
        if (model.schemes.size() > others_max)
            loader.problems.add(path, "more than 500 schemes", {}, Code::limit_exceeded);
        return;
    }
    for (const Report& report : model.reports)
        if (report.code == file.stem)
            loader.problems.add(path, "a second report \"" + file.stem + "\"", "the first is " + report.path);
    model.reports.push_back({file.stem, {}, path, file.source->text});
    if (model.reports.size() > others_max) loader.problems.add(path, "more than 500 reports", {}, Code::limit_exceeded);
    (void)name;
}

// Appends the names of one section; duplicates name both places.
void take_section(Loader& loader, const ParsedFile& file, const yaml::Node& section, std::string_view what, NameUse use,
                  std::size_t limit, std::map<std::string, std::string>& seen, std::vector<Declaration>& out) {
    const std::string& path = file.source->path;
    if (section.is_null()) return;
    if (!section.is_map()) {
        loader.problems.add(yaml::place(path, section), "\"" + std::string(what) + "s\" is not a map",
                            "write name: {...} pairs");
        return;
    }
    for (std::size_t i = 0; i < section.keys.size(); ++i) {
        const yaml::Node& key = section.keys[i];
        const std::string where = yaml::place(path, key);
        if (const auto bad = judge_name(key.text, use)) loader.problems.add(where, bad->message, bad->hint);
        const auto [first, fresh] = seen.emplace(key.text, where);
        if (!fresh) {
            loader.problems.add(where, std::string(what) + " \"" + key.text + "\" is declared twice",
                                "the first stands at " + first->second);
            continue;
        }
        if (out.size() >= limit) {
            loader.problems.add(where, "more than " + std::to_string(limit) + " " + std::string(what) + "s", "",
                                Code::limit_exceeded);
            return;
        }
        out.push_back({&file, &key, &section.items[i]});
    }
}
}  // namespace

void parse_files(Loader& loader) {
    if (loader.model.files.size() > files_max) {
        loader.problems.add("", "more than 2,000 files", "a model has at most 2,000", Code::limit_exceeded);
        return;
    }
    const std::string* before = nullptr;
    for (const SourceFile& source : loader.model.files) {
        if (before && *before == source.path)
            loader.problems.add(source.path, "the file is given twice", "paths are unique");
        before = &source.path;
        if (source.text.size() > file_bytes_max) {
            loader.problems.add(source.path, "larger than 8 MiB", "split the file", Code::limit_exceeded);
            continue;
        }
        const Split at = split(source.path);
        ParsedFile& file = loader.files.emplace_back();
        file.source = &source;
        file.module = std::string(at.module);
        file.stem = stem_of(at.name);
        if (at.folder == "schemes" && ends_with(at.name, ".yaml")) {
            take_text(loader, file, at.folder, at.name);
        } else if (at.folder == "reports" && (ends_with(at.name, ".md") || ends_with(at.name, ".md.mustache"))) {
            take_text(loader, file, at.folder, at.name);
        } else if (is_migration(source.path)) {
            continue;  // part of the change that brings it (migration.h), not of the model
        } else if (ends_with(at.name, ".yaml")) {
            auto root = yaml::parse(source.text, source.path);
            if (root) {
                file.root = std::move(*root);
            } else {
                for (Error& error : root.error())
                    loader.problems.add(error.where, error.message, error.hint, error.code);
            }
        } else {
            loader.problems.add(source.path, "not a file of a model", "types/*.yaml, reports/*.md or schemes/*.yaml");
        }
    }
}

void collect_names(Loader& loader) {
    std::map<std::string, std::string> types, forests, figures, lights;
    for (const ParsedFile& file : loader.files) {
        if (file.root.is_null()) continue;
        const Section sections(loader.problems, file.source->path, file.root, file.root, "file",
                               {"types", "forests", "figures", "lights", "identity", "rights", "module", "flow"});
        if (const yaml::Node* node = sections.find("types"))
            take_section(loader, file, *node, "type", NameUse::type, types_max, types, loader.types);
        if (const yaml::Node* node = sections.find("forests"))
            take_section(loader, file, *node, "forest", NameUse::other, others_max, forests, loader.forests);
        if (const yaml::Node* node = sections.find("figures"))
            take_section(loader, file, *node, "figure", NameUse::figure, figures_max, figures, loader.figures);
        if (const yaml::Node* node = sections.find("lights"))
            take_section(loader, file, *node, "light", NameUse::other, others_max, lights, loader.lights);
        if (const yaml::Node* node = sections.find("rights")) {
            for (const yaml::Node& key : file.root.keys)
                if (key.text == "rights") loader.rights.push_back({&file, &key, node});
        }
        if (const yaml::Node* node = sections.find("module")) {
            for (const yaml::Node& key : file.root.keys)
                if (key.text == "module") loader.modules.push_back({&file, &key, node});
        }
        if (const yaml::Node* node = sections.find("flow")) {
            for (const yaml::Node& key : file.root.keys)
                if (key.text == "flow") loader.flows.push_back({&file, &key, node});
        }
        if (const yaml::Node* node = sections.find("identity")) {
            for (const yaml::Node& key : file.root.keys)
                if (key.text == "identity") loader.identities.push_back({&file, &key, node});
        }
    }
    for (const Declaration& declared : loader.types) {
        Type& type = loader.model.types.emplace_back();
        type.index = static_cast<int>(loader.model.types.size()) - 1;
        type.code = declared.key->text;
        type.module = declared.file->module;
        type.where = declared.where();
    }
}

void read_modules(Loader& loader) {
    std::vector<Module>& modules = loader.model.modules;
    const auto named = [&](const std::string& code) {
        return std::find_if(modules.begin(), modules.end(), [&](const Module& m) { return m.code == code; });
    };
    for (const Declaration& declared : loader.modules) {
        const std::string& code = declared.file->module;
        if (const auto first = named(code); first != modules.end()) {
            loader.problems.add(declared.where(), "module " + code + " is described twice",
                                "the first stands at " + first->where);
            continue;
        }
        const Section section = loader.section(declared, "module " + code, {"label", "order", "icon"});
        Module& module = modules.emplace_back();
        module.code = code;
        module.where = declared.where();
        module.label = section.label();
        constexpr std::int64_t order_max = 10'000;
        if (const auto order = section.whole("order", 0, order_max)) module.order = static_cast<int>(*order);
        if (const auto icon = section.word("icon")) {
            module.icon = icon->text;
            if (const auto bad = judge_name(icon->text, NameUse::other))
                loader.problems.add(icon->where, bad->message, bad->hint);
        }
    }
    std::stable_sort(modules.begin(), modules.end(), [](const Module& a, const Module& b) { return a.order < b.order; });
    for (const ParsedFile& file : loader.files)
        if (!file.module.empty() && named(file.module) == modules.end()) modules.push_back({file.module, {}, 0, {}, {}});
}

void read_identity(Loader& loader) {
    bool first = true;
    for (const Declaration& declared : loader.identities) {
        if (!first) {
            loader.problems.add(declared.where(), "identity is declared twice",
                                "the first stands at " + loader.identities.front().where());
            continue;
        }
        first = false;
        const Section section = loader.section(declared, "identity", {"person", "post", "unit", "holds"});
        const auto resolve = [&](std::string_view keyword) {
            section.missing(keyword, "identity: {person: person, post: post}");
            const auto name = section.word(keyword);
            return name ? loader.resolve_type(*name, "identity") : -1;
        };
        loader.model.identity.person = resolve("person");
        loader.model.identity.post = resolve("post");
    }
}

}  // namespace yipan::model
