#pragma once
// The oracle: figures from raw records, dumbly. For every question it walks over every record of the figure's type,
// follows every path and evaluates every condition again. It shares no code with figure/ (a test compares the
// includes), so that "incremental equals recomputed" (I2) is a statement about two programs. The rules it reads figures
// by are those of src/figure/README.md; where they leave a choice, docs/decisions/0007-figure-reading-rules.md says
// what is assumed. Units: values in stored form (model.h); answers as Decimal, money in yuan at scale 2. Time:
// O(records) per question.
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/date.h"
#include "base/decimal.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/model.h"
#include "record/record.h"

namespace yipan::oracle {

/// One version of one record, or its deletion (`record` null).
struct Version {
    record::RecordPtr record;
    Position position;
    Date effective;
};

/// Every version of every record that ever was.
struct World {
    explicit World(const model::Model& m) : model(m), versions(m.types.size()) {}
    const model::Model& model;
    std::vector<std::vector<std::vector<Version>>> versions;  // [type][id - 1] = oldest first

    void add_version(record::RecordPtr version);
    void add_deletion(int type, RecordId id, Position position, Date effective);
    /// The same world as it was known after the entry at `position`.
    World known_at(Position position) const;
};

/// A world seen through the interface that the recount wants.
class WorldResolver final : public record::Resolver {
  public:
    explicit WorldResolver(const World& world) : world_(world) {}
    record::RecordPtr current(int type, RecordId id) override;
    record::RecordPtr valid_on(int type, RecordId id, Date day) override;

  private:
    const std::vector<Version>* versions_of(int type, RecordId id) const;
    const World& world_;
};

struct Question {
    int figure = -1;
    int unit_type = -1;     // type of the node asked for; -1: the figure's own unit type
    std::int64_t unit = 0;  // 0: all
    std::optional<Period> period;
    std::optional<std::int64_t> d1, d2;  // reference id; choice index + 1; boolean 1 false, 2 true; 0 unset
    int forest = -1;                     // -1: the figure's own
    std::optional<Date> tree_date;
    Date today;
    std::optional<Position> as_known;
};

struct Answer {
    bool has = false;
    Decimal number;
    std::string why_none;
    std::int64_t records = 0;        // contributing records behind a plain figure
    int reported = 0, expected = 0;  // stock: n of m
};
Answer value(const World& world, const Question& question);

/// What one record puts where. `value` is the stored integer (1 for count) or, for distinct, also a text.
struct Fact {
    int figure = -1;
    std::int32_t slot = 0;  // in the figure's grain: year * slots per year + index from 0; 0 for no period
    std::int64_t unit = 0, d1 = 0, d2 = 0;
    record::Value value;
    Date day;           // the record's own date
    Position position;  // of the version that says so
    RecordId record;
};
/// Facts of one record for one figure of its type (none or one); an expression that fails is an error.
Result<std::optional<Fact>> fact_of(const model::Model& model, const model::Figure& figure,
                                    const record::Record& record, record::Resolver& world);

struct Cell {
    int figure = 0;
    std::int32_t slot = 0;
    std::int64_t unit = 0, d1 = 0, d2 = 0;
    auto operator<=>(const Cell&) const = default;
};
struct Total {
    __int128 sum = 0;  // of the facts as integers: count 1, distinct texts by their 63-bit hash
    std::int64_t count = 0;
    bool operator==(const Total&) const = default;
};
using Cells = std::map<Cell, Total>;

/// Counts cells anew from records handed in one by one; memory is that of the cells, whatever the number of records.
class Recount {
  public:
    Recount(const model::Model& model, record::Resolver& world);
    Status take(const record::Record& current);
    const Cells& cells() const { return cells_; }

  private:
    const model::Model& model_;
    record::Resolver& world_;
    std::vector<std::vector<int>> figures_of_type_;
    Cells cells_;
};
Result<Cells> cells(const World& world);

}  // namespace yipan::oracle
