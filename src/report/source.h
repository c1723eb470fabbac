#pragma once
// The appendix of a report: each number's source, made once however often the number is printed.
#include "report/report.h"

namespace yipan::report {

class Sources {
  public:
    Sources(board::Snapshot& snapshot, exchange::Names& names, std::string zone, const Eyes& eyes);
    /// Index of the source of a figure's value; its parts become sources too.
    int of_figure(const figure::Ask& ask);
    int of_score(const Assessment& assessment, const std::string& unit);
    int of_record(const record::Record& record, std::string title, std::string value, std::string note);
    std::vector<Source> take() { return std::move(sources_); }

  private:
    int place_for(const std::string& key, bool& fresh);
    std::string entry_text(std::int64_t position);
    std::string papers_of(const record::Record& record);
    std::string title_of(const figure::Ask& ask);
    void fill(Source& source, const figure::Ask& ask, const figure::Explanation& why);

    board::Snapshot& snapshot_;
    const model::Model& model_;
    exchange::Names& names_;
    std::optional<Zone> zone_;
    const Eyes& eyes_;
    std::map<std::string, int> known_;
    std::vector<Source> sources_;
};

/// What one contributing record puts in: 1 where records are counted.
std::string row_value(const model::Figure& figure, const figure::Explanation::Row& row);

/// A value with thousands separated and its unit of measure; "no value" and the reason otherwise.
std::string value_text(const model::Model& model, const figure::Ask& ask, const figure::Value& value);

}  // namespace yipan::report
