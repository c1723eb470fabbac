#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "figure/lookup.h"
#include "figure/slots.h"

namespace yipan::figure {

using model::At;
using model::FieldKind;
using model::FigureKind;
using model::Reducer;

struct Plan::Compiled {
    std::set<std::pair<int, int>> walked;                // references read of the version of a day
    std::vector<std::vector<int>> figures_of;            // by type: plain figures
    std::vector<std::vector<Dependence>> dependents_of;  // by type of the changed record
    std::vector<std::int32_t> numbers;                   // by figure
    std::vector<int> indexes;                            // by number; -1: none
    std::vector<std::vector<int>> types_of;              // by figure, ascending
};

namespace {

const model::Field& field_of(const model::Model& model, int type, int index) {
    return model.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(index)];
}

const model::Field& end_of(const model::Model& model, int type, const model::Path& path) {
    for (std::size_t i = 0; i + 1 < path.fields.size(); ++i) type = field_of(model, type, path.fields[i]).target;
    return field_of(model, type, path.fields.back());
}

/// Texts as integers for distinct: 63 bits of SHA-256, so equal texts are equal and others practically never.
std::int64_t text_id(std::string_view text) {
    const Digest digest = sha256(text);
    std::uint64_t v = 0;
    for (int i = 0; i < 8; ++i) v = v << 8 | digest[static_cast<std::size_t>(i)];
    return static_cast<std::int64_t>(v & ~(std::uint64_t{1} << 63));
}

std::int64_t dimension_of(const model::Field& field, const record::Value* value) {
    if (!value) return dimension_none;
    if (const auto* code = record::as_text(*value)) {
        for (std::size_t i = 0; i < field.choices.size(); ++i) {
            if (field.choices[i].code == *code) return static_cast<std::int64_t>(i) + 1;
        }
        return dimension_none;
    }
    const std::int64_t n = *record::as_integer(*value);
    return field.kind == FieldKind::boolean ? n + 1 : n;
}

struct When {
    bool eternal = false;
    Date day;  // the record's own date
    Slot slot = 0;
    Date slot_end;
};

/// The record's own date and slot; none when its period is unset.
Result<std::optional<When>> when_of(const model::Model& model, const model::Figure& figure,
                                    const record::Record& record, record::Resolver& world) {
    When when;
    if (!figure.period) {
        when.eternal = true;
        when.day = record.effective;
        return when;
    }
    Lookup lookup(model, world, figure.period->at == At::now ? std::nullopt : std::optional(record.effective));
    const record::Value* value = lookup.walk(record, *figure.period);
    const auto* n = value ? record::as_integer(*value) : nullptr;
    if (!n) return std::optional<When>();
    MonthIndex first = 0, last = 0;
    std::optional<Period> period;
    if (end_of(model, figure.type, *figure.period).kind == FieldKind::period) {
        period = Period::decode(*n);
        if (!period) return std::optional<When>();
        when.day = period->last_day();
        first = period->first_month();
        last = period->last_month();
    } else {
        when.day = Date{static_cast<std::int32_t>(*n)};
        first = last = month_index(when.day);
    }
    when.slot = slot_of(figure.grain, last);
    when.slot_end = Period::of_month(last_month_of(figure.grain, when.slot)).last_day();
    // What went wrong is put into words only when it did: this runs for every figure of every write.
    const auto text = [&] { return period ? period->text() : when.day.text(); };
    const auto place = [&] {
        return fmt::format("{} {}: figure {}", model.types[static_cast<std::size_t>(record.type)].code, record.id.value,
                           figure.code);
    };
    if (figure.kind == FigureKind::flow && slot_of(figure.grain, first) != when.slot) {
        return fail(Code::invalid_input, place(),
                    fmt::format("{} is longer than a {}", text(), period_kind_name(figure.grain)),
                    fmt::format("the figure is kept by {}: enter a value for each", period_kind_name(figure.grain)));
    }
    if (figure.kind == FigureKind::cumulative && last != last_month_of(figure.grain, when.slot)) {
        return fail(Code::invalid_input, place(),
                    fmt::format("{} does not end with a {}", text(), period_kind_name(figure.grain)),
                    fmt::format("a cumulative value stands at the end of a {}", period_kind_name(figure.grain)));
    }
    return when;
}

/// The lookups of one record in one slot: one for each `at` that is used.
class Lookups {
  public:
    Lookups(const model::Model& model, record::Resolver& world, const When& when)
        : event_(model, world, when.day),
          period_end_(model, world, when.eternal ? std::nullopt : std::optional(when.slot_end)),
          now_(model, world, std::nullopt) {}
    Lookup& operator[](At at) { return at == At::event ? event_ : at == At::period_end ? period_end_ : now_; }

  private:
    Lookup event_, period_end_, now_;
};

Result<std::optional<Contribution>> contribution(const model::Model& model, const model::Figure& figure,
                                                 const record::Record& record, record::Resolver& world) {
    const std::optional<Contribution> nothing;
    YIPAN_TRY(const std::optional<When> when, when_of(model, figure, record, world));
    if (!when) return nothing;
    Lookups lookups(model, world, *when);
    if (figure.condition) {
        cel::Activation activation;
        activation.self = lookups[figure.condition_at].object(record);
        const auto holds = figure.condition->program.evaluate(activation);
        if (!holds) {
            return fail(holds.error().code,
                        fmt::format("{} {}: figure {}", model.types[static_cast<std::size_t>(record.type)].code,
                                    record.id.value, figure.code),
                        "where: " + holds.error().message, holds.error().hint);
        }
        if (!holds->is(cel::Kind::boolean) || !holds->as_bool()) return nothing;
    }
    Contribution out;
    out.cell.figure = figure.index;  // the plan puts its number there
    out.cell.slot = when->slot;
    out.day = when->day.days;
    const record::Value* unit = lookups[figure.unit.at].walk(record, figure.unit);
    const auto* unit_id = unit ? record::as_integer(*unit) : nullptr;
    if (!unit_id) return nothing;
    out.cell.unit = *unit_id;
    out.value = 1;
    if (figure.reducer != Reducer::count && figure.value) {
        const record::Value* value = lookups[figure.value->at].walk(record, *figure.value);
        if (!value) return nothing;
        if (const auto* n = record::as_integer(*value))
            out.value = *n;
        else
            out.value = text_id(*record::as_text(*value));
    }
    for (std::size_t i = 0; i < figure.by.size() && i < 2; ++i) {
        const record::Value* value = lookups[figure.by[i].at].walk(record, figure.by[i]);
        (i == 0 ? out.cell.d1 : out.cell.d2) = dimension_of(end_of(model, figure.type, figure.by[i]), value);
    }
    return out;
}

}  // namespace

Plan::Plan(const model::Model& model, std::vector<std::int32_t> numbers) : model_(model) {
    auto compiled = std::make_shared<Compiled>();
    if (numbers.empty())
        for (std::size_t i = 0; i < model.figures.size(); ++i) numbers.push_back(static_cast<std::int32_t>(i));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const auto n = static_cast<std::size_t>(numbers[i]);
        if (n >= compiled->indexes.size()) compiled->indexes.resize(n + 1, -1);
        compiled->indexes[n] = static_cast<int>(i);
    }
    compiled->numbers = std::move(numbers);
    compiled->types_of.resize(model.figures.size());
    int looking = -1;  // the figure whose paths are walked
    compiled->figures_of.resize(model.types.size());
    compiled->dependents_of.resize(model.types.size());
    // (changed type, type, via) -> dependence
    std::map<std::tuple<int, int, std::vector<int>>, Dependence> all;
    const auto walk = [&](int type, const std::vector<int>& path, At at) {
        int here = type;
        for (std::size_t i = 0; i < path.size(); ++i) {
            const model::Field& field = field_of(model, here, path[i]);
            const bool list = field.kind == FieldKind::references;
            if (i > 0 && field.target >= 0 && at != At::now) compiled->walked.emplace(here, path[i]);
            if (field.target < 0 || (!list && i + 1 == path.size())) return;
            compiled->types_of[static_cast<std::size_t>(looking)].push_back(field.target);
            const std::vector<int> via(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(i) + 1);
            Dependence& d = all[{field.target, type, via}];
            d.type = type;
            d.via = via;
            d.any_version = d.any_version || at != At::now;
            const auto matters = [&](int f) {
                if (std::find(d.fields.begin(), d.fields.end(), f) == d.fields.end()) d.fields.push_back(f);
            };
            if (list) {
                // A condition may look at any field of the records in a list.
                for (int f = 0; f < static_cast<int>(model.types[static_cast<std::size_t>(field.target)].fields.size());
                     ++f)
                    matters(f);
                return;
            }
            matters(path[i + 1]);
            here = field.target;
        }
    };
    for (const model::Figure& figure : model.figures) {
        if (figure.derived()) continue;
        looking = figure.index;
        compiled->types_of[static_cast<std::size_t>(looking)].push_back(figure.type);
        compiled->figures_of[static_cast<std::size_t>(figure.type)].push_back(figure.index);
        walk(figure.type, figure.unit.fields, figure.unit.at);
        if (figure.period) walk(figure.type, figure.period->fields, figure.period->at);
        if (figure.value) walk(figure.type, figure.value->fields, figure.value->at);
        for (const model::Path& by : figure.by) walk(figure.type, by.fields, by.at);
        if (!figure.condition) continue;
        for (const auto& names : figure.condition->program.paths()) {
            std::vector<int> path;
            int type = figure.type;
            for (const std::string& name : names) {
                const int index = type < 0 ? -1 : model.types[static_cast<std::size_t>(type)].find(name);
                if (index < 0) break;
                path.push_back(index);
                type = field_of(model, type, index).target;
            }
            if (!path.empty()) walk(figure.type, path, figure.condition_at);
        }
    }
    for (auto& [key, dependence] : all) {
        std::sort(dependence.fields.begin(), dependence.fields.end());
        compiled->dependents_of[static_cast<std::size_t>(std::get<0>(key))].push_back(std::move(dependence));
    }
    compiled_ = std::move(compiled);
}

Status Plan::contributions(const record::Record& record, record::Resolver& world,
                           std::vector<Contribution>& out) const {
    return contributions(compiled_->figures_of[static_cast<std::size_t>(record.type)], record, world, out);
}

Status Plan::contributions(const std::vector<int>& figures, const record::Record& record, record::Resolver& world,
                           std::vector<Contribution>& out) const {
    if (record.voided) return {};
    for (const int index : figures) {
        YIPAN_TRY(auto one, contribution(model_, model_.figures[static_cast<std::size_t>(index)], record, world));
        if (!one) continue;
        one->cell.figure = compiled_->numbers[static_cast<std::size_t>(index)];
        out.push_back(*one);
    }
    return {};
}

std::int32_t Plan::number_of(int figure) const { return compiled_->numbers[static_cast<std::size_t>(figure)]; }
int Plan::index_of(std::int32_t number) const {
    const auto n = static_cast<std::size_t>(number);
    return number >= 0 && n < compiled_->indexes.size() ? compiled_->indexes[n] : -1;
}
std::int32_t Plan::numbers_end() const { return static_cast<std::int32_t>(compiled_->indexes.size()); }
std::vector<int> Plan::types_of(int figure) const {
    auto out = compiled_->types_of[static_cast<std::size_t>(figure)];
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

const std::vector<Plan::Dependence>& Plan::dependents_of(int target_type) const {
    return compiled_->dependents_of[static_cast<std::size_t>(target_type)];
}

bool Plan::walks_past(int type, int field) const { return compiled_->walked.contains({type, field}); }

bool Plan::has_figures(int type) const { return !compiled_->figures_of[static_cast<std::size_t>(type)].empty(); }

void difference(std::vector<Contribution> before, std::vector<Contribution> after, std::int64_t position,
                std::int64_t record, std::vector<Posting>& out) {
    std::sort(before.begin(), before.end());
    std::sort(after.begin(), after.end());
    std::vector<Contribution> left, entered;
    std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(left));
    std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(entered));
    // What leaves comes first, so that a record is never twice in a cell.
    for (Contribution& c : left) out.push_back({std::move(c), position, record, -1});
    for (Contribution& c : entered) out.push_back({std::move(c), position, record, 1});
}

}  // namespace yipan::figure
