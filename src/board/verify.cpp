#include "board/verify.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "board/log.h"
#include "store/archive.h"
#include "store/open.h"
#include "store/pages.h"

namespace yipan::board {
namespace {
constexpr std::size_t problems_max = 100;
constexpr std::int64_t progress_every = 5'000;

/// Things read by one thread and looked at by another, in their order; two batches at most are under way, and their
/// memory is used again.
template <class T>
class Pipe {
  public:
    explicit Pipe(std::function<void(T&)> look) : look_(std::move(look)) {
        for (Batch& batch : batches_) batch.items.resize(batch_items);
        thread_ = std::thread([this] { loop(); });
    }
    ~Pipe() { finish(); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    /// To be filled before the next call.
    T& next() {
        if (batches_[filling_].used == batch_items) hand_over();
        return batches_[filling_].items[batches_[filling_].used++];
    }
    void finish() {
        if (!thread_.joinable()) return;
        hand_over();
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        turn_.notify_all();
        thread_.join();
    }

  private:
    static constexpr std::size_t batch_items = 1'024;
    struct Batch {
        std::vector<T> items;
        std::size_t used = 0;
        bool full = false;
    };
    void hand_over() {
        std::unique_lock lock(mutex_);
        batches_[filling_].full = true;
        turn_.notify_all();
        filling_ ^= 1;
        turn_.wait(lock, [&] { return !batches_[filling_].full; });
        batches_[filling_].used = 0;
    }
    void loop() {
        for (std::size_t at = 0;; at ^= 1) {
            {
                std::unique_lock lock(mutex_);
                turn_.wait(lock, [&] { return batches_[at].full || over_; });
                if (!batches_[at].full) return;
            }
            for (std::size_t i = 0; i < batches_[at].used; ++i) look_(batches_[at].items[i]);
            {
                const std::lock_guard lock(mutex_);
                batches_[at].full = false;
            }
            turn_.notify_all();
        }
    }

    std::function<void(T&)> look_;
    std::array<Batch, 2> batches_;
    std::size_t filling_ = 0;
    bool over_ = false;
    std::mutex mutex_;
    std::condition_variable turn_;
    std::thread thread_;
};

// Reading and hashing take about the same time, so they go on two threads. Of the entry that made a record's last
// version the journal's pass keeps a fingerprint of its bodies; the pass over the rows compares with that, and asks for
// the entry itself only when the two differ or a mark or another model stands in between.
class Verifier {
  public:
    Verifier(store::Store& store, ShapePtr shape, const Progress& progress)
        : store_(store), shape_(std::move(shape)), progress_(progress) {
        last_.resize(shape_->model->types.size());
    }

    VerifyReport run() {
        const auto head = store_.head();
        if (!head) return problem("head", head.error().message), std::move(report_);
        total_ = head->position;
        entries(head->position);
        report_.root = frontier_.root();
        if (report_.problems.empty() && static_cast<std::int64_t>(frontier_.size()) != head->position)
            problem("entry " + std::to_string(frontier_.size() + 1),
                    "is missing: the journal should have " + std::to_string(head->position) + " entries");
        if (report_.problems.empty() && frontier_.root() != head->root)
            problem("root", "the Merkle root is not the stored one");
        for (const auto& type : shape_->model->types) rows(type);
        report_.ok = report_.problems.empty();
        return std::move(report_);
    }

  private:
    struct Last {
        std::int64_t position = 0;
        std::int32_t version = 0;
        bool removed = false;
        bool seen = false;
        std::uint8_t missing = 0;  // groups whose body is gone and no erasure has accounted for yet
        bool plain = false;        // under the present model, without marks: the fingerprint says it all
        std::uint64_t fingerprint = 0;
    };
    std::uint64_t fingerprint(const std::array<std::string, journal::group_count>& bodies, std::int64_t previous,
                              std::int32_t effective) const {
        std::uint64_t out = seed_ ^ static_cast<std::uint64_t>(previous) ^ static_cast<std::uint64_t>(effective) << 40;
        for (const std::string& body : bodies) out = XXH3_64bits_withSeed(body.data(), body.size(), out);
        return out;
    }

    void problem(std::string where, std::string what) {
        const std::lock_guard lock(problems_mutex_);  // both threads find some
        if (report_.problems.size() < problems_max)
            report_.problems.push_back({Code::corrupt, std::move(where), std::move(what), ""});
    }

    void entries(std::int64_t to) {
        Digest before{};
        std::int64_t expected = 1, time = INT64_MIN, read = 0;
        Pipe<store::StoredEntry> pipe([&](const store::StoredEntry& stored) {
            const journal::Entry& e = stored.entry;
            if (e.position != expected) problem("entry " + std::to_string(expected), "is missing");
            expected = e.position + 1;
            if (journal::leaf_of(e, before) != stored.leaf)
                problem(place(e), "does not match its hash: header, body, salt or the entry before was changed");
            if (e.time < time) problem(place(e), "is dated before the entry before it");
            time = e.time;
            before = stored.leaf;
            frontier_.append(stored.leaf, [&](unsigned level, std::uint64_t index, const Digest& hash) {
                if (level > 0 && level % Log::node_level == 0) nodes_.push_back({level, index, hash});
            });
            version(e);
            ++report_.entries;
        });
        const auto ok = store_.each_entry(1, to, [&](const store::StoredEntry& stored) -> Status {
            pipe.next() = stored;
            if (progress_ && ++read % progress_every == 0) progress_(read, total_ * 2);
            return {};
        });
        pipe.finish();
        if (!ok) problem(ok.error().where.empty() ? "journal" : ok.error().where, ok.error().message);
        for (const Node& n : nodes_) {
            ++report_.nodes;
            const auto node = store_.node(static_cast<int>(n.level), static_cast<std::int64_t>(n.index));
            if (!node || !*node || **node != n.hash)
                problem("node " + std::to_string(n.level) + "/" + std::to_string(n.index),
                        "is missing or differs from the entries below it");
        }
    }

    static std::string place(const journal::Entry& e) { return "entry " + std::to_string(e.position); }
    void version(const journal::Entry& e) {
        if (e.type.empty()) return;
        const int type = shape_->type_of(e);
        if (type < 0) return;  // the model no longer has it
        auto& records = last_[static_cast<std::size_t>(type)];
        if (e.record < 1) return problem(place(e), "names no record");
        if (static_cast<std::size_t>(e.record) >= records.size())
            records.resize(static_cast<std::size_t>(e.record) + static_cast<std::size_t>(e.record) / 2 + 16);
        Last& last = records[static_cast<std::size_t>(e.record)];
        if (e.version != last.version + 1 || e.previous != last.position)
            problem(place(e), "is version " + std::to_string(e.version) + " of " + e.type + " " +
                                  std::to_string(e.record) + " after version " + std::to_string(last.version));
        const bool gone = e.verb == journal::Verb::expunge ? last.removed : !journal::makes_version(e.verb);
        last.position = e.position;
        last.version = e.version;
        last.removed = gone;
        last.plain =
            e.model_version == shape_->version &&
            (e.verb == journal::Verb::create || e.verb == journal::Verb::amend || e.verb == journal::Verb::move);
        if (last.plain) last.fingerprint = fingerprint(e.body, e.previous, e.effective);
        bodies(e, last);
    }

    // A body may be missing only where a later entry of the same record says that it was erased.
    void bodies(const journal::Entry& e, Last& last) {
        if (e.verb == journal::Verb::erase || e.verb == journal::Verb::expunge) {
            const auto marks = record::marks_of(e.body[0]);
            if (!marks) return problem(place(e), marks.error().message);
            last.missing = static_cast<std::uint8_t>(last.missing & ~record::groups_named(marks->erased));
        }
        for (std::size_t g = 0; g < journal::group_count; ++g)
            if (e.commitment[g] && e.salt[g].empty() && !(g == 0 && store::archived(e))) last.missing = static_cast<std::uint8_t>(last.missing | 1U << g);
    }

    void rows(const model::Type& type) {
        auto& records = last_[static_cast<std::size_t>(type.index)];
        const auto& codec = shape_->codecs[static_cast<std::size_t>(type.index)];
        std::mutex mutex;
        std::vector<record::RecordPtr> doubtful;  // to be compared with their entries; guarded by `mutex`
        std::array<std::string, journal::group_count> body;
        Pipe<record::RecordPtr> pipe([&](record::RecordPtr& r) {
            ++report_.records;
            const auto index = static_cast<std::size_t>(r->id.value);
            if (r->id.value < 1 || index >= records.size() || records[index].position == 0 || records[index].removed)
                return problem(type.code + " " + std::to_string(r->id.value), "has no entry in the journal");
            Last& last = records[index];
            last.seen = true;
            if (r->version != last.version || r->position.value != last.position)
                return problem(type.code + " " + std::to_string(r->id.value), "is not the version its last entry made");
            if (last.plain && !r->voided) {
                for (int g = 0; g < record::group_count; ++g)
                    codec.encode(*r, static_cast<model::FieldGroup>(g), body[static_cast<std::size_t>(g)]);
                if (fingerprint(body, r->previous.value, r->effective.days) == last.fingerprint) return;
            }
            const std::lock_guard lock(mutex);
            doubtful.push_back(std::move(r));
        });
        const auto settle = [&] {
            std::vector<record::RecordPtr> some;
            {
                const std::lock_guard lock(mutex);
                some.swap(doubtful);
            }
            for (const record::RecordPtr& r : some) compare(type, *r);
        };
        std::int64_t read = 0;
        const auto ok = store_.each(type.index, [&](const record::RecordPtr& r) {
            pipe.next() = r;
            if (++read % settle_every == 0) settle();
            if (progress_ && read % progress_every == 0)
                progress_(std::min(total_ + rows_before_ + read, total_ * 2), total_ * 2);
            return true;
        });
        pipe.finish();
        settle();
        rows_before_ += read;
        if (!ok) problem(type.code, ok.error().message);
        for (std::size_t id = 1; id < records.size(); ++id)
            if (records[id].position && !records[id].removed && !records[id].seen)
                problem(type.code + " " + std::to_string(id),
                        "is missing; entry " + std::to_string(records[id].position) + " made it");
        for (std::size_t id = 1; id < records.size(); ++id)
            if (records[id].missing)
                problem(type.code + " " + std::to_string(id), "lacks the body of an entry (" +
                                                                  record::group_names(records[id].missing) +
                                                                  "), and no erasure accounts for it");
    }

    // A row against the entry that made it.
    void compare(const model::Type& type, const record::Record& r) {
        const auto& codec = shape_->codecs[static_cast<std::size_t>(type.index)];
        const std::string place = type.code + " " + std::to_string(r.id.value);
        const std::string differs = "differs from entry " + std::to_string(r.position.value);
        const auto stored = store_.entry(r.position.value);
        if (!stored) return problem(place, stored.error().message);
        if (r.previous.value != stored->entry.previous || r.effective.days != stored->entry.effective)
            problem(place, differs);
        if (stored->entry.model_version != shape_->version) {  // written under an earlier model
            const auto carried = shape_->eras->carry(stored->entry, shape_->version);
            if (!carried)
                problem(place, carried.error().text());
            else if (carried->values != r.values || carried->marks.voided != r.voided)
                problem(place, differs + " that made it");
            return;
        }
        const auto said = record::marks_of(stored->entry.body[0]);
        std::string body;
        for (int g = 0; g < record::group_count; ++g) {
            codec.encode(r, static_cast<model::FieldGroup>(g), body, said ? &*said : nullptr);
            if (body != stored->entry.body[static_cast<std::size_t>(g)]) problem(place, differs + " that made it");
        }
    }

    struct Node {
        unsigned level = 0;
        std::uint64_t index = 0;
        Digest hash{};
    };
    static constexpr std::int64_t settle_every = 1'024;

    store::Store& store_;
    ShapePtr shape_;
    const Progress& progress_;
    const std::uint64_t seed_ = std::random_device{}() | static_cast<std::uint64_t>(std::random_device{}()) << 32;
    std::mutex problems_mutex_;
    std::vector<Node> nodes_;  // of the tree, as the entries make them
    std::int64_t rows_before_ = 0;
    VerifyReport report_;
    journal::Frontier frontier_;
    std::int64_t total_ = 0;
    std::vector<std::vector<Last>> last_;
};

void member(std::string& out, std::string_view name, std::int64_t value) {
    out.append(",\"").append(name).append("\":").append(std::to_string(value));
}
std::string wide(__int128 v) {
    if (v == 0) return "0";
    const bool negative = v < 0;
    std::string out;
    for (auto u = negative ? -static_cast<unsigned __int128>(v) : static_cast<unsigned __int128>(v); u > 0; u /= 10)
        out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(u % 10)));
    return negative ? "-" + out : out;
}
}  // namespace

void verify_pages(const std::string& path, VerifyReport& report, const Progress& progress) {
    if (store::is_address(path)) return;  // a database has pages of its own (pg_checksums); its rows are verified
    const auto pages = store::check_pages(path, progress);
    if (!pages) return report.problems.push_back(pages.error());
    report.pages = pages->pages;
    report.damaged_pages = pages->damaged;
    report.log_frames = pages->frames;
    report.log_note = pages->log_note;
    for (Error& e : store::page_problems(*pages)) report.problems.push_back(std::move(e));
}

void add_pages(VerifyReport pages, VerifyReport& report) {
    report.pages = pages.pages;
    report.damaged_pages = pages.damaged_pages;
    report.log_frames = pages.log_frames;
    report.log_note = std::move(pages.log_note);
    report.problems.insert(report.problems.begin(), pages.problems.begin(), pages.problems.end());
    report.ok = report.problems.empty();
}

VerifyReport verify_store(store::Store& store, const ShapePtr& shape, const Progress& progress) {
    return Verifier(store, shape, progress).run();
}

// One JSON object a line: the records of each type in id order, the journal, the counters, the cells of the figures.
// Same facts, same bytes, whatever store or batching they went through (I7).
Status dump_store(store::Store& store, const ShapePtr& shape, Snapshot& snapshot,
                  const std::function<void(std::string_view)>& out) {
    const model::Model& model = *shape->model;
    std::string line, body;
    std::vector<int> order;
    for (const auto& type : model.types) order.push_back(type.index);
    std::sort(order.begin(), order.end(), [&](int a, int b) {
        return model.types[static_cast<std::size_t>(a)].code < model.types[static_cast<std::size_t>(b)].code;
    });
    for (const int t : order) {
        YIPAN_TRY_VOID(store.each(t, [&](const record::RecordPtr& r) {
            line = "{\"record\":\"" + model.types[static_cast<std::size_t>(t)].code + "\"";
            member(line, "id", r->id.value);
            member(line, "version", r->version);
            member(line, "position", r->position.value);
            member(line, "effective", r->effective.days);
            if (r->voided) member(line, "void", 1);
            for (int g = 0; g < record::group_count; ++g) {
                shape->codecs[static_cast<std::size_t>(t)].encode(*r, static_cast<model::FieldGroup>(g), body);
                if (!body.empty())
                    line.append(g == 0 ? ",\"plain\":" : g == 1 ? ",\"personal\":" : ",\"attachment\":").append(body);
            }
            line += "}";
            out(line);
            return true;
        }));
        YIPAN_TRY_VOID(store.each_redirect(t, [&](const store::Store::Redirect& r) {
            line = "{\"redirect\":\"" + model.types[static_cast<std::size_t>(t)].code + "\"";
            member(line, "id", r.record);
            member(line, "into", r.into);
            line += ",\"key\":";
            record::append_json_text(line, r.key);
            out(line + "}");
        }));
    }
    YIPAN_TRY_VOID(store.each_entry(1, snapshot.position().value, [&](const store::StoredEntry& stored) -> Status {
        const journal::Entry& e = stored.entry;
        line = "{\"entry\":" + std::to_string(e.position);
        member(line, "time", e.time);
        member(line, "actor", e.actor);
        member(line, "post", e.post);
        line += ",\"channel\":";
        record::append_json_text(line, e.channel);
        line.append(",\"verb\":\"")
            .append(journal::verb_name(e.verb))
            .append("\",\"type\":\"")
            .append(e.type)
            .append("\"");
        member(line, "record", e.record);
        member(line, "version", e.version);
        member(line, "previous", e.previous);
        member(line, "transaction", e.transaction);
        member(line, "model", e.model_version);
        member(line, "effective", e.effective);
        for (std::size_t g = 0; g < journal::group_count; ++g) {
            constexpr const char* names[] = {"plain", "personal", "attachment"};
            if (!e.body[g].empty() && !(g == 0 && store::archived(e))) line.append(",\"").append(names[g]).append("\":").append(e.body[g]);
            if (e.commitment[g])
                line.append(",\"commitment_")
                    .append(names[g])
                    .append("\":\"")
                    .append(hex(*e.commitment[g]))
                    .append("\"");
        }
        line += ",\"leaf\":\"" + hex(stored.leaf) + "\"}";
        out(line);
        return {};
    }));
    YIPAN_TRY_VOID(store.each_attachment([&](const store::Store::Attachment& a) -> Status {
        if (!a.complete) return {};
        line = "{\"attachment\":\"" + a.hash + "\"";
        member(line, "bytes", a.bytes);
        out(line + "}");
        return {};
    }));
    YIPAN_TRY_VOID(store.each_counter([&](std::string_view name, std::int64_t value) {
        line = "{\"counter\":";
        record::append_json_text(line, name);
        member(line, "value", value);
        out(line + "}");
    }));
    snapshot.each_cell([&](const figure::CellKey& k, __int128 sum, std::int64_t count) {
        line = "{\"cell\":\"" + model.figures[static_cast<std::size_t>(k.figure)].code + "\"";
        member(line, "unit", k.unit);
        member(line, "slot", k.slot);
        member(line, "d1", k.d1);
        member(line, "d2", k.d2);
        line += ",\"sum\":" + wide(sum);
        member(line, "count", count);
        out(line + "}");
    });
    return {};
}

}  // namespace yipan::board
