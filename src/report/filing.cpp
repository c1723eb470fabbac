#include "report/filing.h"

#include <algorithm>

namespace yipan::report {
namespace {

struct Fields {
    int code, title, report, root, unit, period, day, at_position, officer, paper, number;
};

Checked<Fields> fields_of(const model::Type& type, int unit_type) {
    Errors errors;
    const auto find = [&](std::string_view name, model::FieldKind kind) {
        const int at = type.find(name);
        if (at < 0 || type.fields[static_cast<std::size_t>(at)].kind != kind)
            errors.push_back({Code::invalid_model, type.code, "a type that keeps reports has a field \"" + std::string(name) + "\" of its kind",
                              "docs/reports.md, filed_as"});
        return at;
    };
    using enum model::FieldKind;
    Fields f{find("code", text),  find("title", text),          find("report", text),       find("root", text),        find("unit", reference), find("period", period),
             find("day", date),   find("at_position", integer), find("officer", reference), find("paper", attachment), type.find("number")};
    if (f.unit >= 0 && type.fields[static_cast<std::size_t>(f.unit)].target != unit_type)
        errors.push_back({Code::invalid_model, type.code + ".unit", "does not refer to the type of the report's unit", ""});
    if (!errors.empty()) return fail(std::move(errors));
    return f;
}

Checked<RecordId> write(board::Board& board, const FilingAsk& ask, board::Change change) {
    board::Draft draft;
    draft.actor = ask.actor;
    draft.post = ask.post;
    draft.channel = ask.channel;
    draft.changes.push_back(std::move(change));
    auto receipt = board.apply(std::move(draft));
    if (!receipt) return fail(receipt.error());
    return receipt->records.front();
}

Result<std::string> keep(board::Board& board, const std::string& page) {
    std::size_t from = 0;
    const auto put = board.put_attachment([&](char* out, std::size_t room) -> Result<std::size_t> {
        const std::size_t got = std::min(room, page.size() - from);
        std::copy_n(page.data() + from, got, out);
        from += got;
        return got;
    });
    if (!put) return fail(put.error());
    return put->hash;
}

// Only the writer knows the number: where it goes is kept open until then, so that the page is written once.
constexpr std::string_view number_place = "\xEE\x80\x80";  // U+E000, in no template
void put_number(Document& document, std::string_view number) {
    for (Block& block : document.blocks)
        for (Span& span : block.spans)
            for (std::size_t at = span.text.find(number_place); at != std::string::npos; at = span.text.find(number_place, at + number.size()))
                span.text.replace(at, number_place.size(), number);
}
// A number that was given and has no document is taken back, with the reason: the row of numbers has no silent gap.
void take_back(board::Board& board, int type, RecordId record, const std::string& why) {
    board::Draft draft;
    draft.channel = "report";
    board::Change change;
    change.verb = board::Verb::invalidate;
    change.type = type;
    change.record = record;
    change.note = "正文未能保存 / the document could not be kept: " + why;
    draft.changes.push_back(std::move(change));
    (void)board.apply(std::move(draft));  // what is broken then is told by the error that led here
}

}  // namespace

Checked<Filed> file_report(board::Board& board, const FilingAsk& ask) {
    const auto snapshot = board.snapshot();
    const model::Model& model = snapshot->model();
    exchange::Names names(*snapshot);
    Result<ReportAsk> asked = ask_of(board, *snapshot);
    if (!asked) return fail(Errors{asked.error()});
    asked->report = ask.report;
    asked->unit = ask.unit;
    asked->period = ask.period;
    asked->eyes = ask.eyes;
    asked->number = number_place;
    Checked<Document> judged = write_report(*snapshot, names, *asked);  // its mistakes before anything is written
    if (!judged) return fail(judged.error());
    if (judged->filed_as.empty())
        return fail(Errors{{Code::invalid_input, "report", "the report " + ask.report + " is not kept as a record", "filed_as: TYPE in its head"}});
    const Result<int> type = find_type(model, judged->filed_as);
    if (!type) return fail(Errors{type.error()});
    if (ask.post.value == 0)
        return fail(Errors{{Code::invalid_input, "post", "a document is issued by a post", "say in which post you act"}});
    const model::Type& shape = model.types[static_cast<std::size_t>(*type)];
    const Checked<Fields> fields = fields_of(shape, judged->unit_type);
    if (!fields) return fail(fields.error());
    const auto title = std::find_if(judged->blocks.begin(), judged->blocks.end(),
                                    [](const Block& b) { return b.kind == LineKind::heading && b.level == 1; });
    std::string title_text;
    if (title != judged->blocks.end())
        for (const Span& span : title->spans) title_text += span.text;

    Filed out;
    out.type = *type;
    out.code = !ask.code.empty() ? ask.code : ask.report + "-" + names.key_of(judged->unit_type, judged->unit_id) + "-" + ask.period.text();
    board::Change create;
    create.type = *type;
    create.set = {{fields->code, out.code},
                  {fields->title, title_text.empty() ? judged->title : title_text},
                  {fields->report, ask.report},
                  {fields->unit, judged->unit_id.value},
                  {fields->period, ask.period.encoded()},
                  {fields->day, std::int64_t{snapshot->today().days}},
                  {fields->at_position, judged->position},
                  {fields->root, judged->journal_root},
                  {fields->officer, ask.post.value}};
    const Checked<RecordId> made = write(board, ask, std::move(create));
    if (!made) return fail(made.error());
    out.record = *made;
    if (fields->number >= 0)
        if (const record::RecordPtr record = board.snapshot()->record(*type, *made))
            if (const auto* number = record::as_text(record->at(fields->number))) out.number = *number;
    put_number(*judged, out.number);
    const Result<std::string> hash = keep(board, to_html(*judged));
    if (!hash) {
        take_back(board, *type, *made, hash.error().message);
        return fail(Errors{hash.error()});
    }
    out.hash = *hash;
    board::Change paper;
    paper.verb = board::Verb::amend;
    paper.type = *type;
    paper.record = *made;
    paper.set = {{fields->paper, "sha256:" + *hash + " " + out.code + ".html"}};
    if (const Checked<RecordId> done = write(board, ask, std::move(paper)); !done) {
        take_back(board, *type, *made, done.error().front().message);
        return fail(done.error());
    }
    out.document = std::move(*judged);
    return out;
}

}  // namespace yipan::report
