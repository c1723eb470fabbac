#pragma once
// Figures as one reader sees them: a question is answered for units whose figures he may see, a value that too few
// records stand behind is withheld (the smallest cell, docs/decisions/0022-smallest-cells.md), and of the records behind a number his own are shown
// and the others counted.
#include "api/call.h"
#include "api/values.h"
#include "exchange/names.h"
#include "report/ask.h"
#include "report/report.h"

namespace yipan::api {

constexpr std::int64_t rows_looked_at_max = 10'000;  // of those behind one number, to tell mine from others'

class Figures {
  public:
    explicit Figures(Call& call);

    /// `unit` is an id (digits only) or a key; everything else as report::AskText has it. A unit that is not there and one
    /// whose figures may not be seen are answered alike.
    Checked<figure::Ask> read(const report::AskText& text, std::string_view unit);
    /// The same from the query: unit, unit_type, period, by=dimension=value, as_known, definition, forest, tree.
    Checked<figure::Ask> read_query(std::string_view figure);

    bool may_see(const figure::Ask& ask) const;
    /// The value, or none with the reason when it may not be seen or stands for too few records.
    figure::Value value(const figure::Ask& ask);
    bool withheld(const figure::Ask& ask, const figure::Value& value);

    json::object value_json(const figure::Ask& ask, const figure::Value& value);
    json::value unit_json(const figure::Ask& ask);
    json::object why(const figure::Ask& ask, std::int64_t offset, std::int64_t limit);
    json::object difference(const figure::Ask& ask, Position from, Position to);
    /// What a report may print for this reader.
    report::Eyes eyes();

    exchange::Names& names() { return names_; }
    Shower& shower() { return shower_; }

  private:
    bool reaches_small(int figure) const;
    /// How many stand behind a plain figure's value, counted up to `enough`: owners of owned records, else the records.
    std::int64_t stands_for(const figure::Ask& ask, std::int64_t records, std::int64_t enough);
    /// The same, but whose every record the reader sees anyway is no secret of his: then at least `enough`.
    std::int64_t hides(const figure::Ask& ask, std::int64_t records, std::int64_t enough);
    bool gives_away(const figure::Ask& ask, int least);
    json::object row_json(const figure::Ask& ask, const figure::Explanation::Row& row, const record::Record& record);
    json::value amount_of(const model::Figure& figure, const record::Record& record, std::string text);
    std::optional<std::pair<std::size_t, int>> dimension_of(int figure, std::string_view name) const;
    bool unseen_dimension(const report::AskText& text, std::string_view where) const;
    static Error no_dimension(std::string_view name);
    void plain_asks(const figure::Ask& ask, std::vector<figure::Ask>& out);

    Call& call_;
    const model::Model& model_;
    std::map<std::tuple<int, int, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>, std::set<std::pair<int, std::int64_t>>> given_away_;
    exchange::Names names_;
    Shower shower_;
};

}  // namespace yipan::api
