#include "api/model_preview.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/values.h"
#include "base/decimal.h"
#include "exchange/zip_read.h"

namespace yipan::api {
namespace json = boost::json;
namespace {
constexpr std::size_t files_max = 2'000, model_bytes_max = std::size_t{32} << 20, file_bytes_max = std::size_t{8} << 20;

// "modules/organisation/types/people.yaml" -> "organisation/types/people.yaml"; empty: no file of a model.
std::string path_in_model(std::string_view path) {
    std::vector<std::string_view> parts;
    while (!path.empty()) {
        const std::size_t slash = path.find_first_of("/\\");
        if (const auto part = path.substr(0, slash); !part.empty()) parts.push_back(part);
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    if (parts.size() < 3 || std::find(parts.begin(), parts.end(), "..") != parts.end()) return {};
    const std::string_view module = parts[parts.size() - 3], folder = parts[parts.size() - 2], name = parts.back();
    if (module.starts_with('.') || name.starts_with('.')) return {};
    const bool yaml = name.ends_with(".yaml"), report = name.ends_with(".md") || name.ends_with(".md.mustache");
    const bool belongs = ((folder == "types" || folder == "schemes" || folder == "migrations") && yaml) || (folder == "reports" && report);
    return belongs ? std::string(module) + "/" + std::string(folder) + "/" + std::string(name) : "";
}
bool is_migration(std::string_view name) { return name == "migration" || name == "migration.yaml"; }

class Gathering {
  public:
    Status add(std::string_view path, std::string text) {
        bytes_ += text.size();
        if (bytes_ > model_bytes_max || text.size() > file_bytes_max)
            return fail(Code::limit_exceeded, std::string(path.substr(0, 200)), "the files of a model have at most 32 MiB together, 8 MiB each", "");
        if (is_migration(path.substr(path.rfind('/') + 1))) {
            out_.migration = model::SourceFile{std::string(path.substr(0, 200)), std::move(text)};
            return {};
        }
        const std::string known = path_in_model(path);
        if (known.empty()) {
            const bool alone = path.find_first_of("/\\") == std::string_view::npos && !path.starts_with('.') && (path.ends_with(".yaml") || path.ends_with(".md"));
            if (alone && out_.loose.size() < files_max) out_.loose.push_back({std::string(path), std::move(text)});
            return {};
        }
        if (out_.files.size() >= files_max) return fail(Code::limit_exceeded, "", "a model has at most 2,000 files", "");
        if (std::any_of(out_.files.begin(), out_.files.end(), [&](const auto& f) { return f.path == known; }))
            return fail(Code::invalid_input, known, "stands twice among the files", "");
        out_.files.push_back({known, std::move(text)});
        return {};
    }
    Checked<ModelFiles> finish() {
        if (out_.files.empty() && out_.loose.empty())
            return fail(Errors{{Code::invalid_input, "body", "holds no model", "files stand in <module>/types/*.yaml, <module>/reports/*.md and <module>/schemes/*.yaml"}});
        std::sort(out_.files.begin(), out_.files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
        return std::move(out_);
    }

  private:
    ModelFiles out_;
    std::size_t bytes_ = 0;
};

Status unpack(std::string_view body, Gathering& files) {
    YIPAN_TRY(const auto zip, exchange::ZipFile::open_bytes(body, "model.zip"));
    for (const auto& entry : zip->entries()) {
        const std::string_view name = entry.name;
        if (path_in_model(name).empty() && !is_migration(name.substr(name.rfind('/') + 1))) continue;
        YIPAN_TRY(std::string text, zip->text(entry, file_bytes_max));
        YIPAN_TRY_VOID(files.add(name, std::move(text)));
    }
    return {};
}

std::string quoted_after(std::string_view head, std::string_view key) {
    const std::size_t at = head.find(key);
    if (at == std::string_view::npos) return {};
    head.remove_prefix(at + key.size());
    return std::string(head.substr(0, head.find('"')));
}
Status take_parts(std::string_view boundary, std::string_view body, Gathering& files) {
    const std::string line = "--" + std::string(boundary);
    if (!body.starts_with(line)) return fail(Code::usage, "body", "does not begin with the form's boundary", "");
    body.remove_prefix(line.size());
    while (body.starts_with("\r\n")) {
        const std::size_t blank = body.find("\r\n\r\n");
        const std::size_t end = blank == std::string_view::npos ? blank : body.find("\r\n" + line, blank + 2);
        if (end == std::string_view::npos) return fail(Code::usage, "body", "a part of the form does not end", "");
        const std::string_view head = body.substr(2, blank - 2);
        std::string name = quoted_after(head, "filename=\"");
        const std::string field = quoted_after(head, "; name=\"");
        if (field == "migration" || name.empty()) name = field;
        YIPAN_TRY_VOID(files.add(name, std::string(body.substr(blank + 4, std::max(end, blank + 4) - blank - 4))));
        body.remove_prefix(end + 2 + line.size());
    }
    if (!body.starts_with("--")) return fail(Code::usage, "body", "the form does not end", "");
    return {};
}
}  // namespace

Checked<ModelFiles> model_files_of(std::string_view content_type, std::string_view body) {
    Gathering files;
    const auto taken = [&]() -> Status {
        if (body.starts_with("PK\x03\x04")) return unpack(body, files);
        constexpr std::string_view mark = "boundary=";
        const std::size_t at = content_type.find(mark);
        if (!content_type.starts_with("multipart/form-data") || at == std::string_view::npos)
            return fail(Code::usage, "body", "is neither a zip archive nor a form of files", "send the folder of modules as a .zip");
        std::string_view boundary = content_type.substr(at + mark.size());
        boundary = boundary.substr(0, boundary.find(';'));
        if (boundary.size() >= 2 && boundary.front() == '"' && boundary.back() == '"') boundary = boundary.substr(1, boundary.size() - 2);
        if (boundary.empty() || boundary.size() > 70) return fail(Code::usage, "Content-Type", "the form's boundary is missing", "");
        return take_parts(boundary, body, files);
    }();
    if (!taken) return fail(Errors{taken.error()});
    return files.finish();
}

Checked<ModelFiles> put_in_place(ModelFiles sent, const std::vector<model::SourceFile>& in_use) {
    // Beside a whole folder a loose file is no part of the model, as in a folder.
    if (!sent.files.empty() || sent.loose.empty()) return sent;
    Errors errors;
    sent.files = in_use;
    for (model::SourceFile& one : sent.loose) {
        std::vector<model::SourceFile*> same;
        for (model::SourceFile& file : sent.files)
            if (file.path.substr(file.path.rfind('/') + 1) == one.path) same.push_back(&file);
        if (same.size() == 1) same.front()->text = std::move(one.text);
        else
            errors.push_back({Code::invalid_input, one.path.substr(0, 200), same.empty() ? "the model in use has no file of this name" : "the model in use has several files of this name",
                              "send the folder of modules, so that its place is known"});
    }
    if (!errors.empty()) return fail(std::move(errors));
    sent.loose.clear();
    return sent;
}

std::string cell_number(__int128 sum, int scale) {
    if (sum > INT64_MAX || sum < INT64_MIN) return "beyond 64 bits";
    return Decimal{static_cast<std::int64_t>(sum), static_cast<std::uint8_t>(scale)}.text();
}

namespace {
std::string choice_before(const model::Model& model, const std::string& code, std::size_t i, std::int64_t value) {
    const int index = model.find_figure(code);
    if (index < 0 || i >= model.figures[static_cast<std::size_t>(index)].by.size()) return std::to_string(value);
    const model::Figure& f = model.figures[static_cast<std::size_t>(index)];
    int type = f.type;
    for (std::size_t k = 0; k + 1 < f.by[i].fields.size(); ++k)
        type = model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(f.by[i].fields[k])].target;
    const model::Field& end = model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(f.by[i].fields.back())];
    return static_cast<std::size_t>(value) <= end.choices.size() ? end.choices[static_cast<std::size_t>(value - 1)].code
                                                                 : std::to_string(value);
}
}  // namespace
CellPlace place_of(const board::ModelPreview& p, const figure::CellKey& key, board::Snapshot& snapshot, exchange::Names& names) {
    const model::Model& model = *p.after;
    const model::Figure& f = model.figures[static_cast<std::size_t>(key.figure)];
    CellPlace out;
    const std::string& code = model.types[static_cast<std::size_t>(f.unit_type)].code;
    const int now = snapshot.model().find_type(code);
    out.unit = now >= 0 ? names.key_of(now, RecordId{key.unit}) : "";
    if (out.unit.empty()) out.unit = code + " #" + std::to_string(key.unit);
    if (f.period) {
        const int months = f.grain == PeriodKind::month ? 1 : f.grain == PeriodKind::quarter ? 3 : f.grain == PeriodKind::half ? 6 : 12;
        const MonthIndex last = (key.slot + 1) * months - 1;
        const Period month = Period::of_month(last);
        out.period = months == 1 ? month.text() : fmt::format("{}..{:02}", Period::of_month(key.slot * months).text(), last % 12 + 1);
    }
    for (std::size_t i = 0; i < f.by.size(); ++i) {
        const std::int64_t value = i == 0 ? key.d1 : key.d2;
        if (value < 0) {  // a choice that goes
            out.dimensions += (i ? ", " : "") + f.by_names[i] + "=" + choice_before(*p.before, f.code, i, -value);
            continue;
        }
        int type = f.type;
        for (std::size_t k = 0; k + 1 < f.by[i].fields.size(); ++k)
            type = model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(f.by[i].fields[k])].target;
        const model::Field& end = model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(f.by[i].fields.back())];
        const bool choice = !end.choices.empty() && value > 0 && static_cast<std::size_t>(value) <= end.choices.size();
        out.dimensions += (i ? ", " : "") + f.by_names[i] + "=" +
                          (value == 0 ? "" : choice ? end.choices[static_cast<std::size_t>(value - 1)].code : std::to_string(value));
    }
    return out;
}

json::object preview_json(const board::ModelPreview& p, board::Snapshot& snapshot, exchange::Names& names) {
    json::array differences, refused, tables, figures, lights;
    for (const auto& d : p.differences)
        differences.push_back({{"effect", model::effect_name(d.effect)},
                               {"subject", d.subject},
                               {"says", label_json(d.says)},
                               {"right", d.right}});
    for (const Error& e : p.refused)
        refused.push_back({{"code", code_name(e.code)}, {"record", e.where}, {"message", e.message}, {"hint", e.hint}});
    for (const auto& t : p.tables)
        tables.push_back({{"type", t.code},
                          {"was", t.was},
                          {"records", t.records},
                          {"rewritten", t.rewritten},
                          {"created", t.created},
                          {"dropped", t.dropped},
                          {"columns_added", t.columns_added},
                          {"columns_dropped", t.columns_dropped},
                          {"columns_renamed", t.columns_renamed}});
    for (const auto& f : p.figures) {
        json::array first;
        for (const auto& c : f.first) {
            const CellPlace at = place_of(p, c.key, snapshot, names);
            first.push_back({{"unit", at.unit},
                             {"period", at.period},
                             {"dimensions", at.dimensions},
                             {"before", cell_number(c.sum_before, f.scale_before)},
                             {"after", cell_number(c.sum_after, f.scale_after)},
                             {"records_before", c.count_before},
                             {"records_after", c.count_after}});
        }
        figures.push_back({{"figure", f.code},
                           {"defined_anew", f.fresh},
                           {"cells_before", f.cells_before},
                           {"cells_after", f.cells_after},
                           {"cells_changed", f.cells_changed},
                           {"first", std::move(first)}});
    }
    json::array follow;
    for (const std::string& code : p.follow) follow.emplace_back(code);
    for (const auto& l : p.lights) {
        const auto colours = [](const std::array<std::int64_t, 4>& n) {
            return json::object{{"none", n[0]}, {"green", n[1]}, {"yellow", n[2]}, {"red", n[3]}};
        };
        lights.push_back({{"light", l.code}, {"before", colours(l.before)}, {"after", colours(l.after)}});
    }
    return {{"version", p.version},       {"differences", std::move(differences)},
            {"refused", std::move(refused)}, {"tables", std::move(tables)},
            {"figures", std::move(figures)}, {"figures_that_follow", std::move(follow)},
            {"lights", std::move(lights)}};
}

}  // namespace yipan::api
