#include "report/prove.h"

#include <algorithm>
#include <set>

#include "report/report.h"
#include "report/source.h"

namespace yipan::report {
namespace {

class Prover {
  public:
    Prover(board::Snapshot& snapshot, exchange::Names& names, std::uint8_t open)
        : snapshot_(snapshot), names_(names), open_(open) {}

    Result<journal::FigureClaim> claim(const figure::Ask& ask) {
        const model::Figure& figure = snapshot_.model().figures[static_cast<std::size_t>(ask.figure)];
        const figure::Explanation why =
            snapshot_.why(ask, {0, static_cast<std::int64_t>(journal::proof_entries_max) + 1});
        journal::FigureClaim c;
        c.figure = figure.code;
        c.label = figure.label.hans;
        c.unit = ask.unit ? names_.key_of(ask.unit_type < 0 ? figure.unit_type : ask.unit_type, RecordId{ask.unit}) : "";
        c.period = ask.period ? ask.period->text() : "";
        if (why.value.has)
            c.value = why.value.number.text();
        else
            c.why_none = why.value.why_none.empty() ? "no data" : why.value.why_none;
        c.formula = why.formula + (why.formula_with_numbers.empty() ? "" : "\n= " + why.formula_with_numbers);
        c.scale = figure.measure.kind == model::Measure::Kind::money ? 2 : figure.measure.scale;
        c.adds_up = why.value.has && why.rows_sum_checked;
        // The amount stands in the record's body as it is when the value is a field of the record itself.
        if (!figure.derived() && figure.value && figure.value->fields.size() == 1 && figure.reducer != model::Reducer::distinct) {
            const model::Field& field = snapshot_.model()
                                            .types[static_cast<std::size_t>(figure.type)]
                                            .fields[static_cast<std::size_t>(figure.value->fields[0])];
            const int scale = field.kind == model::FieldKind::money ? 2 : field.scale;
            if (scale == c.scale && field.group == model::FieldGroup::plain) c.field = field.code;
        }
        for (const auto& row : why.rows) {
            YIPAN_TRY(const std::int64_t position, entry_of(figure, row, ask));
            YIPAN_TRY_VOID(take(position));
            c.rows.push_back({snapshot_.model().types[static_cast<std::size_t>(figure.type)].code, row.record, position,
                              row_value(figure, row)});
        }
        for (const auto& part : why.parts) {
            YIPAN_TRY(auto inner, claim(part.ask));
            c.parts.push_back(std::move(inner));
        }
        return c;
    }
    std::vector<journal::ProvenEntry> entries;

  private:
    // The entry that put the row there may be one of another record (a project that moved to another unit): the amount
    // stands in the version of the row's own record that was in force then.
    Result<std::int64_t> entry_of(const model::Figure& figure, const figure::Explanation::Row& row, const figure::Ask& ask) {
        YIPAN_TRY(const auto entry, snapshot_.entry(Position{row.position}));
        if (entry.type == figure.type && entry.record.value == row.record) return row.position;
        const std::int64_t until = ask.as_known ? ask.as_known->value : snapshot_.position().value;
        YIPAN_TRY(const auto versions, version_positions(snapshot_, figure.type, RecordId{row.record}));
        std::int64_t last = 0;
        for (const Position version : versions)
            if (version.value <= until) last = version.value;
        if (last == 0)
            return fail(Code::not_found, figure.code, "no entry of record " + std::to_string(row.record) + " is behind its amount");
        return last;
    }
    Status take(std::int64_t position) {
        if (!taken_.insert(position).second) return {};
        if (taken_.size() > journal::proof_entries_max)
            return fail(Code::limit_exceeded, "proof", "more than " + std::to_string(journal::proof_entries_max) + " entries stand behind it",
                        "ask for a smaller unit or a shorter period");
        YIPAN_TRY(auto proven, snapshot_.proven(Position{position}, open_));
        entries.push_back(std::move(proven));
        return {};
    }
    board::Snapshot& snapshot_;
    exchange::Names& names_;
    std::uint8_t open_;
    std::set<std::int64_t> taken_;
};

}  // namespace

Checked<journal::ProofFile> prove_figure(board::Snapshot& snapshot, exchange::Names& names, const figure::Ask& ask,
                                         std::uint8_t open) {
    Prover prover(snapshot, names, open);
    auto claim = prover.claim(ask);
    if (!claim) return fail(Errors{claim.error()});
    journal::ProofFile out;
    out.kind = "figure";
    out.figure.push_back(std::move(*claim));
    out.entries = std::move(prover.entries);
    return out;
}

Result<std::vector<Position>> version_positions(board::Snapshot& snapshot, int type, RecordId id) {
    std::vector<Position> out;
    const record::RecordPtr now = snapshot.record(type, id);
    if (!now) {  // gone: the journal is walked for it
        YIPAN_TRY(const auto versions, snapshot.history(type, id));
        for (const auto& version : versions) out.push_back(version->position);
        return out;
    }
    for (Position at = now->position; at.value > 0;) {
        YIPAN_TRY(const auto entry, snapshot.entry(at));
        if (journal::makes_version(static_cast<journal::Verb>(entry.verb))) out.push_back(at);
        at = entry.previous;
    }
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace yipan::report
