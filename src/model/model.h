#pragma once
// The declared shape of a board, checked: record types, forests, figures, lights, reports. Built from YAML by load.h
// and immutable afterwards. Every cross reference is resolved to an index, every expression is compiled, so that
// nothing later can meet an unknown name. Declarations that are wrong never become a Model. Keyword reference:
// docs/model.md.
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/date.h"
#include "base/decimal.h"
#include "base/result.h"
#include "cel/program.h"
#include "cel/sql.h"

namespace yipan::model {

/// A file of the model: the path is relative ("project/types/project.yaml") and is the `file` of error places.
struct SourceFile {
    std::string path;
    std::string text;
    bool operator==(const SourceFile&) const = default;
};

enum class Language { hans, hant, en };
struct Label {
    std::string hans, hant, en;
    const std::string& in(Language language) const;
};

enum class FieldKind {
    text,
    integer,
    decimal,
    money,
    date,
    period,
    boolean,
    instant,
    choice,
    reference,   // one record of `target`
    references,  // several records of `target`, stored as a JSON array of ids in ascending order
    attachment,  // "sha256:<hex> <name>"; stored in the attachment group
    place,       // GeoJSON Point or Polygon, CGCS2000 degrees
    number       // document number, given by the writer, gapless per year and `per` fields
};
/// How a value sits in a table and in a Value: everything is a 64-bit integer or a text.
/// integer/reference: itself; decimal: units at `scale`; money: fen; date: days since 1970; period: Period::encoded();
/// boolean: 0/1; instant: microseconds since 1970 UTC.
bool stored_as_integer(FieldKind kind);

enum class FieldGroup : std::uint8_t { plain, personal, attachment };
enum class OnDelete : std::uint8_t { refuse, clear, go_along };  // what deleting the target does to this record
enum class Shape : std::uint8_t { point, polygon };

struct Choice {
    std::string code;
    Label label;
};

/// A compiled expression with its source and place.
struct Expression {
    std::string text;
    std::string where;  // file:line:column
    cel::Program program;
};

struct Field {
    std::string code;  // [a-z][a-z0-9_]*, the column's name
    Label label;
    FieldKind kind = FieldKind::text;
    FieldGroup group = FieldGroup::plain;
    bool required = false;
    bool unique = false;
    bool index = false;                    // asked for, or needed by a figure or rule that goes through this reference
    bool system = false;                   // `state`, and the owner reference of an owned type
    int max_chars = 4000;                  // text
    std::optional<std::int64_t> min, max;  // in stored units
    int scale = 0;                         // decimal
    std::string unit;                      // unit of measure of integer and decimal, e.g. m2, 个
    Currency currency;                     // money
    std::vector<Choice> choices;
    int target = -1;  // reference(s): index of the type
    OnDelete on_delete = OnDelete::refuse;
    Shape shape = Shape::point;
    std::vector<PeriodKind> grains;      // period: which kinds are legal (all when empty)
    std::string pattern;                 // number: {year} {seq} {seq:4} and literal text
    std::vector<int> per;                // number: fields that start their own sequence
    std::optional<Expression> computed;  // of own fields only, stored; the clerk does not enter it
    std::optional<std::string> preset;   // `default:` as text, parsed like input
    std::string help;
};

/// One step of a move that goes from post to post (docs/flow.md).
struct FlowStep {
    std::string code;
    Label label;
    std::optional<Expression> by;  // over the record and `starter`: a post, or posts
    enum class Mode : std::uint8_t { one, all, any } mode = Mode::one;
    bool disagree_counts = false;  // noted; otherwise it ends the case
    std::optional<int> workdays;   // until it is due
    bool not_doer = false;         // refused to who started, and to the record's responsible post
    std::optional<Expression> when;
};
/// The organ that has a function (職能分工) must be the acting post's.
struct FunctionDemand {
    enum class Part : std::uint8_t { owner, decides, executes } part = Part::owner;
    std::string code;       // key of the function; empty: through the reference
    std::vector<int> path;  // field indexes to a reference to the type of functions
};
struct Move {  // a transition of states
    std::string code;
    Label label;
    std::vector<std::string> from;
    std::string to;
    std::optional<Expression> who;   // over `post`, `actor` and the record; unset: everybody who may write
    std::vector<struct Rule> needs;  // what must hold
    std::vector<FlowStep> steps;     // not empty: it happens when these are through, never directly
    std::string refused;             // move done when somebody disagrees; may be empty
    int dated = -1;                  // date field set to the day of the move where the move does not say another
    std::optional<FunctionDemand> function;
};
/// A date the board sets: so many working days after another.
struct Deadline {
    int due = -1, from = -1;
    int workdays_field = -1, workdays = 0;  // a field, or the number
    int provisional = -1;                   // boolean field or -1
    std::optional<Expression> open;         // where a new arrangement of holidays moves it; unset: always
};

/// What follows in another record when one is made or moves: the record a reference names is amended, or moves. Both or
/// neither happen; the other's rules are judged as if somebody had done it (docs/model.md, carries).
struct Carry {
    std::string code, on;            // on: "create", or a move
    std::optional<Expression> when;  // over the record as it then is
    int to = -1;                     // reference field
    std::string move;                // of the type referred to; empty: its fields are set without one
    std::vector<std::pair<int, Expression>> set;  // fields of the type referred to
};

/// What the page of a record offers to add to it in one small form (docs/model.md, quick). A convenience: the new record is
/// judged as any other.
struct Quick {
    Label label;
    int to = -1;                     // reference to the record it is added to
    std::optional<Expression> when;  // over that record: offered only where it holds
    std::vector<int> asks;           // fields of the form
    std::vector<std::pair<int, Expression>> fills;  // over that record; the form does not ask for them
};

struct Rule {
    std::string code;
    Label message;
    Expression check;           // must be true of the state after the whole draft
    bool reads_others = false;  // uses count/exists/sum/figure
    std::vector<std::pair<std::string, Expression>> values;  // what {name} in the message stands for when it is broken
};

enum class Colour : std::uint8_t { none, green, yellow, red };
/// A lamp rule (domain.md 6.2): a measure of how far *behind* something is; thresholds in absolute points or, with
/// `share_of`, in percent of that amount; bounds say whether they include themselves; a streak turns k periods of one
/// colour into another.
struct Light {
    std::string code;
    Label label;
    int type = -1;                       // light of a record type: measure over its fields ...
    std::optional<Expression> applies;   // ... for the records where this holds
    std::optional<Expression> behind;    // decimal or integer; null = no lamp
    int figure = -1;                     // or light of a figure: behind = -value (points ahead are negative)
    std::optional<Expression> share_of;  // type lights: relative mode
    struct Bound {
        Decimal value;
        bool inclusive = true;
    };
    std::optional<Bound> yellow, red;  // behind >= / > value
    struct Streak {
        Colour colour = Colour::yellow;
        int periods = 3;
        Colour becomes = Colour::red;
    };
    std::optional<Streak> streak;  // figure lights only
    std::string consequence;       // what the rule asks for (interview, written supervision ...)
    // Found when the model is loaded. Lights of a type only:
    int due_field = -1;      // the first date field D of which `behind` says "today - D"
    bool linear = false;     // that is all it says: the days at which it changes follow from the field
    bool daily = false;      // its colour may change on any day although its record does not
};

struct Type {
    int index = 0;
    std::string code;
    std::string module;
    Label label;
    std::string where;
    int owner = -1;        // owned child type (line items): index of the owner's type
    int owner_field = -1;  // its reference, required, on_delete go_along
    std::vector<Field> fields;
    int key = -1;                  // field that names a record for people and imports (unique)
    std::vector<int> natural_key;  // several fields that together are unique (upsert key of imports); may equal {key}
    int title = -1;                // field shown for a record; key when unset
    std::vector<int> responsible;  // path of field indexes to the responsible post; empty only for the post type itself
                                   // and `responsible: none` types
    bool responsible_none = false;
    bool watermark = false;  // its pages and exports say who looks at them, under which post and when
    int state = -1;  // index of the system field `state`, -1 without states
    std::string initial_state;
    std::vector<Move> moves;
    std::vector<Rule> rules;
    std::vector<Deadline> deadlines;
    std::vector<Carry> carries;
    std::optional<Quick> quick;
    std::vector<int> lines, offers;  // types it owns; types whose `quick` adds to it: ascending
    bool by_acts = false;  // written by acts of workflow only
    const cel::ObjectType* object = nullptr;  // this type as CEL sees it; field indexes are the same

    int find(std::string_view field_code) const;  // -1 when unknown
};

enum class Reducer : std::uint8_t { sum, count, average, min, max, distinct };
enum class FigureKind : std::uint8_t { flow, stock, cumulative };
enum class At : std::uint8_t { event, period_end, now };
enum class Window : std::uint8_t { period, ytd, year, year_ago, ytd_year_ago, previous, to_date };

/// A path from a record through references: field indexes, the first in the figure's type.
struct Path {
    std::vector<int> fields;
    At at = At::event;
    std::string text;
    std::string where;
};

/// What a figure's value is measured in. count and distinct are integers with scale 0.
struct Measure {
    enum class Kind : std::uint8_t { number, money } kind = Kind::number;
    Currency currency;
    int scale = 0;
    std::string unit;  // 个, m2, %, ...
};

struct FigurePart {
    std::string name;  // variable of the formula
    int figure = -1;
    Window window = Window::period;
    std::vector<std::optional<std::int64_t>> only;  // fixed dimension values by position; empty = all
};

struct Figure {
    int index = 0;
    std::string code;
    std::string module;
    Label label;
    std::string where_place;  // file:line:column
    Measure measure;
    bool derived() const { return formula.has_value(); }

    // A figure maintained from records
    int type = -1;
    Reducer reducer = Reducer::sum;
    FigureKind kind = FigureKind::flow;
    std::optional<Expression> condition;  // `where:`
    At condition_at = At::event;
    std::optional<Path> value;  // sum, average, min, max, distinct
    Path unit;                  // ends in a reference; its target is `unit_type`
    int unit_type = -1;
    std::optional<Path> period;            // ends in a date or period field; without: one eternal cell
    PeriodKind grain = PeriodKind::month;  // month, quarter, half, year
    std::vector<Path> by;                  // up to two: choice, boolean or reference
    std::vector<std::string> by_names;
    int forest = -1;         // default forest for roll-up
    int max_age_months = 0;  // stock: how long a value may be carried forward (0: only its own slot)

    // A derived figure: never stored, computed from the parts' values at the asked unit and period
    std::vector<FigurePart> parts;
    std::optional<Expression>
        formula;  // over the parts, elapsed_months, period_months; result decimal, integer or money
    bool growth_note = false;
};

/// A dated, named forest (or, for many-to-many relations, a graph walked as sets): nodes are (type, record), links are
/// records.
struct ForestLink {
    int type = -1;
    int parent = -1, child = -1;  // reference fields
    int from = -1, to = -1;       // date fields, inclusive; -1 = unbounded
};
struct Forest {
    std::string code;
    Label label;
    std::vector<ForestLink> links;
};

struct Report {
    std::string code;
    Label label;
    std::string path;  // of the template among the files
    std::string text;
};

/// A folder of modules/ as a menu shows it. One that declares nothing has an empty label and stands after those that do.
struct Module {
    std::string code;
    Label label;
    int order = 0;
    std::string icon;  // a name; which pictures there are is the page's
    std::string where;
};

struct Identity {  // which types stand for the person and the post that act
    int person = -1;
    int post = -1;
    int unit = -1;       // field of the post: the unit it belongs to
    int unit_type = -1;  // its target
    struct Holding {     // the dated link that says who holds which post
        int type = -1;
        int person = -1, post = -1;  // reference fields
        int from = -1, to = -1;      // date fields, inclusive; -1 = unbounded
        int kind = -1;               // choice field: how it is held (main post, seconded ...)
    } holds;
};

/// What may be done (docs/rights.md). `clear`: personal fields are shown without asking; `unmask`: shown on request,
/// which is journaled.
enum class Action : std::uint8_t {
    see,
    create,
    amend,
    move,
    remove,
    invalidate,
    restore,
    erase,
    merge,
    import,
    exporting,
    unmask,
    clear
};
constexpr int action_count = 13;
std::string_view action_name(Action action);
enum class Scope : std::uint8_t { own, unit, subtree, all };

struct Role {
    std::string code;
    Label label;
    std::optional<Expression> posts;  // over a post: these hold the role over their own unit
    std::string note;                 // one sentence for people
};
/// "Who holds this role may do this with such records." Rights only add; nothing takes away.
struct Right {
    std::vector<int> roles;
    std::uint32_t actions = 0;  // bits of Action
    Scope scope = Scope::own;
    struct OfType {
        int type = -1;
        Expression condition;     // the scope and the condition as one filter that also compiles to SQL
        std::vector<int> fields;  // empty: all
    };
    std::vector<OfType> types;
    std::vector<std::string> moves;  // empty: all
    std::vector<int> figures;        // ascending; of action `see` only
    std::string where;               // file:line:column
    bool may(Action action) const { return actions >> static_cast<int>(action) & 1U; }
};
struct Rights {
    bool declared = false;  // without any, whoever is signed in may do everything
    int forest = -1;        // subtrees of units
    struct Grants {         // records that give a role to a post over a unit
        int type = -1;
        int post = -1, role = -1, unit = -1, from = -1, to = -1;
    } grants;
    std::vector<Role> roles;
    std::vector<Right> rights;
    std::map<int, int> smallest_cell;  // figure -> fewest records a shown value stands for
    int find_role(std::string_view code) const;
};

constexpr int lamp_trouble_bytes = 200;  // of why a lamp's figure cannot be computed
/// Which types keep the state of workflow, and what time does (docs/flow.md). Their fields have fixed codes, checked by
/// the loader.
struct Flow {
    bool declared = false;
    int cases = -1, work = -1, opinion = -1, message = -1, delegation = -1, holiday = -1, lamp = -1, notice = -1;
    int ballot = -1, ballot_voter = -1, ballot_count = -1, list = -1, list_line = -1;
    struct Functions {
        int type = -1, owner = -1, decides = -1, executes = -1;
    } functions;
    struct Tables {  // 一表通: the register of tables, their lines, what answers a line, what was filled in
        int form = -1, field = -1, item = -1, filling = -1, answer = -1;
        int form_of = -1;  // the filling's reference to its form
    } tables;
    std::vector<int> vacancy;  // reference fields of the post to other posts
    int email = -1;            // text field of the person
    int leads = -1;            // field of the unit: the post that leads it and all below it
    std::vector<Label> phrases;
    struct Watch {
        int light = -1;
        std::vector<int> remind;  // days behind, ascending
        struct Notice {
            std::string colour;
            int behind = 0;
            std::string asks;           // what the one who gets it is to do
            std::optional<int> answer;  // working days for an answer in writing
        };
        std::vector<Notice> notices;  // ascending
    };
    std::vector<Watch> watches;
    const Watch* watch_of(int light) const {
        for (const Watch& w : watches)
            if (w.light == light) return &w;
        return nullptr;
    }
};

struct Model {
    std::vector<SourceFile> files;  // exactly what was loaded, in path order
    std::vector<Type> types;
    std::vector<Forest> forests;
    std::vector<Figure> figures;  // a derived figure stands after all its parts
    std::vector<Light> lights;
    std::vector<Report> reports;
    std::vector<Module> modules;  // every one that has a type, figure or label; in the order of a menu
    std::map<std::string, std::string> schemes;  // code -> YAML text
    Identity identity;
    Rights rights;
    Flow flow;
    std::shared_ptr<const void> schema;  // owns the CEL object types

    int find_type(std::string_view code) const;  // -1 when unknown
    int find_figure(std::string_view code) const;
    int find_forest(std::string_view code) const;
    const Report* find_report(std::string_view code) const;
    /// The nearest known name within a small edit distance, for messages; empty when none is near.
    std::string nearest_type(std::string_view code) const;
    std::string nearest_figure(std::string_view code) const;
};

}  // namespace yipan::model
