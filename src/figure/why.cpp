// why: the contributions behind a value, or the parts of a formula; difference: the postings between two positions.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <tuple>

#include "figure/state.h"

namespace yipan::figure {

using model::FigureKind;
using model::Reducer;

namespace {

std::string_view reducer_name(Reducer reducer) {
    switch (reducer) {
        case Reducer::sum: return "sum";
        case Reducer::count: return "count";
        case Reducer::average: return "average";
        case Reducer::min: return "min";
        case Reducer::max: return "max";
        case Reducer::distinct: return "distinct";
    }
    return "";
}

std::string plain_formula(const model::Model& model, const model::Figure& f) {
    std::string out(f.kind == FigureKind::stock        ? "last of each unit, "
                    : f.kind == FigureKind::cumulative ? "year to date, "
                                                       : "");
    out += reducer_name(f.reducer);
    if (f.value) out += " of " + f.value->text;
    out += " over " + model.types[static_cast<std::size_t>(f.type)].code;
    if (f.condition) out += " where " + f.condition->text;
    out += " by " + f.unit.text;
    if (f.period) out += " and " + f.period->text;
    return out;
}

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// The formula with names replaced by numbers; texts in quotes stay as they are.
std::string with_numbers(std::string_view text, const std::vector<std::pair<std::string, std::string>>& numbers) {
    std::string out;
    char quote = 0;
    for (std::size_t i = 0; i < text.size();) {
        if (quote || text[i] == '"' || text[i] == '\'') {
            if (!quote)
                quote = text[i];
            else if (text[i] == quote)
                quote = 0;
            out += text[i++];
            continue;
        }
        if (!letter(text[i])) {
            out += text[i++];
            continue;
        }
        std::size_t end = i;
        while (end < text.size() && letter(text[end])) ++end;
        const std::string_view word = text.substr(i, end - i);
        const bool method = i > 0 && text[i - 1] == '.';
        const auto at = std::find_if(numbers.begin(), numbers.end(), [&](const auto& n) { return n.first == word; });
        if (!method && at != numbers.end())
            out += at->second;
        else
            out += word;
        i = end;
    }
    return out;
}

std::string number_text(const Value& value) { return value.has ? value.number.text() : "none"; }

bool same_number(const Value& a, const Value& b) {
    return a.has == b.has && (!a.has || (a.number == b.number && a.records == b.records));
}

}  // namespace

Explanation Book::State::why(const Ask& ask, Page page) {
    Explanation out;
    out.value = value(ask);
    const model::Figure* figure = find(ask);
    if (!figure) return out;
    page.offset = std::max<std::int64_t>(page.offset, 0);
    page.limit = std::max<std::int64_t>(page.limit, 0);
    if (figure->derived()) {
        out.formula = figure->formula->text;
        std::vector<std::pair<std::string, std::string>> numbers;
        for (std::size_t i = 0; i < figure->parts.size(); ++i) {
            const auto asked = part_ask(*figure, i, ask);
            PartValue part{figure->parts[i].name, asked ? *asked : ask, {}};
            if (asked)
                part.value = value(*asked);
            else
                part.value.why_none = asked.error().message;
            numbers.emplace_back(part.name, number_text(part.value));
            out.parts.push_back(std::move(part));
        }
        if (ask.period) {
            numbers.emplace_back("elapsed_months", std::to_string(ask.period->last_month() % 12 + 1));
            numbers.emplace_back("period_months", std::to_string(ask.period->months()));
        }
        out.formula_with_numbers = with_numbers(out.formula, numbers);
        return out;
    }

    out.formula = plain_formula(model, *figure);
    std::unique_lock alone(guard);
    const Reading reading = resolve(ask);
    if (!reading.none.empty()) return out;
    const UnitSetPtr set = units(reading);
    alone.unlock();
    const bool now = !ask.as_known || ask.as_known->value >= position;
    const std::int64_t at = now ? INT64_MAX : std::max<std::int64_t>(0, ask.as_known->value);
    const auto refs = candidates(reading, set.get(), now);

    // First the cells whose rows are needed: all, unless there are too many to check and the counts tell where the page
    // is.
    std::int64_t counted = 0;
    std::vector<CellRef> needed = refs;
    std::int64_t skipped = 0;
    bool all = true;
    if (now && figure->kind == FigureKind::flow) {
        std::int64_t total = 0;
        for (const CellRef& ref : refs) total += cells.series(ref.series).slots.find(ref.slot)->count;
        out.rows_total = total;
        if (total > rows_checked_max || refs.size() * history.runs().size() > places_checked_max) {
            all = false;
            needed.clear();
            for (const CellRef& ref : refs) {
                const std::int64_t n = cells.series(ref.series).slots.find(ref.slot)->count;
                if (counted + n > page.offset && counted - page.offset < page.limit) {
                    if (needed.empty()) skipped = counted;
                    needed.push_back(ref);
                }
                counted += n;
            }
        }
    }
    const auto rows = rows_at(needed, at);
    if (!rows) {
        out.value.has = false;
        out.value.why_none = rows.error().text();
        return out;
    }
    const Choice choice = choose(reading, *rows);
    const auto row_count = static_cast<std::int64_t>(choice.rows.size());
    if (all) {
        out.rows_total = row_count;
        Value again = reduced(reading, choice);
        out.rows_sum_checked = same_number(again, out.value);
        SlotTable::Sum sum;
        for (const Chosen& c : choice.rows)
            sum.sum += c.minus ? -static_cast<__int128>(c.row.value) : static_cast<__int128>(c.row.value);
        if (figure->reducer != Reducer::distinct && sum.sum >= INT64_MIN && sum.sum <= INT64_MAX) {
            out.rows_sum = Decimal{static_cast<std::int64_t>(sum.sum), static_cast<std::uint8_t>(value_scale(*figure))};
        }
    }
    for (std::int64_t i = std::max<std::int64_t>(0, page.offset - skipped);
         i < row_count && static_cast<std::int64_t>(out.rows.size()) < page.limit; ++i) {
        const Chosen& c = choice.rows[static_cast<std::size_t>(i)];
        Explanation::Row row;
        row.record = c.row.record;
        row.position = c.row.position;
        row.what = {shown(key_of(c.cell)), c.minus ? -c.row.value : c.row.value, c.row.day};
        out.rows.push_back(row);
    }
    out.formula_with_numbers =
        fmt::format("{} of {} records = {}", reducer_name(figure->reducer), out.rows_total, number_text(out.value));
    return out;
}

Result<std::vector<Posting>> Book::State::difference(const Ask& ask, Position from, Position to, std::size_t limit) {
    const model::Figure* figure = find(ask);
    if (!figure) return fail(Code::not_found, "figure", "there is no such figure");
    if (figure->derived()) {
        return fail(Code::invalid_input, figure->code, "it is computed from its parts and has no postings",
                    "ask the difference of a part");
    }
    std::unique_lock alone(guard);
    const Reading reading = resolve(ask);
    if (!reading.none.empty()) return fail(Code::invalid_input, figure->code, reading.none);
    const UnitSetPtr set = units(reading);
    alone.unlock();
    std::vector<CellRef> wanted;
    for (const CellRef& ref : candidates(reading, set.get(), false)) {
        const bool used = figure->kind == FigureKind::cumulative ? ref.slot == reading.to || reading.before == ref.slot
                                                                 : ref.slot >= reading.from;
        if (used) wanted.push_back(ref);
    }
    // Postings in the order of positions; what a reader need not see of a long stretch is let go on the way.
    std::vector<Posting> out;
    const auto order = [](const Posting& a, const Posting& b) {
        return std::tie(a.position, a.what.cell, a.record, a.sign, a.what.value, a.what.day) <
               std::tie(b.position, b.what.cell, b.record, b.sign, b.what.value, b.what.day);
    };
    const std::size_t held_max = std::max<std::size_t>(limit, 1024) * 4;
    const auto cut = [&] {
        std::sort(out.begin(), out.end(), order);
        if (out.size() > limit) out.resize(limit);
    };
    YIPAN_TRY_VOID(each_posting(wanted, std::max<std::int64_t>(0, from.value), to.value,
                                [&](std::size_t i, const RunPosting& p) {
                                    out.push_back({{shown(key_of(wanted[i])), p.value, p.day}, p.position, p.record, p.sign});
                                    if (out.size() >= held_max) cut();
                                },
                                {}));
    cut();
    return out;
}

}  // namespace yipan::figure
