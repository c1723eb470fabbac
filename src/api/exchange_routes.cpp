// Files in and out: templates, imports in the background, exports, uploads in pieces, a look at another model. Everything is
// done in the name of one person in one post; what he may not see leaves in no file, and comes in through none.
#include <algorithm>
#include <filesystem>

#include "api/call.h"
#include "api/records.h"
#include "api/file_kind.h"
#include "api/imports.h"
#include "api/model_preview.h"
#include "api/papers.h"
#include "api/search.h"
#include "api/uploads.h"
#include "api/values.h"
#include "exchange/geojson.h"
#include "exchange/names.h"
#include "exchange/sheet_write.h"
#include "exchange/zip_read.h"
#include "record/check.h"
#include "record/input.h"

namespace yipan::api {
using access::Action;

bool path_is_set(const CallPtr& call) {
    if (call->service.exchange_ready()) return true;
    call->problem(Error{Code::store_failed, "", "this server does not know where its board lies", "start it with yipan serve"}, 503);
    return false;
}
void send_file(const CallPtr& call, std::shared_ptr<TemporaryFile> file, std::string_view type, const std::string& name) {
    std::error_code problem;
    const auto bytes = std::filesystem::file_size(file->path(), problem);
    if (problem) return call->problem(Error{Code::store_failed, "", "the file that was made is gone", "try again"});
    net::Response r;
    r.file = file->path();
    r.file_bytes = static_cast<std::int64_t>(bytes);
    r.hold = std::move(file);
    r.with("Content-Type", std::string(type)).with("Content-Disposition", "attachment; filename*=UTF-8''" + net::url_encoded(name));
    call->ok_with(std::move(r));
}

namespace {
namespace fs = std::filesystem;
constexpr std::size_t small = 64 * 1024, import_body = std::size_t{64} << 20, model_body = std::size_t{8} << 20;
constexpr std::size_t errors_told = 100, imports_listed_max = 200;
constexpr std::int64_t export_page = 2'000;

const std::string& board_path(const CallPtr& call) { return call->service.settings().path; }
Uploads& uploads(const CallPtr& call) { return call->service.uploads(); }

// -- files out

std::string_view content_type(std::string_view end) {
    if (end == "xlsx") return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    if (end == "csv") return "text/csv; charset=utf-8";
    return end == "geojson" ? "application/geo+json" : "application/octet-stream";
}

// Whether the name by which files refer to the record may be told.
bool shows_key(Call& call, Shower& shower, int type, const record::RecordPtr& record) {
    if (!record || !shower.sees(*record)) return false;
    const model::Type& shape = call.model().types[static_cast<std::size_t>(type)];
    const auto see = call.who->fields(Action::see, *record, call.world());
    const auto clear = call.who->fields(Action::clear, *record, call.world());
    const std::vector<int> key = shape.key >= 0 ? std::vector<int>{shape.key} : shape.natural_key;
    return std::all_of(key.begin(), key.end(), [&](int f) {
        const auto i = static_cast<std::size_t>(f);
        return see[i] && (shape.fields[i].group != model::FieldGroup::personal || clear[i]);
    });
}

void template_file(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const int type = type_of(call, call->parameter(0));
    if (type < 0) return;
    if (!call->who->may_ever(type, Action::import) && !call->who->may_ever(type, Action::create))
        return call->problem(Error{Code::not_allowed, "type", "this post may not import " + call->model().types[static_cast<std::size_t>(type)].code, ""});
    auto file = uploads(call).fresh(".xlsx");
    exchange::TemplateOptions options;
    options.language = call->language();
    Shower shower(*call);
    options.listed = [&](const record::Record& record) {
        return shows_key(*call, shower, record.type, std::make_shared<const record::Record>(record));
    };
    if (const Status made = exchange::template_xlsx(call->snapshot(), type, file->path(), options); !made) return call->problem(made.error());
    const std::string name = call->model().types[static_cast<std::size_t>(type)].label.in(call->language()) + ".xlsx";
    send_file(call, std::move(file), content_type("xlsx"), name);
}

// What of a record may leave: fields that are not seen are empty, personal values masked, names of what is not seen numbers.
class Leaving {
  public:
    Leaving(const CallPtr& call, int type)
        : call_(*call), model_(call->model()), type_(model_.types[static_cast<std::size_t>(type)]), shower_(*call), names_(call->snapshot()) {
        hidden_.resize(type_.fields.size());
        for (const auto& f : type_.fields) personal_ = personal_ || f.group == model::FieldGroup::personal;
        clear_told_.resize(type_.fields.size());
    }
    /// Looks at the rights over this record.
    void take(const record::Record& record) {
        see_ = call_.who->fields(Action::see, record, call_.world());
        if (personal_) clear_ = call_.who->fields(Action::clear, record, call_.world());
        for (std::size_t f = 0; f < type_.fields.size(); ++f)
            if (!see_[f] && !record::is_unset(record.values[f])) hidden_[f] = true;
    }
    std::optional<std::string> instead(const record::Record& record, int index) {
        const auto f = static_cast<std::size_t>(index);
        const model::Field& field = type_.fields[f];
        if (!see_[f]) return std::string();
        if (record::is_unset(record.values[f])) return std::nullopt;
        if (field.group == model::FieldGroup::personal) {
            if (!clear_[f]) return access::masked(record::display(model_, field, record.values[f], call_.language(), {}));
            clear_told_[f] = true;
        }
        const auto unseen = [&](std::int64_t id) {
            const auto [known, fresh] = seen_.try_emplace({field.target, id}, false);
            if (fresh) known->second = shows_key(call_, shower_, field.target, call_.snapshot().record(field.target, RecordId(id)));
            return !known->second;
        };
        if (field.kind == model::FieldKind::reference) {
            const auto* id = record::as_integer(record.values[f]);
            if (id && unseen(*id)) return "#" + std::to_string(*id);
        } else if (field.kind == model::FieldKind::references) {
            const auto ids = record::parse_id_list(*record::as_text(record.values[f]));
            if (ids && std::any_of(ids->begin(), ids->end(), unseen)) {
                std::string out;
                for (const std::int64_t id : *ids) out += (out.empty() ? "" : ";") + (unseen(id) ? "#" + std::to_string(id) : names_.key_of(field.target, RecordId(id)));
                return out;
            }
        }
        return std::nullopt;
    }
    std::string codes(const std::vector<bool>& which) const {
        std::string out;
        for (std::size_t f = 0; f < which.size(); ++f)
            if (which[f]) out += (out.empty() ? "" : ",") + type_.fields[f].code;
        return out;
    }
    std::string hidden() const { return codes(hidden_); }
    std::string cleared() const { return codes(clear_told_); }

  private:
    Call& call_;
    const model::Model& model_;
    const model::Type& type_;
    Shower shower_;
    exchange::Names names_;
    bool personal_ = false;
    std::vector<bool> see_, clear_, hidden_, clear_told_;
    std::map<std::pair<int, std::int64_t>, bool> seen_;
};

void export_file(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const std::string& asked = call->parameter(0);
    const std::size_t dot = asked.rfind('.');
    const std::string end = dot == std::string::npos ? "" : asked.substr(dot + 1);
    if (end != "xlsx" && end != "csv" && end != "geojson")
        return call->problem(Error{Code::not_found, "", "exports are called <type>.xlsx, <type>.csv or <type>.geojson", ""});
    const int type = type_of(call, asked.substr(0, dot));
    if (type < 0) return;
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    if (!call->who->may_ever(type, Action::exporting)) return call->problem(Error{Code::not_allowed, "type", "this post may not export " + shape.code, ""});
    const std::string filter(call->request.asked("filter"));
    if (!check_filter(call, type, filter)) return;
    const auto only = read_fields(call, type, call->request.asked("fields"), "fields");
    if (!only) return;
    const std::string_view headings = call->request.asked("headings", "labels"), encoding = call->request.asked("encoding", "utf8");
    if ((headings != "labels" && headings != "codes") || (encoding != "utf8" && encoding != "gb18030"))
        return call->problem(Error{Code::usage, "", "headings are labels or codes, encoding is utf8 or gb18030", ""}, 400);
    const auto where = call->who->where(type, Action::exporting, call->world());
    if (!where) return call->problem(where.error());

    exchange::ExportOptions options;
    options.headings = headings == "codes" ? exchange::Headings::codes : exchange::Headings::labels;
    options.language = call->language();
    options.encoding = encoding == "gb18030" ? exchange::OutEncoding::gb18030 : exchange::OutEncoding::utf8;
    options.fields = *only;
    // What is typed into the search box of the list, as there; a cut answer would be silently short.
    std::string typed_ids;
    if (const std::string_view typed = call->request.asked("q"); !typed.empty()) {
        constexpr std::size_t typed_bytes_max = 200, found_max = 20'000;
        bool more = false;
        json::array ids;
        for (const auto& hit : call->service.search().find(type, typed.substr(0, typed_bytes_max), found_max, seen_by(call, type), more)) ids.emplace_back(hit.id);
        if (more) return call->problem(Error{Code::limit_exceeded, "q", "more than 20,000 records match", "say it more narrowly, or use a filter"}, 400);
        typed_ids = json::serialize(ids);
    }
    std::string marked;  // of the file's name where there is no header to print it in
    if (shape.watermark) {
        options.watermark = watermark_of(*call, call->person(), call->post()) + " · " + SystemClock().now().text();
        if (end != "xlsx") marked = " " + options.watermark;
        std::replace(marked.begin(), marked.end(), ':', '.');
        std::replace(marked.begin(), marked.end(), '/', '-');
        call->headers.emplace_back("Yipan-Watermark", net::url_encoded(options.watermark));
    }
    Leaving leaving(call, type);
    options.instead = [&leaving](const record::Record& record, int field) { return leaving.instead(record, field); };
    options.rows = [&](const std::function<Status(const record::Record&)>& visit) -> Status {
        std::int64_t after = 0;
        while (true) {
            board::Snapshot::Query q;
            q.filter = filter;
            q.also_parameters = where->parameters;
            q.also_parameters.emplace_back(after);
            q.also = (where->sql.empty() ? "" : "(" + where->sql + ") AND ") + "t.\"id\" > ?" + std::to_string(q.also_parameters.size());
            if (!typed_ids.empty()) {
                q.also_parameters.emplace_back(typed_ids);
                q.also += " AND t.\"id\" IN (SELECT value FROM json_each(?" + std::to_string(q.also_parameters.size()) + "))";
            }
            q.order = {{-1, false}};
            q.limit = export_page;
            YIPAN_TRY(const board::Snapshot::ListResult page, call->snapshot().list(type, q));
            for (const record::RecordPtr& record : page.rows) {
                after = record->id.value;
                if (!call->who->may(Action::see, *record, call->world())) continue;
                leaving.take(*record);
                YIPAN_TRY_VOID(visit(*record));
            }
            if (!page.more) return {};
        }
    };
    auto file = uploads(call).fresh("." + end);
    const Result<std::int64_t> rows = end == "xlsx"  ? exchange::export_xlsx(call->snapshot(), type, file->path(), options)
                                      : end == "csv" ? exchange::export_csv(call->snapshot(), type, file->path(), options)
                                                     : exchange::export_geojson(call->snapshot(), type, file->path(), options);
    if (!rows) return call->problem(rows.error());
    if (const std::string cleared = leaving.cleared(); !cleared.empty()) {
        const std::string said = "export of " + std::to_string(*rows) + " rows as " + end + (filter.empty() ? "" : ", filter: " + filter.substr(0, 500));
        if (const Status kept = call->service.accounts().note_read(call->person(), call->post(), shape.code, RecordId{}, cleared, said); !kept) return call->problem(kept.error());
    }
    call->headers.emplace_back("Yipan-Rows", std::to_string(*rows));
    if (const std::string hidden = leaving.hidden(); !hidden.empty()) call->headers.emplace_back("Yipan-Hidden", hidden);
    send_file(call, std::move(file), content_type(end), shape.label.in(call->language()) + marked + "." + end);
}

// -- imports

bool own(const CallPtr& call, const exchange::ImportReport& report) { return report.actor == call->person() && report.post == call->post(); }

json::object import_json(const CallPtr& call, const exchange::ImportReport& report, const Imports::Now& now) {
    Shower shower(*call);
    json::array errors = errors_json(Errors(report.errors.begin(), report.errors.begin() + static_cast<std::ptrdiff_t>(std::min(report.errors.size(), errors_told))));
    json::array ignored;
    for (const std::string& column : report.ignored_columns) ignored.push_back(json::value(column));
    const Errors& stopped = now.stopped;
    return {{"id", report.id},
            {"type", report.type},
            {"file", report.file},
            {"sheet", report.sheet},
            {"state", now.what == "reading" ? "reading" : exchange::import_state_name(report.state)},
            {"busy", !now.what.empty()},
            {"progress", now.what.empty() ? json::value(nullptr) : json::value(json::object{{"what", now.what}, {"done", now.done}, {"total", now.total}})},
            {"rows", report.rows},
            {"good", report.create + report.amend + report.unchanged},
            {"bad", report.failed},
            {"create", report.create},
            {"amend", report.amend},
            {"unchanged", report.unchanged},
            {"done", report.done},
            {"undone", report.undone},
            {"repeated", report.repeated},
            {"errors", std::move(errors)},
            {"errors_total", report.errors_total},
            {"stopped", errors_json(Errors(stopped.begin(), stopped.begin() + static_cast<std::ptrdiff_t>(std::min(stopped.size(), errors_told))))},
            {"stopped_total", static_cast<std::int64_t>(stopped.size())},
            {"ignored_columns", std::move(ignored)},
            {"by", json::object{{"person", shower.reference(call->model().identity.person, report.actor)}, {"post", shower.reference(call->model().identity.post, report.post)}}},
            {"first", report.first.value},
            {"last", report.last.value},
            {"started", report.started.text()},
            {"changed", report.changed.text()}};
}

// The import named in the path when it is one's own; answers 404 itself.
std::shared_ptr<exchange::StagedImport> import_of(const CallPtr& call, exchange::ImportReport& report) {
    if (!path_is_set(call)) return nullptr;
    auto import = exchange::StagedImport::open(call->service.board(), board_path(call), call->parameter(0));
    if (import) {
        report = (*import)->report();
        if (own(call, report)) return std::move(*import);
    }
    call->problem(Error{Code::not_found, "import", "no such import of yours in this post", "GET /imports lists them"});
    return nullptr;
}

void list_imports(const CallPtr& call) {
    if (!path_is_set(call)) return;
    std::vector<exchange::ImportReport> all = exchange::imports_of(board_path(call));
    std::erase_if(all, [&](const auto& report) { return !own(call, report); });
    std::reverse(all.begin(), all.end());
    json::array list;
    for (std::size_t i = 0; i < all.size() && i < imports_listed_max; ++i) {
        json::object one = import_json(call, all[i], call->service.imports().now(all[i].id));
        one.erase("errors");
        one.erase("stopped");
        list.push_back(std::move(one));
    }
    call->ok(json::object{{"imports", std::move(list)}, {"more", all.size() > imports_listed_max}});
}

void show_import(const CallPtr& call) {
    if (!path_is_set(call)) return;
    // Before the file is read: what ends in between is told as under way, not as at rest in a state that is over.
    const Imports::Now now = call->service.imports().now(call->parameter(0));
    exchange::ImportReport report;
    if (import_of(call, report)) call->ok(import_json(call, report, now));
}

Errors errors_of(Checked<void> result) { return result ? Errors{} : std::move(result).error(); }

void begin_import(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const std::string code(call->request.asked("type"));
    int type = -1;
    if (!code.empty()) {
        type = type_of(call, code);
        if (type < 0) return;
        if (!call->who->may_ever(type, Action::import)) return call->problem(Error{Code::not_allowed, "type", "this post may not import " + code, ""});
    }
    std::string name(call->request.asked("name"));
    std::shared_ptr<TemporaryFile> file;
    const std::string upload(call->request.asked("upload"));
    if (!upload.empty()) {
        auto taken = uploads(call).read(call->person(), call->post(), upload);
        if (!taken) return call->problem(taken.error());
        if (name.empty()) name = taken->name;
        file = std::move(taken->file);
    } else {
        if (call->request.body.empty()) return call->problem(Error{Code::usage, "body", "there is no file", "the body is the file, or upload= names one that was sent in pieces"}, 400);
        auto written = kept(uploads(call), call->request.body);
        if (!written) return call->problem(written.error());
        file = std::move(*written);
    }
    constexpr std::size_t name_bytes_max = 200;
    if (name.empty() || name.size() > name_bytes_max || std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '/'; }))
        return call->problem(Error{Code::usage, "name", "the file's name is missing, longer than 200 bytes or holds a slash", "?name=projects.xlsx; its end tells .csv from .geojson"}, 400);
    exchange::StageOptions options;
    options.name = name;
    options.sheet = call->request.asked("sheet");
    options.actor = call->person();
    options.post = call->post();
    options.rights = row_rights(call->service, call->who);
    if (const std::string day(call->request.asked("effective")); !day.empty()) {
        const auto date = Date::parse(day);
        if (!date) return call->problem(Error{Code::invalid_input, "effective", date.error().message, "2026-06-30"});
        options.effective = *date;
    }
    // The file is opened and its head found before the answer: what cannot be read at all is refused here.
    options.may_correct = [&call](const exchange::ImportReport& report) {
        const int of = call->model().find_type(report.type);
        return own(call, report) && of >= 0 && call->who->may_ever(of, Action::import);
    };
    auto begun = exchange::StagedImport::begin(call->service.board(), board_path(call), type, file->path(), options);
    if (!begun) {
        Errors errors = std::move(begun).error();
        const Code first = errors.front().code;
        return call->problem(std::move(errors), first == Code::busy ? 409 : first == Code::store_failed || first == Code::corrupt ? 500 : 422);
    }
    const std::shared_ptr<exchange::StagedImport> import = std::move(*begun);
    const std::string id = import->report().id;
    const Status started = call->service.imports().run(id, "reading", [import, file](const Imports::Hold& hold) {
        return errors_of(import->read(hold.progress, hold.ended));
    });
    if (!started) {
        import->abandon();
        return call->problem(started.error());
    }
    if (!upload.empty()) (void)uploads(call).drop(call->person(), call->post(), upload);
    call->headers.emplace_back("Location", "/b/" + call->service.settings().code + "/api/imports/" + id);
    call->ok(json::object{{"id", id}}, 202);
}

void work_on(const CallPtr& call, bool undo) {
    exchange::ImportReport report;
    const std::shared_ptr<exchange::StagedImport> import = import_of(call, report);
    if (!import) return;
    const auto body = call->body();
    if (!body) return;
    const auto* said = body->if_contains("partial");
    const bool partial = said && said->is_bool() && said->get_bool();
    const int type = call->model().find_type(report.type);
    const auto refuse = [&](std::string_view action) {
        call->problem(Error{Code::not_allowed, "", "this post may not " + std::string(action) + " " + report.type, undo ? "created records are removed, amended ones amended back" : ""});
    };
    if (type < 0 || !call->who->may_ever(type, Action::import)) return refuse("import");
    if (undo && report.create > 0 && !call->who->may_ever(type, Action::remove)) return refuse("remove");
    if (undo && report.amend > 0 && !call->who->may_ever(type, Action::amend)) return refuse("amend");
    const std::string_view state = exchange::import_state_name(report.state);
    const bool may = undo ? state == "partly" || state == "applied" || state == "undoing" || state == "applying" : state != "undone" && state != "undoing" && state != "reading";
    if (!may) return call->problem(Error{Code::rule_broken, "import " + report.id, "is " + std::string(state), ""}, 409);
    if (!undo && report.failed > 0 && !partial)
        return call->problem(Error{Code::rule_broken, "import " + report.id, std::to_string(report.failed) + " rows fail, so nothing is written",
                                   "correct them (failing.xlsx), or {\"partial\": true} leaves them out"}, 409);
    const Status started = call->service.imports().run(
        report.id, undo ? "undoing" : "applying", [import, undo, partial, rights = row_rights(call->service, call->who)](const Imports::Hold& hold) {
            if (undo) {
                exchange::StagedImport::UndoOptions options;
                options.leave_out_changed = partial;
                options.progress = hold.progress;
                options.ended = hold.ended;
                return errors_of(import->undo(options));
            }
            exchange::StagedImport::ApplyOptions options;
            options.leave_out_failing = partial;
            options.rights = rights;
            options.progress = hold.progress;
            options.ended = hold.ended;
            return errors_of(import->apply(options));
        });
    if (!started) return call->problem(started.error(), started.error().code == Code::busy ? 409 : 0);
    call->ok(json::object{{"id", report.id}}, 202);
}
void apply_import(const CallPtr& call) { work_on(call, false); }
void undo_import(const CallPtr& call) { work_on(call, true); }

void failing_file(const CallPtr& call) {
    exchange::ImportReport report;
    const auto import = import_of(call, report);
    if (!import) return;
    if (report.failed == 0) return call->problem(Error{Code::not_found, "", "no rows of this import fail", ""});
    auto file = uploads(call).fresh(".xlsx");
    const Result<std::int64_t> rows = import->failing(file->path());
    if (!rows) return call->problem(rows.error());
    call->headers.emplace_back("Yipan-Rows", std::to_string(*rows));
    send_file(call, std::move(file), content_type("xlsx"), fs::path(report.file).stem().string() + "-failing.xlsx");
}

void drop_import(const CallPtr& call) {
    exchange::ImportReport report;
    const auto import = import_of(call, report);
    if (!import) return;
    if (!call->service.imports().now(report.id).what.empty())
        return call->problem(Error{Code::busy, "import " + report.id, "somebody is working on this import", "wait until it is done"}, 409);
    if (const Status gone = import->discard(); !gone) return call->problem(gone.error());
    call->ok(json::object{{"id", report.id}, {"dropped", true}});
}

// -- uploads

Result<board::Attachment> attach(board::Board& board, const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "rbe");
    if (!file) return fail(Code::store_failed, "", "the upload is gone", "send it again");
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> closing(file, &std::fclose);
    return board.put_attachment([file](char* out, std::size_t room) -> Result<std::size_t> {
        const std::size_t got = std::fread(out, 1, room, file);
        if (got == 0 && std::ferror(file)) return fail(Code::store_failed, "", "the upload cannot be read", "send it again");
        return got;
    });
}
json::object upload_json(const std::string& id, const Uploads::State& state) {
    json::object out{{"upload", id}, {"name", state.name}, {"bytes", state.bytes}, {"offset", state.offset}, {"complete", state.offset == state.bytes}};
    if (!state.hash.empty()) out["hash"] = "sha256:" + state.hash;
    return out;
}
void begin_upload(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const auto body = call->body();
    if (!body) return;
    const auto* bytes = body->if_contains("bytes");
    if (!bytes || !bytes->is_int64()) return call->problem(Error{Code::invalid_input, "bytes", "the size is not said", "{\"name\": \"plan.pdf\", \"bytes\": 12345}"});
    const std::string what = member_text(*body, "for");
    if (!what.empty() && what != "import" && what != "attachment") return call->problem(Error{Code::invalid_input, "for", "an upload is for an attachment or an import", ""});
    const bool for_import = what == "import";
    const auto id = uploads(call).begin(call->person(), call->post(), member_text(*body, "name"), bytes->get_int64(), for_import);
    if (!id) return call->problem(id.error());
    call->headers.emplace_back("Location", "/b/" + call->service.settings().code + "/api/files/" + *id);
    call->ok(upload_json(*id, {member_text(*body, "name"), bytes->get_int64(), 0, for_import, {}}), 201);
}
void show_upload(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const auto state = uploads(call).state(call->person(), call->post(), call->parameter(0));
    if (!state) return call->problem(state.error());
    call->headers.emplace_back("Upload-Offset", std::to_string(state->offset));
    call->ok(upload_json(call->parameter(0), *state));
}
void send_piece(const CallPtr& call) {
    if (!path_is_set(call)) return;
    const auto offset = whole_number(call->request.header("upload-offset"));
    if (!offset || *offset < 0) return call->problem(Error{Code::usage, "Upload-Offset", "where the piece begins is not said", "Upload-Offset: 0"}, 400);
    const auto state = uploads(call).append(call->person(), call->post(), call->parameter(0), *offset, call->request.body);
    if (!state) {
        json::object more;
        if (const auto now = uploads(call).state(call->person(), call->post(), call->parameter(0))) {
            call->headers.emplace_back("Upload-Offset", std::to_string(now->offset));
            more["offset"] = now->offset;
        }
        return call->problem(Errors{state.error()}, 0, std::move(more));
    }
    json::object out = upload_json(call->parameter(0), *state);
    if (state->offset == state->bytes && !state->for_import && state->hash.empty()) {
        auto taken = uploads(call).read(call->person(), call->post(), call->parameter(0));
        if (!taken) return call->problem(taken.error());
        const auto stored = attach(call->service.board(), taken->file->path());
        if (!stored) return call->problem(stored.error());
        if (const Status kept = call->service.papers().sent(call->person(), call->post(), stored->hash); !kept) return call->problem(kept.error());
        if (const Status done = uploads(call).done(call->person(), call->post(), call->parameter(0), stored->hash); !done) return call->problem(done.error());
        out["hash"] = "sha256:" + stored->hash;
    }
    call->headers.emplace_back("Upload-Offset", std::to_string(state->offset));
    call->ok(std::move(out));
}
// One range of bytes (RFC 9110, 14.2); several, or one of another version (If-Range), are answered by the whole.
struct AskedRange {
    std::int64_t from = 0, to = 0;  // `to` is behind the last byte
    bool part = false, bad = false;
};
AskedRange asked_range(const net::Request& request, const std::string& tag, std::int64_t size) {
    AskedRange out{0, size, false, false};
    std::string_view text = request.header("range");
    const std::string_view condition = request.header("if-range");
    if (!text.starts_with("bytes=") || text.find(',') != std::string_view::npos || (!condition.empty() && condition != tag)) return out;
    text.remove_prefix(6);
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return out;
    const auto from = whole_number(text.substr(0, dash)), to = whole_number(text.substr(dash + 1));
    if (dash == 0) {  // the last so many bytes
        if (!to || *to < 0) return out;
        out.from = std::max<std::int64_t>(0, size - *to);
        out.bad = *to == 0 || size == 0;
    } else {
        if (!from || *from < 0 || (!to && dash + 1 < text.size()) || (to && *to < *from)) return out;
        out.from = *from;
        if (to && *to < size) out.to = *to + 1;
        out.bad = *from >= size;
    }
    out.part = true;
    return out;
}
// The file in a field of a record, for whoever may see the field. What it is, its bytes say.
void record_file(const CallPtr& call) {
    if (!path_is_set(call)) return;
    int type = -1;
    const record::RecordPtr record = record_of(call, type);
    if (!record) return;
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    const int field = shape.find(call->parameter(2));
    const Error none{Code::not_found, "", "no such file, or you may not see it", ""};
    if (field < 0 || shape.fields[static_cast<std::size_t>(field)].kind != model::FieldKind::attachment) return call->problem(none);
    if (!call->who->fields(Action::see, *record, call->world())[static_cast<std::size_t>(field)]) return call->problem(none);
    const std::string* text = record::as_text(record->at(field));  // "sha256:<hash> <name>"
    constexpr std::string_view mark = "sha256:";
    constexpr std::size_t digits = 64;
    if (!text || !text->starts_with(mark) || text->size() < mark.size() + digits) return call->problem(none);
    const std::string hash = text->substr(mark.size(), digits);
    const std::string name = text->size() > mark.size() + digits + 1 ? text->substr(mark.size() + digits + 1) : "file";
    const auto known = call->service.board().attachment(hash);
    if (!known) return call->problem(known.error());
    if (!*known) return call->problem(Error{Code::not_found, "", "the bytes of this file were never sent here, or were erased", ""});
    if (call->request.header("if-none-match") == "\"" + hash + "\"") {
        net::Response same;
        same.status = 304;
        return call->ok_with(std::move(same.with("ETag", "\"" + hash + "\"")));
    }
    const std::int64_t size = (*known)->bytes;
    const auto range = asked_range(call->request, "\"" + hash + "\"", size);
    if (range.bad) {
        call->headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
        return call->problem(Error{Code::usage, "Range", "the file has " + std::to_string(size) + " bytes", "bytes=0-1023"}, 416);
    }
    board::Board& board = call->service.board();
    std::string head;
    const Status read = board.read_attachment(hash, 0, [&](std::string_view piece) {
        head = piece.substr(0, file_kind_bytes);
        return false;
    });
    if (!read) return call->problem(read.error());
    const FileKind kind = file_kind(head);
    net::Response r;
    r.status = range.part ? 206 : 200;
    r.file_offset = range.from;
    r.file_bytes = range.to - range.from;
    r.pieces = [&board, hash](std::int64_t offset) {  // a file erased meanwhile ends the answer short, which the length shows
        constexpr std::size_t piece_bytes = 1 << 20;
        std::string out;
        (void)board.read_attachment(hash, offset, [&](std::string_view piece) {
            out += piece;
            return out.size() < piece_bytes;
        });
        return out;
    };
    if (range.part) r.with("Content-Range", "bytes " + std::to_string(range.from) + "-" + std::to_string(range.to - 1) + "/" + std::to_string(size));
    const bool shown = kind.shown && call->request.asked("download") != "1";
    r.with("Content-Type", std::string(kind.type)).with("Content-Disposition", std::string(shown ? "inline" : "attachment") + "; filename*=UTF-8''" + net::url_encoded(name));
    r.with("ETag", "\"" + hash + "\"").with("Cache-Control", "private, no-cache").with("Accept-Ranges", "bytes");
    if (shown) r.with("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'");
    call->ok_with(std::move(r));
}
void drop_upload(const CallPtr& call) {
    if (!path_is_set(call)) return;
    if (const Status gone = uploads(call).drop(call->person(), call->post(), call->parameter(0)); !gone) return call->problem(gone.error());
    call->ok(json::object{{"dropped", true}});
}

// -- another model

bool may_change_model(const CallPtr& call) {
    if (call->service.settings().demo_people) return true;
    return administers(call, {"system"});
}

void preview_model(const CallPtr& call) {
    if (!may_change_model(call)) return;
    board::ModelChange change;
    change.actor = call->person();
    change.channel = "web";
    auto files = model_files_of(call->request.header("content-type"), call->request.body);
    if (files) files = put_in_place(*std::move(files), call->model().files);
    if (!files) return call->problem(std::move(files).error(), 422);
    change.files = std::move(files->files);
    change.migration = std::move(files->migration);
    const auto preview = call->service.board().preview_model(change);
    if (!preview) return call->problem(preview.error(), 422);
    exchange::Names names(call->snapshot());
    json::object out = preview_json(*preview, call->snapshot(), names);
    out["position"] = call->snapshot().position().value;
    call->ok(std::move(out));
}

}  // namespace

void add_exchange_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/exchange/{type}/template.xlsx", Needs::post, By::writer, "read", true, 0, template_file, "the empty table of a type, with drop-downs"});
    r.push_back({"GET", "/export/{file}", Needs::post, By::writer, "read", true, 0, export_file, "records as .xlsx, .csv or .geojson"});
    r.push_back({"POST", "/imports", Needs::post, By::writer, "import", true, import_body, begin_import, "begin an import: the body is the file"});
    r.push_back({"GET", "/imports", Needs::post, By::writer, "import", true, 0, list_imports, "one's imports in this post"});
    r.push_back({"GET", "/imports/{id}", Needs::post, By::writer, "import", false, 0, show_import, "one of them"});
    r.push_back({"DELETE", "/imports/{id}", Needs::post, By::writer, "import", true, small, drop_import, "forget it; it cannot be undone then"});
    r.push_back({"POST", "/imports/{id}/apply", Needs::post, By::writer, "import", false, small, apply_import, "write its rows"});
    r.push_back({"POST", "/imports/{id}/resume", Needs::post, By::writer, "import", false, small, apply_import, "go on where it stopped"});
    r.push_back({"POST", "/imports/{id}/undo", Needs::post, By::writer, "import", false, small, undo_import, "take it back"});
    r.push_back({"GET", "/imports/{id}/failing.xlsx", Needs::post, By::writer, "import", true, 0, failing_file, "its failing rows with reasons"});
    r.push_back({"POST", "/files", Needs::post, By::writer, "write", true, small, begin_upload, "begin an upload in pieces"});
    r.push_back({"GET", "/files/{upload}", Needs::post, By::writer, "write", true, 0, show_upload, "how far it is"});
    r.push_back({"PATCH", "/files/{upload}", Needs::post, By::writer, "write", true, upload_piece_bytes_max, send_piece, "the next piece"});
    r.push_back({"DELETE", "/files/{upload}", Needs::post, By::writer, "write", true, small, drop_upload, "drop it"});
    r.push_back({"GET", "/records/{type}/{id}/files/{field}", Needs::post, By::reader, "read", true, 0, record_file, "the file in a field"});
    r.push_back({"POST", "/model/preview", Needs::session, By::writer, "", true, model_body, preview_model, "what another model would change"});
}

}  // namespace yipan::api
