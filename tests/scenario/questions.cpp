// Questions: what the board must answer. None of them changes it.
#include <algorithm>

#include "driver.h"
#include "record/input.h"
#include "report/light.h"
#include "report/report.h"

namespace yipan::scenario {
namespace {

constexpr std::size_t difference_max = 100'000;

// The word "=" or "~" that parts the question from the answer.
std::size_t sign_at(const Step& step) {
    for (std::size_t i = 1; i < step.words.size(); ++i) {
        if (!step.words[i].quoted && (step.words[i].text == "=" || step.words[i].text == "~")) return i;
    }
    return step.words.size();
}

std::string joined(const Step& step, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < step.words.size(); ++i) text += (text.empty() ? "" : " ") + step.words[i].text;
    return text;
}

std::string key_of(const Step& step, std::string_view key) {
    for (const Word& word : step.words) {
        if (word.text.size() > key.size() && word.text.starts_with(key) && word.text[key.size()] == '=')
            return word.text.substr(key.size() + 1);
    }
    return "";
}

std::optional<Decimal> decimal_of(const std::optional<double>& number) {
    if (!number) return std::nullopt;
    char text[64];
    std::snprintf(text, sizeof text, "%.9f", *number);
    const Result<Decimal> read = Decimal::parse(text);
    return read ? std::optional(*read) : std::nullopt;
}

}  // namespace

void Driver::question(const Step& step) {
    const std::string& verb = step.verb();
    if (verb == "figure") return ask_figure(step);
    if (verb == "why") return ask_why(step);
    if (verb == "differs") return ask_differs(step);
    if (verb == "light") return ask_light(step);
    if (verb == "count") return ask_count(step);
    if (verb == "field") return ask_field(step);
    if (verb == "versions") return ask_versions(step);
    if (verb == "score" || verb == "rank") return ask_score(step);
    if (verb == "report") return ask_report(step);
    if (verb == "verify") {
        const board::VerifyReport report = board_->verify();
        if (!report.ok) failed(step.place, "expected the board to verify, got: " + text_of(report.problems));
        return;
    }
    failed(step.place, "\"" + verb + "\" is no step");
    stopped_ = true;
}

void Driver::compare(const Step& step, const std::string& expected, const std::string& got) {
    if (expected == got) return;
    const Result<Decimal> a = Decimal::parse(expected), b = Decimal::parse(got);
    if (a && b && *a == *b) return;
    failed(step.place,
           "expected " + (expected.empty() ? "nothing" : expected) + ", got " + (got.empty() ? "nothing" : got));
}

void Driver::compare_number(const Step& step, bool rounded, const std::string& expected,
                            const std::optional<Decimal>& got, const std::string& why_none) {
    const std::string shown = got ? got->text() : "none" + (why_none.empty() ? "" : " (" + why_none + ")");
    if (expected == "none") {
        if (got) failed(step.place, "expected none, got " + shown);
        return;
    }
    const Result<Decimal> wanted = Decimal::parse(expected);
    if (!wanted) return failed(step.place, "\"" + expected + "\" is no number");
    if (!got) return failed(step.place, "expected " + expected + ", got " + shown);
    std::optional<Decimal> seen = got;
    if (rounded) {
        const Result<Decimal> cut = got->rescaled(wanted->scale, Rounding::half_up);
        if (cut) seen = *cut;
    }
    if (*seen != *wanted) failed(step.place, "expected " + expected + ", got " + shown);
}

// Aliases and natural names are known to the driver only; the board understands "#12".
std::string Driver::named_again(int type, const std::string& name) {
    const auto known = names_.find({type, name});
    return known == names_.end() ? name : "#" + std::to_string(known->second.value);
}

Checked<figure::Ask> Driver::read_ask(const Step& step, board::Snapshot& snapshot, std::size_t from, std::size_t to) {
    report::AskText text;
    text.figure = step.words[1].text;
    for (std::size_t i = from; i < to; ++i) {
        const std::string& word = step.words[i].text;
        const std::size_t equal = word.find('=');
        if (equal == std::string::npos) return fail(Errors{{Code::usage, "", "\"" + word + "\" is no key=value"}});
        const std::string key = word.substr(0, equal), value = word.substr(equal + 1);
        if (key == "unit")
            text.unit = value;
        else if (key == "unit_type")
            text.unit_type = value;
        else if (key == "period")
            text.period = value;
        else if (key == "tree")
            text.tree = value;
        else if (key == "forest")
            text.forest = value;
        else if (key == "definition")
            text.definition = value;
        else if (key == "as_known")
            text.as_known = value.starts_with('@') && marks_.contains(value.substr(1))
                                ? std::to_string(marks_.at(value.substr(1)))
                                : value;
        else
            text.by.emplace_back(key, value);
    }
    if (text.unit.starts_with('@') || text.unit.find('/') != std::string::npos) {
        for (const auto& [name, id] : names_) {
            if (name.second == text.unit &&
                (text.unit_type.empty() ||
                 model_->types[static_cast<std::size_t>(name.first)].code == text.unit_type)) {
                text.unit_type = model_->types[static_cast<std::size_t>(name.first)].code;
                text.unit = "#" + std::to_string(id.value);
                break;
            }
        }
    }
    exchange::Names names(snapshot);
    return report::read_ask(snapshot, names, text);
}

void Driver::ask_figure(const Step& step) {
    const std::size_t sign = sign_at(step);
    if (step.words.size() < 4 || sign + 1 >= step.words.size())
        return failed(step.place, "figure wants a code, keys, = and a value");
    const auto snapshot = board_->snapshot();
    const Checked<figure::Ask> ask = read_ask(step, *snapshot, 2, sign);
    if (!ask) return failed(step.place, text_of(ask.error()));
    const figure::Value value = snapshot->figure(*ask);
    compare_number(step, step.words[sign].text == "~", step.words[sign + 1].text,
                   value.has ? std::optional(value.number) : std::nullopt, value.why_none);
    // "reported 3 of 4"
    if (step.words.size() == sign + 6 && step.words[sign + 2].text == "reported") {
        const std::string expected = step.words[sign + 3].text + " of " + step.words[sign + 5].text;
        compare(step, expected, std::to_string(value.reported) + " of " + std::to_string(value.expected));
    } else if (step.words.size() != sign + 2) {
        failed(step.place, "after the value only \"reported N of M\" may stand");
    }
}

void Driver::ask_why(const Step& step) {
    const std::size_t sign = sign_at(step);
    if (step.words.size() < 4 || sign + 1 >= step.words.size())
        return failed(step.place, "why wants a figure, keys, = and a number of rows");
    const auto snapshot = board_->snapshot();
    const Checked<figure::Ask> ask = read_ask(step, *snapshot, 2, sign);
    if (!ask) return failed(step.place, text_of(ask.error()));
    const figure::Explanation why = snapshot->why(*ask, {0, 1000});
    compare(step, step.words[sign + 1].text, std::to_string(why.rows_total));
    const model::Figure& figure = model_->figures[static_cast<std::size_t>(ask->figure)];
    const bool adds = !figure.derived() && figure.kind == model::FigureKind::flow &&
                      (figure.reducer == model::Reducer::sum || figure.reducer == model::Reducer::count);
    if (adds && why.value.has && (!why.rows_sum_checked || why.rows_sum != why.value.number)) {
        failed(step.place,
               "expected the records to sum up to " + why.value.number.text() + ", got " + why.rows_sum.text());
    }
}

void Driver::ask_differs(const Step& step) {
    std::size_t since = 2;
    while (since < step.words.size() && step.words[since].text != "since") ++since;
    const std::size_t sign = sign_at(step);
    if (since + 1 >= sign || sign + 1 >= step.words.size())
        return failed(step.place, "differs wants a figure, keys, since @mark = N rows");
    const std::string& mark = step.words[since + 1].text;
    if (!mark.starts_with('@') || !marks_.contains(mark.substr(1)))
        return failed(step.place, "there is no mark " + mark);
    const auto snapshot = board_->snapshot();
    const Checked<figure::Ask> ask = read_ask(step, *snapshot, 2, since);
    if (!ask) return failed(step.place, text_of(ask.error()));
    const auto postings =
        snapshot->difference(*ask, Position{marks_.at(mark.substr(1))}, snapshot->position(), difference_max);
    if (!postings) return failed(step.place, postings.error().text());
    compare(step, step.words[sign + 1].text, std::to_string(postings->size()));
}

void Driver::ask_light(const Step& step) {
    const std::size_t sign = sign_at(step);
    if (sign < 3 || sign + 2 != step.words.size())
        return failed(step.place, "light wants a code, a record or keys, = and a colour");
    const auto light = std::find_if(model_->lights.begin(), model_->lights.end(),
                                    [&](const model::Light& l) { return l.code == step.words[1].text; });
    if (light == model_->lights.end()) return failed(step.place, "there is no light " + step.words[1].text);
    const int index = static_cast<int>(light - model_->lights.begin());
    const auto snapshot = board_->snapshot();
    report::Lamp lamp;
    if (step.words[2].text.find('=') == std::string::npos && sign == 4) {
        const Result<int> type = report::find_type(*model_, step.words[2].text);
        const Result<RecordId> id = type ? find(*type, step.words[3].text) : tl::unexpected(type.error());
        const record::RecordPtr record = id ? snapshot->record(*type, *id) : nullptr;
        if (!record) return failed(step.place, id ? "there is no such record" : id.error().text());
        lamp = report::lamp_of_record(*snapshot, index, record, board_->zone().date_of(clock_.now()));
    } else {
        Step asked = step;
        asked.words[1].text = light->figure >= 0 ? model_->figures[static_cast<std::size_t>(light->figure)].code : "";
        const Checked<figure::Ask> ask = read_ask(asked, *snapshot, 2, sign);
        if (!ask) return failed(step.place, text_of(ask.error()));
        lamp = report::lamp_of_figure(*snapshot, index, *ask);
    }
    if (!lamp.problem.empty()) return failed(step.place, lamp.problem);
    compare(step, step.words[sign + 1].text, std::string(report::colour_name(lamp.colour)));
}

void Driver::ask_count(const Step& step) {
    const std::size_t sign = sign_at(step);
    if (sign < 2 || sign > 3 || sign + 2 != step.words.size())
        return failed(step.place, "count wants a type, perhaps a quoted filter, = and a number");
    const Result<int> type = report::find_type(*model_, step.words[1].text);
    if (!type) return failed(step.place, type.error().text());
    const Result<std::int64_t> count = board_->snapshot()->count(*type, sign == 3 ? step.words[2].text : "");
    if (!count) return failed(step.place, count.error().text());
    compare(step, step.words[sign + 1].text, std::to_string(*count));
}

void Driver::ask_field(const Step& step) {
    const std::size_t sign = sign_at(step);
    if (sign != 4) return failed(step.place, "field wants a type, a record, a field, = and a value");
    const Result<int> type = report::find_type(*model_, step.words[1].text);
    if (!type) return failed(step.place, type.error().text());
    const Result<RecordId> id = find(*type, step.words[2].text);
    if (!id) return failed(step.place, id.error().text());
    const auto snapshot = board_->snapshot();
    record::RecordPtr record = snapshot->record(*type, *id);
    if (!record)
        if (const auto other = snapshot->redirect(*type, *id)) record = snapshot->record(*type, *other);
    const model::Type& declared = model_->types[static_cast<std::size_t>(*type)];
    const int field = declared.find(step.words[3].text);
    if (!record || field < 0)
        return failed(step.place,
                      record ? declared.code + " has no field " + step.words[3].text : "the record is gone");
    exchange::Names names(*snapshot);
    compare(step, joined(step, sign + 1),
            record::plain_text(*model_, declared.fields[static_cast<std::size_t>(field)], record->at(field),
                               names.key_function()));
}

void Driver::ask_versions(const Step& step) {
    if (step.words.size() != 5 || step.words[3].text != "=")
        return failed(step.place, "versions wants a type, a record, = and a number");
    const Result<int> type = report::find_type(*model_, step.words[1].text);
    if (!type) return failed(step.place, type.error().text());
    const Result<RecordId> id = find(*type, step.words[2].text);
    if (!id) return failed(step.place, id.error().text());
    const auto versions = board_->snapshot()->history(*type, *id);
    if (!versions) return failed(step.place, versions.error().text());
    compare(step, step.words[4].text, std::to_string(versions->size()));
}

void Driver::ask_score(const Step& step) {
    const std::size_t sign = sign_at(step);
    const Result<Period> period = Period::parse(key_of(step, "period"));
    if (sign + 2 != step.words.size() || !period)
        return failed(step.place, "score and rank want a scheme, period=, unit=, = or ~ and a number");
    const auto snapshot = board_->snapshot();
    exchange::Names names(*snapshot);
    const Checked<report::Assessment> made =
        report::assess(*snapshot, names, step.words[1].text, *period, key_of(step, "variant"));
    if (!made) return failed(step.place, text_of(made.error()));
    const score::UnitOutcome* unit = made->outcome.unit(key_of(step, "unit"));
    if (!unit) return failed(step.place, "the unit \"" + key_of(step, "unit") + "\" was not scored");
    std::optional<double> number = step.verb() == "rank" ? unit->rank : unit->total;
    const std::string node = key_of(step, "node");
    if (step.verb() == "score" && !node.empty()) {
        const int at = made->outcome.node(node);
        if (at < 0) return failed(step.place, "the scheme has no node " + node);
        if (at > 0) number = unit->cells[static_cast<std::size_t>(at)].score;
    }
    compare_number(step, step.words[sign].text == "~", step.words[sign + 1].text, decimal_of(number), unit->reason);
}

void Driver::ask_report(const Step& step) {
    std::size_t at = 2;
    while (at < step.words.size() && step.words[at].text.find('=') != std::string::npos) ++at;
    // The document of a record has no period.
    const Result<Period> period = key_of(step, "period").empty() ? Result<Period>(Period{}) : Period::parse(key_of(step, "period"));
    if (at + 1 >= step.words.size() || !period)
        return failed(step.place, "report wants a code, period=, unit=, contains, lacks or lists_missing, and a text");
    const auto snapshot = board_->snapshot();
    exchange::Names names(*snapshot);
    report::ReportAsk ask;
    ask.report = step.words[1].text;
    ask.unit = key_of(step, "unit");
    ask.period = *period;
    ask.board_name = board_->name();
    ask.board_note = board_->note();
    const Checked<report::Document> document = report::write_report(*snapshot, names, ask);
    if (!document) return failed(step.place, text_of(document.error()));
    const std::string wanted = joined(step, at + 1);
    std::string text, missing;
    for (const report::Block& block : document->blocks) {
        for (const report::Span& span : block.spans) text += span.text;
        text += block.kind == report::LineKind::sentence ? "" : "\n";
    }
    for (const report::LeftOut& left : document->left_out) missing += left.placeholder + "\n";
    const std::string& verb = step.words[at].text;
    const bool found = (verb == "lists_missing" ? missing : text).find(wanted) != std::string::npos;
    if (verb != "contains" && verb != "lacks" && verb != "lists_missing")
        return failed(step.place, "\"" + verb + "\" is none of contains, lacks, lists_missing");
    if (found == (verb == "lacks"))
        failed(step.place, "expected that the report " + verb + " \"" + wanted + "\", got:\n" +
                               (verb == "lists_missing" ? missing : text));
}

}  // namespace yipan::scenario
