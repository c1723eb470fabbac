#include "board/past.h"

#include <set>
#include <unordered_map>

namespace yipan::board {
namespace {
constexpr auto plain = static_cast<std::size_t>(model::FieldGroup::plain);
std::size_t at(int i) { return static_cast<std::size_t>(i); }

// The records as they stood after an entry.
class PastWorld final : public record::Resolver {
  public:
    PastWorld(store::Store& store, ShapePtr shape)
        : store_(store), shape_(std::move(shape)), versions_(store, shape_) {}

    Status look(std::int64_t position) {
        last_.resize(shape_->model->types.size());
        return store_.each_entry(1, position, [&](const store::StoredEntry& e) -> Status {
            const int type = shape_->type_of(e.entry);
            if (type < 0 || e.entry.record == 0) return {};
            const bool there = journal::makes_version(e.entry.verb);
            last_[at(type)][e.entry.record] = {e.entry.position, there};
            return {};
        });
    }
    template <class Visit>
    void each(int type, const Visit& visit) {
        for (const auto& [id, last] : last_[at(type)])
            if (last.there)
                if (const auto r = current(type, RecordId(id))) visit(r);
    }
    record::RecordPtr current(int type, RecordId id) override {
        if (type < 0) return nullptr;
        const auto known = last_[at(type)].find(id.value);
        if (known == last_[at(type)].end() || !known->second.there) return nullptr;
        return version(known->second.position, type);
    }
    record::RecordPtr valid_on(int type, RecordId id, Date day) override {
        record::RecordPtr best, oldest;
        record::RecordPtr v = current(type, id);
        for (std::int64_t position = v ? v->position.value : 0; position > 0;) {
            const auto stored = store_.entry(position);
            if (!stored) return keep(stored.error());
            if (journal::makes_version(stored->entry.verb)) {
                const auto made = versions_.version_of(stored->entry, type);
                if (!made) return keep(made.error());
                oldest = *made;
                if ((*made)->effective <= day && (!best || (*made)->effective > best->effective)) best = *made;
            }
            position = stored->entry.previous;
        }
        return best ? best : oldest;
    }
    std::optional<Error> error;
    /// Of records there were then and whose bodies have been erased since: nobody can say any more what they were.
    std::set<std::pair<int, std::int64_t>> blank;

  private:
    struct Last {
        std::int64_t position = 0;
        bool there = false;
    };
    record::RecordPtr keep(const Error& e) {
        if (!error) error = e;
        return nullptr;
    }
    record::RecordPtr version(std::int64_t position, int type) {
        const auto stored = store_.entry(position);
        if (!stored) return keep(stored.error());
        if (stored->entry.body[plain].empty() && stored->entry.commitment[plain]) {
            blank.emplace(type, stored->entry.record);
            return nullptr;
        }
        const auto made = versions_.version_of(stored->entry, type);
        return made ? *made : keep(made.error());
    }
    store::Store& store_;
    ShapePtr shape_;
    World versions_;
    std::vector<std::unordered_map<std::int64_t, Last>> last_;  // by type
};
}  // namespace

Result<std::unique_ptr<PastBook>> PastBook::count(store::Store& store, ShapePtr shape, int figure,
                                                  std::int64_t position, std::vector<figure::Link> links) {
    auto out = std::make_unique<PastBook>();
    out->position_ = position;
    out->figure_ = figure;
    out->shape_ = shape;
    const model::Model& model = *shape->model;
    std::set<int> wanted;  // plain figures
    std::vector<int> open{figure};
    while (!open.empty()) {
        const model::Figure& f = model.figures[at(open.back())];
        open.pop_back();
        if (!f.derived()) wanted.insert(f.index);
        for (const auto& part : f.parts) open.push_back(part.figure);
    }
    PastWorld world(store, shape);
    YIPAN_TRY_VOID(world.look(position));
    auto plan = std::make_shared<const figure::Plan>(model);
    out->book_ = std::make_unique<figure::Book>(plan, out->runs_);
    YIPAN_TRY_VOID(out->book_->open());
    std::vector<figure::Contribution> made;
    std::vector<figure::Posting> postings;
    Status status;
    for (const int f : wanted)
        world.each(model.figures[at(f)].type, [&](const record::RecordPtr& r) {
            made.clear();
            if (auto ok = plan->contributions({f}, *r, world, made); !ok && status) status = ok;
            for (const auto& c : made) postings.push_back({c, 1, r->id.value, +1});
        });
    if (!status) return fail(status.error());
    if (world.error) return fail(*world.error);
    if (!world.blank.empty())
        return fail({Code::not_found, "",
                     "today's definition needs the bodies of the records there were then, and " +
                         std::to_string(world.blank.size()) + " of them have been erased since",
                     "ask by the definition then in force; its figures stay as they were"});
    out->book_->apply(postings, 1);
    out->book_->set_links(std::move(links));
    return out;
}

}  // namespace yipan::board
