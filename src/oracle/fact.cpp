// What one record contributes to one figure: the rules of src/figure/README.md, section 1, one after the other.
#include <fmt/format.h>

#include "base/check.h"
#include "base/hash.h"
#include "oracle/oracle.h"
#include "oracle/see.h"

namespace yipan::oracle {
namespace {

int months_of(PeriodKind grain) {
    switch (grain) {
        case PeriodKind::month: return 1;
        case PeriodKind::quarter: return 3;
        case PeriodKind::half: return 6;
        default: return 12;
    }
}

const model::Field& field_of(const model::Model& model, int type, int field) {
    return model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(field)];
}

struct Found {
    record::Value value;                  // unset when anything on the way is
    const model::Field* field = nullptr;  // the last one
};

/// Walks a path of reference fields; every hop sees the version that `sight` shows.
Found follow(const model::Model& model, const record::Record& start, const model::Path& path, const Sight& sight) {
    const record::Record* here = &start;
    record::RecordPtr keep;
    Found found;
    for (std::size_t i = 0; i < path.fields.size(); ++i) {
        const model::Field& field = field_of(model, here->type, path.fields[i]);
        const record::Value value = here->at(path.fields[i]);
        if (i + 1 == path.fields.size()) {
            found.value = value;
            found.field = &field;
            return found;
        }
        const std::int64_t* id = record::as_integer(value);
        if (!id) return found;
        keep = sight.look(field.target, RecordId(*id));
        if (!keep) return found;
        here = keep.get();
    }
    return found;
}

std::int64_t dimension_of(const Found& found) {
    if (!found.field || record::is_unset(found.value)) return 0;
    if (const std::string* code = record::as_text(found.value)) {
        for (std::size_t i = 0; i < found.field->choices.size(); ++i)
            if (found.field->choices[i].code == *code) return static_cast<std::int64_t>(i) + 1;
        return 0;
    }
    const std::int64_t value = *record::as_integer(found.value);
    return found.field->kind == model::FieldKind::boolean ? value + 1 : value;
}

struct When {
    bool set = false;
    Date day;
    std::int32_t slot = 0;
};

Result<When> when_of(const model::Model& model, const model::Figure& figure, const record::Record& record,
                     record::Resolver& world, const std::string& place) {
    When when{true, record.effective, 0};
    if (!figure.period) return when;
    const Sight sight{world, figure.period->at == model::At::now ? std::nullopt : std::optional(record.effective)};
    const Found found = follow(model, record, *figure.period, sight);
    const std::int64_t* stored = record::as_integer(found.value);
    if (!stored) {
        when.set = false;
        return when;
    }
    const int width = months_of(figure.grain);
    if (found.field->kind == model::FieldKind::period) {
        const std::optional<Period> period = Period::decode(*stored);
        if (!period) return fail(Code::invalid_input, place, fmt::format("period {} is no period", *stored));
        when.day = period->last_day();
        if (figure.kind == model::FigureKind::flow && period->first_month() / width != period->last_month() / width)
            return fail(Code::invalid_input, place,
                        fmt::format("period {} is wider than the figure's grain", period->text()));
    } else {
        when.day = Date{static_cast<std::int32_t>(*stored)};
    }
    const MonthIndex month = month_index(when.day);
    when.slot = month / width;
    if (figure.kind == model::FigureKind::cumulative && (month + 1) % width != 0)
        return fail(Code::invalid_input, place,
                    "a year-to-date value must stand at the last month of the figure's grain");
    return when;
}

}  // namespace

Result<std::optional<Fact>> fact_of(const model::Model& model, const model::Figure& figure,
                                    const record::Record& record, record::Resolver& world) {
    YIPAN_CHECK(!figure.derived() && figure.type == record.type);
    if (record.voided) return std::optional<Fact>();
    const std::string place = fmt::format("figure {}, {} {}", figure.code,
                                          model.types[static_cast<std::size_t>(record.type)].code, record.id.value);
    YIPAN_TRY(const When when, when_of(model, figure, record, world, place));
    if (!when.set) return std::optional<Fact>();

    std::optional<Date> slot_end;
    if (figure.period) {
        const int width = months_of(figure.grain);
        slot_end = Period::of_month(when.slot * width + width - 1).last_day();
    }
    const auto sight_at = [&](model::At at) {
        if (at == model::At::event) return Sight{world, when.day};
        if (at == model::At::period_end) return Sight{world, slot_end};
        return Sight{world, std::nullopt};
    };

    if (figure.condition) {
        auto holds = condition_holds(model, *figure.condition, record, sight_at(figure.condition_at));
        if (!holds) return fail(Code::invalid_input, place, holds.error().message);
        if (!*holds) return std::optional<Fact>();
    }
    Fact fact{figure.index, when.slot, 0, 0, 0, std::int64_t{1}, when.day, record.position, record.id};
    const Found unit = follow(model, record, figure.unit, sight_at(figure.unit.at));
    if (const std::int64_t* id = record::as_integer(unit.value))
        fact.unit = *id;
    else
        return std::optional<Fact>();
    if (figure.value) {
        fact.value = follow(model, record, *figure.value, sight_at(figure.value->at)).value;
        if (record::is_unset(fact.value)) return std::optional<Fact>();
    }
    if (figure.by.size() > 0) fact.d1 = dimension_of(follow(model, record, figure.by[0], sight_at(figure.by[0].at)));
    if (figure.by.size() > 1) fact.d2 = dimension_of(follow(model, record, figure.by[1], sight_at(figure.by[1].at)));
    return std::optional<Fact>(fact);
}

Recount::Recount(const model::Model& model, record::Resolver& world)
    : model_(model), world_(world), figures_of_type_(model.types.size()) {
    for (const model::Figure& figure : model.figures)
        if (!figure.derived()) figures_of_type_[static_cast<std::size_t>(figure.type)].push_back(figure.index);
}

Status Recount::take(const record::Record& current) {
    for (const int index : figures_of_type_[static_cast<std::size_t>(current.type)]) {
        YIPAN_TRY(const std::optional<Fact> fact,
                  fact_of(model_, model_.figures[static_cast<std::size_t>(index)], current, world_));
        if (!fact) continue;
        Total& total = cells_[{fact->figure, fact->slot, fact->unit, fact->d1, fact->d2}];
        total.count += 1;
        if (const std::int64_t* number = record::as_integer(fact->value)) {
            total.sum += *number;
        } else {  // a text stands for the first eight bytes of its hash, top bit cleared
            const Digest digest = sha256(*record::as_text(fact->value));
            std::uint64_t head = 0;
            for (int i = 0; i < 8; ++i) head = head << 8 | digest[static_cast<std::size_t>(i)];
            total.sum += static_cast<std::int64_t>(head & 0x7fff'ffff'ffff'ffffULL);
        }
    }
    return {};
}

Result<Cells> cells(const World& world) {
    WorldResolver resolver(world);
    Recount recount(world.model, resolver);
    for (const auto& records : world.versions)
        for (const auto& history : records)
            if (!history.empty() && history.back().record) YIPAN_TRY_VOID(recount.take(*history.back().record));
    return recount.cells();
}

}  // namespace yipan::oracle
