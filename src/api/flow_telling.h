#pragma once
// Workflow over HTTP (docs/flow.md, section 4): what its routes share. Acts and a record's course are in
// flow_act_routes.cpp, lists of work and the inbox in flow_work_routes.cpp, absences, handover, load and issued lists in
// flow_order_routes.cpp, secret ballots in flow_ballot_routes.cpp.
#include "api/records.h"
#include "flow/acts.h"

namespace yipan::api {

inline std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr std::int64_t counted_to = 10'000;

/// Answers 404 where the model declares none.
bool has_flow(const CallPtr& call);
/// The number in the path; answers 404 itself.
std::optional<RecordId> id_parameter(const CallPtr& call, std::size_t i);
/// A post or person of a body: its id or its key; answers 422 itself.
std::optional<RecordId> named(const CallPtr& call, int type, const json::value& v, std::string_view where);
std::optional<std::vector<RecordId>> many_named(const CallPtr& call, int type, const json::object& body, std::string_view where);
flow::Acting acting(const CallPtr& call);
/// Writes wait for the disk: they are made on a thread that may take its time.
void later(const CallPtr& call, std::function<void()> work);
void answer_receipt(const CallPtr& call, Checked<board::Receipt> done, int status);
/// {value, exact} of what was counted to one beyond `counted_to`.
json::object total_json(std::int64_t counted);

/// Tells the records that keep workflow, for one reader.
class Telling {
  public:
    explicit Telling(const CallPtr& call);
    /// False: who stands where cannot be read.
    bool ready() const { return standing_ != nullptr; }
    const flow::Standing& standing() const { return *standing_; }
    Shower& shower() { return shower_; }

    json::value post(RecordId id);
    json::value person(RecordId id);
    json::value day(const record::Record& r, std::string_view field);
    json::value instant(const record::Record& r, std::string_view field);
    /// {type, record, title} of what a case, a work item or a message is about.
    void about(const record::Record& r, json::object& into) const;
    json::object case_of(const record::Record& r);
    json::object item(const record::Record& r);
    json::object opinion(const record::Record& r, const std::map<std::int64_t, record::RecordPtr>& items);
    const WorkCalendar& calendar();

  private:
    const model::Move* move_of(const record::Record& the_case) const;
    json::value move_label(const record::Record& the_case) const;
    json::value step_label(const record::Record& the_case) const;
    json::value work_step(const record::Record& item);
    json::array steps_back(const record::Record& item, const std::optional<flow::Subject>& subject);
    const CallPtr& call_;
    const model::Model& model_;
    board::Snapshot& snapshot_;
    Shower shower_;
    std::shared_ptr<const flow::Standing> standing_;
    std::optional<WorkCalendar> calendar_;
};

}  // namespace yipan::api
