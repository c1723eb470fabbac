#pragma once
// Who answers for a record, and what of all that a reader may see is lit: the lamps of the records, looked at once for
// each reader and position and kept for whoever asks next (the board, the list of lights, the workplace).
#include <list>

#include "api/call.h"
#include "api/values.h"
#include "flow/fields.h"
#include "report/light.h"

namespace yipan::api {

constexpr std::int64_t lit_looked_at_max = 500'000;  // records looked at for lights
constexpr std::size_t surveys_kept_max = 32;

/// Who holds the post today; 0: nobody.
RecordId holder_of(const access::Directory& directory, RecordId post);
/// {post, person}
void write_responsible(JsonText& out, Call& call, Shower& shower, const record::Record& record);

struct Lit {
    int light = -1;
    model::Colour colour = model::Colour::none;
    std::optional<Decimal> behind;
    record::RecordPtr record;
    RecordId post;          // that answers for it
    std::int64_t unit = 0;  // of the post
    std::optional<Date> due;
};
struct Survey {
    std::vector<Lit> lit;  // with a colour; by light, then id
    bool cut = false;      // more records than lit_looked_at_max
};
class Surveys {
  public:
    std::shared_ptr<const Survey> of(Call& call);

  private:
    struct Kept {
        std::int64_t position = 0, person = 0, post = 0;
        Date today;
        std::shared_ptr<const Survey> survey;
    };
    std::mutex mutex_;
    std::list<Kept> kept_;
};

/// Working days from today until `due`, negative when it is past; none beyond the calendar's reach.
std::optional<int> workdays_left(const WorkCalendar& calendar, Date today, Date due);

}  // namespace yipan::api
