#pragma once
// One step from a model to the next: what differs, sentence by sentence, and what becomes of every field of every
// record. compare() judges the two models and the declared migrations only; whether a record would lose something is
// judged record by record (board/change.h), with the same rules in the preview and when the step is taken.
#include "model/load.h"
#include "model/migration.h"
#include "model/scalar.h"

namespace yipan::model {

enum class Effect : std::uint8_t {
    free,       // no record is touched
    rewrites,   // records get a new version
    rederives,  // figures are derived anew
    migration,  // refused unless a migration says how, as soon as a record is concerned
    loses       // refused unless a migration names it, as soon as a value would be lost
};
std::string_view effect_name(Effect effect);

struct Difference {
    Effect effect = Effect::free;
    std::string subject;  // "field project.amount", "move project.start", "figure investment_done"
    Label says;           // a sentence in each language
    bool right = false;   // who may do or what is needed changed
};

/// How a field of the new model gets its value.
struct FieldSource {
    int old = -1;  // field of the old type; -1: none
    enum class How : std::uint8_t {
        same,    // the stored value as it is
        scale,   // decimal: other scale
        reread,  // another kind: as exported, read as input
        codes    // choice or state, by map
    } how = How::same;
    std::string rule;  // narrow: half_up, cut, clamp; empty: what does not fit is refused
    std::vector<std::pair<std::string, std::string>> codes;  // old -> new; empty: unset
};
struct SetValue {
    int field = -1;
    cel::Program value;
    std::optional<cel::Program> condition;
};
struct TypeStep {  // of a type of the new model
    int old = -1;  // the type it was; -1: new
    std::vector<FieldSource> fields;
    std::vector<SetValue> sets;
    std::vector<std::pair<int, std::string>> deduplicate;  // field, rule
    std::vector<int> unique;                               // fields that have become unique
    bool natural_key = false;                              // the natural key is another one
    std::vector<int> unnamed;                              // old fields that vanish without being named
    bool reads_rows = false;                               // every record must be looked at
    bool touches = false;                                  // values that figures and expressions see may change
    // split: this type is made of fields of records of `split_from` (old type)
    int split_from = -1;
    int back_reference = -1;  // its field that refers to the record it was split from ...
    int reference = -1;       // ... or the field of that record's type (new model) that refers to it
};

struct Step {
    ModelPtr before, after;
    std::vector<TypeStep> types;       // by type of `after`
    std::vector<int> type_to;          // by type of `before`; -1: gone
    std::vector<int> dropped_unnamed;  // types of `before` that vanish without being named
    std::vector<int> figure_from;  // by figure of `after`: the figure of `before` whose postings it goes on with, or -1
    std::vector<char> figure_changed;  // by figure of `after`: derived anew
    std::vector<Difference> differences;
    std::optional<int> back_to;  // restores the model of this version

    const TypeStep& type(int index) const { return types[static_cast<std::size_t>(index)]; }
};

/// All mistakes of the migrations at once: names neither model has, kinds that do not fit, rules that have no use.
Checked<std::shared_ptr<const Step>> compare(ModelPtr before, ModelPtr after, const std::vector<Migration>& migrations);

/// A stored value of the old field as the new field stores it. The error says what would be lost.
Result<Scalar> convert(const FieldSource& source, const Field& old, const Field& now, const Scalar& value);
/// The values of a record in the new shape: what convert() gives, unset where it cannot; no expressions.
std::vector<Scalar> carried(const Step& step, int new_type, const std::vector<Scalar>& values);

}  // namespace yipan::model
