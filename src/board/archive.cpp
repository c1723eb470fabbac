#include "board/archive.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "board/core.h"
#include "board/log.h"
#include "board/tail.h"
#include "store/care.h"
#include "store/open.h"

namespace yipan::board {
namespace {
namespace json = boost::json;
using journal::Verb;
std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
constexpr std::int64_t progress_every = 5'000;

std::string eight_bytes(std::int64_t position) {
    std::string out;
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(position >> shift & 0xff);
    return out;
}
Result<std::vector<store::ArchiveLine>> lines_of(store::Store& store) {
    YIPAN_TRY(const auto text, store.meta("archives"));
    return store::read_archive_lines(text.value_or(""));
}
std::string absolute(const std::string& path) {
    char* real = ::realpath(path.c_str(), nullptr);
    const std::string out = real ? real : path;
    std::free(real);
    return out;
}
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Which bodies may go: what nothing of today's needs (0043).
class Choice {
  public:
    Choice(store::Store& store, const Core& core, std::int64_t to) : store_(store), shape_(core.shape), to_(to) {
        const std::size_t n = shape_->model->types.size();
        kept_.resize(n);
        records_.resize(n);
        for (std::size_t t = 0; t < n; ++t)
            for (const auto& d : core.plan->dependents_of(static_cast<int>(t))) kept_[t] = kept_[t] || d.any_version;
        if (const int cases = shape_->model->flow.cases; cases >= 0) kept_[at(cases)] = 1;
    }
    Status look(const Progress& progress) {
        for (const model::Type& type : shape_->model->types)
            YIPAN_TRY_VOID(store_.each(type.index, [&](const record::RecordPtr& r) {
                of(type.index, r->id.value).now = r->position.value;
                return true;
            }));
        YIPAN_TRY_VOID(each([&](const journal::Entry& e, int type) {
            if (type >= 0 && e.record > 0) of(type, e.record).gone = !journal::makes_version(e.verb);
            if (progress && e.position % progress_every == 0) progress(e.position, to_ * 2);
            return Status{};
        }));
        return each([&](const journal::Entry& e, int type) {
            if (!goes(e, type)) return Status{};
            ++bodies_;
            sum_.add(eight_bytes(e.position));
            return Status{};
        });
    }
    Status each(const std::function<Status(const journal::Entry&, int type)>& visit) {
        return store_.each_entry(1, to_, [&](const store::StoredEntry& stored) { return visit(stored.entry, shape_->type_of(stored.entry)); });
    }
    bool goes(const journal::Entry& e, int type) {
        if (e.salt[0].empty() || std::binary_search(moved_.begin(), moved_.end(), e.position)) return false;  // erased, or in an archive already
        if (e.verb == Verb::read) return true;
        if (e.verb != Verb::create && e.verb != Verb::amend && e.verb != Verb::move && e.verb != Verb::migrate) return false;
        if (type < 0 || kept_[at(type)] || e.record < 1) return false;
        const Known& r = of(type, e.record);
        return r.now ? r.now != e.position : r.gone;
    }
    Status forget_moved() {
        return store::care_of(store_)->each_moved([&](std::int64_t position, std::int64_t) {
            moved_.push_back(position);
            return Status{};
        });
    }
    std::int64_t bodies() const { return bodies_; }
    std::string positions() { return hex(sum_.finish()); }

  private:
    struct Known {
        std::int64_t now = 0;  // position of the present version; 0: there is none
        bool gone = false;     // at the cut
    };
    Known& of(int type, std::int64_t id) {
        auto& all = records_[at(type)];
        if (at(id) >= all.size()) all.resize(at(id) + at(id) / 2 + 16);
        return all[at(id)];
    }
    store::Store& store_;
    ShapePtr shape_;
    std::int64_t to_;
    std::vector<char> kept_;
    std::vector<std::vector<Known>> records_;  // by type and id
    std::vector<std::int64_t> moved_;  // ascending
    std::int64_t bodies_ = 0;
    Sha256 sum_;
};

// A board of one's own, for a transaction that changes no record.
struct Held {
    std::unique_ptr<Core> core;  // as it is read
    std::unique_ptr<store::Store> store;
    std::unique_ptr<Log> log;
    std::string origin;
    bool unsure = false;  // the commit was asked for

    static Result<Held> open(const std::string& board) {
        Held out;
        YIPAN_TRY(out.store, store::open(board, store::Access::write));
        Options reading;
        reading.read_only = true;
        auto core = Core::open(board, reading);
        if (!core) return fail(core.error().front());
        out.core = std::move(*core);
        if (out.core->damage) return fail(*out.core->damage);
        YIPAN_TRY_VOID(out.store->use(out.core->shape->model));
        YIPAN_TRY(const auto seed, out.store->meta("salt_seed"));
        out.log = std::make_unique<Log>(*out.store, Salts(seed.value_or("")));
        YIPAN_TRY_VOID(out.log->open());
        YIPAN_TRY(const auto first, out.store->entry(1));
        out.origin = journal::origin_of(first.leaf);
        return out;
    }
    Result<std::string> checkpoint(const ArchiveWish& wish) const {
        if (!wish.sign) return std::string();
        return wish.sign({origin, static_cast<std::uint64_t>(log->position()), log->root()});
    }
    /// The act that tells of it, and the end of the transaction it stands in.
    Status finish(json::object told, const ArchiveWish& wish, const std::vector<store::ArchiveLine>& lines) {
        const Instant now = core->clock->now();
        journal::Entry e;
        e.time = log->next_time(now);
        e.channel = wish.channel;
        e.verb = Verb::act;
        e.transaction = log->position() + 1;
        e.model_version = core->facts.model_version;
        e.effective = core->facts.zone.date_of(Instant{e.time}).days;
        std::vector<std::pair<std::string, json::value>> sorted;
        for (auto& [key, value] : told) sorted.emplace_back(std::string(key), value);
        std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        json::object in_order;
        for (auto& [key, value] : sorted) in_order.emplace(key, std::move(value));
        e.body[0] = json::serialize(in_order);
        YIPAN_TRY_VOID(log->append(e));
        YIPAN_TRY_VOID(store->put_tail(log->position(), encode_postings({})));
        YIPAN_TRY_VOID(store->set_head({log->position(), log->root()}));
        YIPAN_TRY_VOID(store->set_meta("archives", store::archive_lines_text(lines)));
        unsure = true;
        YIPAN_TRY_VOID(store->commit());
        return store->sync();
    }
};

// The last entry before a moment; times never run backwards.
Result<std::int64_t> last_before(store::Store& store, std::int64_t head, Instant moment) {
    std::int64_t from = 0, to = head;
    while (from < to) {
        const std::int64_t middle = from + (to - from + 1) / 2;
        YIPAN_TRY(const auto e, store.entry(middle));
        if (e.entry.time < moment.micros) from = middle;
        else to = middle - 1;
    }
    return from;
}
}  // namespace

Result<ArchiveDone> archive_bodies(const std::string& board, const ArchiveWish& wish, const Progress& progress) {
    YIPAN_TRY(Held held, Held::open(board));
    const std::int64_t head = held.log->position();
    std::int64_t to = std::min(wish.to.value, head);
    if (wish.before) {
        YIPAN_TRY(to, last_before(*held.store, head, held.core->facts.zone.start_of(*wish.before)));
    }
    Choice choice(*held.store, *held.core, to);
    YIPAN_TRY_VOID(choice.forget_moved());
    YIPAN_TRY_VOID(choice.look(progress));
    if (choice.bodies() == 0)
        return fail(Code::not_found, "entry " + std::to_string(to), "no body up to this entry may move: what is left is needed, erased or in an archive already", "a later cut");
    YIPAN_TRY(const std::string checkpoint, held.checkpoint(wish));
    YIPAN_TRY(const auto writer, store::ArchiveWriter::create(wish.file, held.origin, to, choice.bodies()));
    YIPAN_TRY_VOID(choice.each([&](const journal::Entry& e, int type) {
        if (progress && e.position % progress_every == 0) progress(to + e.position, to * 2);
        return choice.goes(e, type) ? writer->add(e.position, e.salt[0], e.body[0]) : Status{};
    }));
    YIPAN_TRY(const auto written, writer->finish());
    if (progress) progress(to * 2, to * 2);  // the file is whole; the board is as it was
    const std::int64_t number = head + 1;
    YIPAN_TRY(auto lines, lines_of(*held.store));
    lines.push_back({number, to, choice.bodies(), written.sha256, choice.positions(), absolute(wish.file)});
    const auto move = [&]() -> Status {
        YIPAN_TRY_VOID(held.store->begin());
        // What moves is read from the file that will have it.
        YIPAN_TRY(const auto file, store::ArchiveFile::open(wish.file));
        store::Care& care = *store::care_of(*held.store);
        for (std::int64_t i = 0; i < file->bodies(); ++i) {
            YIPAN_TRY(const auto one, file->at(i));
            YIPAN_TRY_VOID(care.move_out(one.position, journal::commitment_of(one.salt, one.body), number));
        }
        json::object told{{"act", "archive"},         {"bodies", choice.bodies()}, {"decider", wish.decider},         {"file", name_of(wish.file)},
                          {"note", wish.note},        {"positions", lines.back().positions}, {"sha256", written.sha256}, {"to", to}};
        if (!checkpoint.empty()) told["checkpoint"] = checkpoint;
        return held.finish(std::move(told), wish, lines);
    };
    if (const Status moved = move(); !moved) {
        held.store->rollback();
        if (!held.unsure) (void)std::remove(wish.file.c_str());  // nobody refers to it
        return fail(moved.error());
    }
    return ArchiveDone{Position(number), Position(to), choice.bodies(), written.bytes, written.sha256};
}

Result<ArchiveDone> restore_bodies(const std::string& board, const std::string& path, const ArchiveWish& who, const Progress& progress) {
    YIPAN_TRY(Held held, Held::open(board));
    YIPAN_TRY(const auto file, store::ArchiveFile::open(path));
    if (file->origin() != held.origin) return fail(Code::invalid_input, path, "is an archive of another board: " + file->origin(), "choose the board it belongs to");
    const std::string sha256 = file->sha256();
    YIPAN_TRY(auto lines, lines_of(*held.store));
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.sha256 == sha256; });
    if (line == lines.end())
        return fail(Code::invalid_input, path, "is none of the board's archives, or not as it was written: its SHA-256 is " + sha256, "yipan archive BOARD lists them with their hashes");
    const store::ArchiveLine restored = *line;
    lines.erase(line);
    const auto move = [&]() -> Status {
        YIPAN_TRY_VOID(held.store->begin());
        store::Care& care = *store::care_of(*held.store);
        for (std::int64_t i = 0; i < file->bodies(); ++i) {
            YIPAN_TRY(const auto one, file->at(i));
            YIPAN_TRY(const auto stored, held.store->entry(one.position));
            if (!stored.entry.commitment[0] || journal::commitment_of(one.salt, one.body) != *stored.entry.commitment[0])
                return fail(Code::corrupt, path, "its body of entry " + std::to_string(one.position) + " is not the one the journal knows", "run yipan verify");
            YIPAN_TRY_VOID(care.move_in(one.position, one.salt, one.body));
            if (progress && i % progress_every == 0) progress(i, file->bodies());
        }
        return held.finish({{"act", "archive_restored"}, {"archive", restored.number}, {"bodies", restored.bodies}, {"decider", who.decider}, {"note", who.note}, {"sha256", sha256}},
                           who, lines);
    };
    if (const Status moved = move(); !moved) {
        held.store->rollback();
        return fail(moved.error());
    }
    return ArchiveDone{Position(held.log->position()), Position(restored.to), restored.bodies, 0, sha256};
}

Result<store::ArchiveLine> attach_archive(const std::string& board, const std::string& path) {
    YIPAN_TRY(const auto file, store::ArchiveFile::open(path));
    const std::string sha256 = file->sha256();
    YIPAN_TRY(const auto store, store::open(board, store::Access::write));
    YIPAN_TRY(auto lines, lines_of(*store));
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.sha256 == sha256; });
    if (line == lines.end())
        return fail(Code::invalid_input, path, "is none of the board's archives, or not as it was written: its SHA-256 is " + sha256, "yipan archive BOARD lists them with their hashes");
    line->file = absolute(path);
    YIPAN_TRY_VOID(store->begin());
    Status done = store->set_meta("archives", store::archive_lines_text(lines));
    if (done) done = store->commit();
    if (done) done = store->sync();
    if (done) return *line;
    store->rollback();
    return fail(done.error());
}

Result<std::vector<ArchiveState>> archives_of(store::Store& store, const std::string& board) {
    YIPAN_TRY(const auto lines, lines_of(store));
    std::vector<ArchiveState> out;
    for (const auto& line : lines) out.push_back({line, store::archive_at(board, line)});
    return out;
}

void verify_archives(store::Store& store, const std::string& board, VerifyReport& report) {
    const auto problem = [&](std::string where, std::string what) { report.problems.push_back({Code::corrupt, std::move(where), std::move(what), "restore a backup"}); };
    const auto all = archives_of(store, board);
    if (!all) return problem("archives", all.error().message);
    struct Seen {
        std::int64_t bodies = 0;
        Sha256 sum;
    };
    std::map<std::int64_t, Seen> seen;
    const Status read = store::care_of(store)->each_moved([&](std::int64_t position, std::int64_t number) {
        Seen& s = seen[number];
        ++s.bodies;
        s.sum.add(eight_bytes(position));
        return Status{};
    });
    if (!read) return problem("archives", read.error().message);
    for (const auto& [line, at] : *all) {
        const std::string place = "archive " + std::to_string(line.number);
        const auto act = store.entry(line.number);
        const std::string says = "\"sha256\":\"" + line.sha256 + "\"", positions = "\"positions\":\"" + line.positions + "\"";
        if (!act || act->entry.verb != journal::Verb::act || act->entry.body[0].find(says) == std::string::npos || act->entry.body[0].find(positions) == std::string::npos)
            problem(place, "the entry that tells of it does not say what the board's list says");
        Seen& s = seen[line.number];
        if (s.bodies != line.bodies || hex(s.sum.finish()) != line.positions)
            problem(place, "it took " + std::to_string(line.bodies) + " bodies, and other rows are marked as its own (" + std::to_string(s.bodies) + ")");
        seen.erase(line.number);
        if (at.empty()) {  // its hash stands in the journal; whoever has the file compares
            report.archived += line.bodies;
            report.archives_missing.push_back(name_of(line.file) + " (SHA-256 " + line.sha256 + ")");
            continue;
        }
        const auto file = store::ArchiveFile::open(at);
        if (!file) {
            problem(at, file.error().message);
            continue;
        }
        const bool whole = (*file)->sha256() == line.sha256;
        std::int64_t named = 0;
        for (std::int64_t i = 0; !whole && i < (*file)->bodies(); ++i) {
            const auto one = (*file)->at(i);
            const auto entry = one ? store.entry(one->position) : Result<store::StoredEntry>(fail(one.error()));
            const bool good = one && entry && entry->entry.commitment[0] && journal::commitment_of(one->salt, one->body) == *entry->entry.commitment[0];
            if (!good && ++named <= 10) problem(at, one ? "its body of entry " + std::to_string(one->position) + " is not the one the journal knows" : one.error().message);
        }
        if (!whole) problem(at, "does not have the SHA-256 that entry " + std::to_string(line.number) + " tells: " + line.sha256);
    }
    for (const auto& [number, s] : seen) problem("archive " + std::to_string(number), std::to_string(s.bodies) + " rows are marked as its own, and the board has no such archive");
    report.ok = report.problems.empty();
}

}  // namespace yipan::board
