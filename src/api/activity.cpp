#include "api/activity.h"

#include <algorithm>

namespace yipan::api {

// Under the lock. Entries after the snapshot's position wait for the next question.
Status Activity::catch_up(board::Board& board, board::Snapshot& snapshot) {
    const Date today = snapshot.today();
    const std::int64_t now = snapshot.position().value;
    if (model_ != board.model() || position_ == 0) {
        model_ = board.model();
        position_ = std::max<std::int64_t>(0, now - activity_entries_max);
        did_.clear();
        day_ = {};
    }
    const Instant begins = board.zone().start_of(today);
    if (day_ != today) {  // entries are in the order of time: find the first of this day
        std::int64_t low = 0, high = now;
        while (low < high) {
            const std::int64_t middle = low + (high - low + 1) / 2;
            YIPAN_TRY(const board::Entry entry, snapshot.entry(Position{middle}));
            if (entry.time < begins) low = middle;
            else high = middle - 1;
        }
        day_ = today;
        before_ = Position{low};
        types_.clear();
        // What was read before this day was known is read again, as far as it is of today.
        position_ = std::min(position_, std::max(low, now - activity_entries_max));
        did_.clear();
    }
    if (position_ >= now) return {};
    YIPAN_TRY_VOID(snapshot.each_entry(Position{position_ + 1}, Position{now}, [&](const board::Entry& e) {
        if (e.record.value > 0 && e.type >= 0) {
            if (e.time >= begins) types_.insert(e.type);
            if (e.actor.value > 0) {
                auto& list = did_[{e.actor.value, e.post.value}];
                list.push_front({e.position.value, e.time, e.type, e.record, e.verb});
                if (list.size() > activity_kept_max) list.pop_back();
            }
        }
        return true;
    }));
    position_ = now;
    return {};
}

std::vector<Activity::Did> Activity::of(board::Board& board, board::Snapshot& snapshot, RecordId person, RecordId post) {
    const std::lock_guard lock(mutex_);
    if (!catch_up(board, snapshot)) return {};
    const auto list = did_.find({person.value, post.value});
    return list == did_.end() ? std::vector<Did>{} : std::vector<Did>(list->second.begin(), list->second.end());
}

Result<Activity::Day> Activity::today(board::Board& board, board::Snapshot& snapshot) {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY_VOID(catch_up(board, snapshot));
    return Day{before_, types_};
}

}  // namespace yipan::api
