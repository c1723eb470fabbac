#include "yard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <map>
#include <random>
#include <set>

#include "base/check.h"
#include "tiny_model.h"

namespace yipan::property {
namespace {

constexpr const char* birthday = "2026-05-15T04:00:00Z";

board::Board::Birth birth_of(const std::vector<model::SourceFile>& files) {
    board::Board::Birth birth;
    birth.name = "tiny";
    birth.note = "fictional";
    birth.salt_seed = "tiny";
    birth.frozen_clock = *Instant::parse(birthday);
    birth.model = files;
    return birth;
}

Date day_of(std::uint8_t byte) { return Date::of(2025, 10, 1)->plus_days(byte * 2); }  // to February 2027

/// A value for a field from one byte; unset now and then.
record::Value value_of(const model::Field& field, std::uint8_t byte) {
    if (byte % (field.required ? 32 : 8) == 7) return {};  // what is required is left out now and then: a refusal
    switch (field.kind) {
        case model::FieldKind::date: return std::int64_t{day_of(byte).days};
        case model::FieldKind::period: {
            const int year = 2025 + byte % 2, month = 1 + byte / 2 % 12;
            return (byte % 3 == 0 ? Period::year_to_date(year, month) : Period::month(year, month)).encoded();
        }
        case model::FieldKind::boolean: return std::int64_t{byte % 2};
        case model::FieldKind::choice: return field.choices[byte % field.choices.size()].code;
        case model::FieldKind::money: return (std::int64_t{byte} - (field.min ? 0 : 60)) * 37;
        case model::FieldKind::decimal: return std::int64_t{byte} - 100;
        case model::FieldKind::integer: return std::int64_t{byte} - 20;
        case model::FieldKind::text: return fmt::format("t{}", byte % 5);
        default: return {};
    }
}

/// The version that an entry tells, read from its bodies.
record::RecordPtr version_of(const model::Model& model, const board::Entry& entry) {
    const model::Type& type = model.types[static_cast<std::size_t>(entry.type)];
    auto version = std::make_shared<record::Record>();
    version->type = entry.type;
    version->id = entry.record;
    version->version = entry.version;
    version->position = entry.position;
    version->previous = entry.previous;
    version->effective = entry.effective;
    version->values.resize(type.fields.size());
    for (const std::string* body : {&entry.plain, &entry.personal, &entry.attachment}) {
        if (body->empty()) continue;
        boost::system::error_code error;
        const boost::json::value parsed = boost::json::parse(*body, error);
        if (error || !parsed.is_object()) return nullptr;
        for (const auto& [key, value] : parsed.get_object()) {
            const std::string_view name(key.data(), key.size());
            if (name.starts_with("yipan_")) {  // what the entry says beside the values
                version->voided = version->voided || name == "yipan_void";
                continue;
            }
            const int field = type.find(name);
            if (field < 0) return nullptr;
            if (value.is_string())
                version->values[static_cast<std::size_t>(field)] = std::string(value.get_string());
            else if (value.is_int64())
                version->values[static_cast<std::size_t>(field)] = value.get_int64();
            else
                return nullptr;
        }
    }
    return version;
}

bool same_versions(const std::vector<oracle::Version>& told, const std::vector<record::RecordPtr>& history) {
    std::vector<record::RecordPtr> versions;
    for (const auto& t : told)
        if (t.record) versions.push_back(t.record);  // a removal is not a version
    if (versions.size() != history.size()) return false;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const record::Record &a = *versions[i], &b = *history[i];
        if (a.voided != b.voided || a.id != b.id || a.version != b.version || a.position != b.position ||
            a.previous != b.previous || a.effective != b.effective || a.values != b.values)
            return false;
    }
    return true;
}

}  // namespace

Folder::Folder() {
    static std::atomic<int> next = 0;
    path_ = std::filesystem::temp_directory_path() / fmt::format("yipan-property-{}-{}", ::getpid(), next++);
    std::filesystem::create_directories(path_);
}
Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Yard::Yard(const std::vector<model::SourceFile>& files) : clock_(*Instant::parse(birthday)) {
    auto made = board::Board::create(path(), birth_of(files));
    if (!made) std::fprintf(stderr, "%s\n", text_of(made.error()).c_str());
    YIPAN_CHECK(made.has_value());
    board_ = std::move(*made);
    model_ = board_->model();
    world_ = std::make_unique<oracle::World>(*model_);
    YIPAN_CHECK(catch_up().empty());
    const std::string wrong = apply(ground());
    if (!wrong.empty() || accepted_ != 1) std::fprintf(stderr, "the ground was not laid: %s\n", wrong.c_str());
    YIPAN_CHECK(wrong.empty() && accepted_ == 1);
}

// Two areas, three organs under one another, two projects: something to stand on, so that random steps mean something.
board::Draft Yard::ground() const {
    board::Draft draft;
    draft.channel = "demo";
    draft.idempotency_key = "ground";
    const auto create = [&](const char* code, std::vector<std::pair<const char*, record::Value>> values) {
        board::Change change;
        change.type = model_->find_type(code);
        change.effective = *Date::of(2025, 1, 1);
        for (auto& [field, value] : values)
            change.set.emplace_back(model_->types[static_cast<std::size_t>(change.type)].find(field), std::move(value));
        draft.changes.push_back(std::move(change));
        return -static_cast<std::int64_t>(draft.changes.size());
    };
    const auto old_area = create("area", {{"code", "a1"}, {"kind", "old"}});
    const auto new_area = create("area", {{"code", "a2"}, {"kind", "new"}});
    const auto top = create("organ", {{"code", "o1"}, {"area", old_area}});
    const auto left = create("organ", {{"code", "o2"}, {"area", new_area}});
    const auto right = create("organ", {{"code", "o3"}});
    create("organ_link", {{"upper", top}, {"lower", left}});
    create("organ_link", {{"upper", top}, {"lower", right}, {"valid_from", std::int64_t{Date::of(2026, 2, 1)->days}}});
    create("project",
           {{"code", "p1"}, {"organ", left}, {"rank", "city"}, {"started", std::int64_t{Date::of(2026, 1, 10)->days}}});
    create("project", {{"code", "p2"}, {"organ", right}, {"rank", "provincial"}, {"total", std::int64_t{5000}}});
    return draft;
}

std::string Yard::reopen() {
    board_.reset();
    auto opened = board::Board::open(path());
    if (!opened) return text_of(opened.error());
    board_ = std::move(*opened);
    return {};
}

std::string Yard::change_model(const std::vector<model::SourceFile>& files, const std::string& migrations) {
    board::ModelChange change;
    change.files = files;
    change.channel = "demo";
    if (!migrations.empty()) change.migration = model::SourceFile{"m.yaml", "migrations:\n" + migrations};
    return reshape(std::move(change));
}
std::string Yard::step_back() {
    board::ModelChange change;
    change.back = true;
    change.channel = "demo";
    return reshape(std::move(change));
}
std::string Yard::reshape(board::ModelChange change) {
    const auto preview = board_->preview_model(change);
    const auto done = board_->change_model(change);
    if (!done) {
        ++refused_;
        if (preview ? preview->refused != done.error() : preview.error() != done.error())
            return "the preview and the change disagree: " + text_of(done.error());
        return board_->snapshot()->position() == seen_ ? "" : "a refused change of the model wrote entries";
    }
    ++accepted_;
    if (!preview || !preview->refused.empty()) return "the preview refused what was accepted";
    Past past{seen_, model_, std::move(world_)};
    past_.push_back(std::move(past));
    model_ = board_->model();
    return rebuild();
}
// The world in the new shape: the versions as the board tells them, deletions as the entries do.
std::string Yard::rebuild() {
    world_ = std::make_unique<oracle::World>(*model_);
    expunged_.clear();
    merged_.clear();
    const auto snapshot = board_->snapshot();
    std::map<std::pair<int, std::int64_t>, std::map<std::int64_t, record::RecordPtr>> histories;
    std::string wrong;
    const auto visited = snapshot->each_entry(Position(1), snapshot->position(), [&](const board::Entry& entry) {
        if (entry.type < 0 || entry.record.value == 0) return true;
        if (entry.verb == board::Verb::expunge) return forget(entry), true;
        if (entry.verb == board::Verb::erase) forget(entry);
        if (entry.verb == board::Verb::merge) merged_.emplace(entry.type, entry.record.value);
        if (entry.verb == board::Verb::remove || entry.verb == board::Verb::merge) {
            world_->add_deletion(entry.type, entry.record, entry.position, entry.effective);
            return true;
        }
        auto [place, fresh] = histories.try_emplace({entry.type, entry.record.value});
        if (fresh) {
            const auto history = snapshot->history(entry.type, entry.record);
            if (!history) return wrong = history.error().text(), false;
            for (const auto& v : *history) place->second[v->position.value] = v;
        }
        const auto version = place->second.find(entry.position.value);
        if (version == place->second.end())
            return wrong = fmt::format("entry {} is in no history", entry.position.value), false;
        world_->add_version(version->second);
        return true;
    });
    if (!visited) return visited.error().text();
    seen_ = transaction_ = snapshot->position();
    ends_.push_back(seen_);
    return wrong;
}

std::string Yard::replay() {
    board_.reset();
    const std::string to = folder_.file("again.yipan");
    auto again = board::Board::replay(path(), to);
    if (!again) return text_of(again.error());
    board_ = std::move(*again);
    return {};
}

std::int64_t Yard::pick(int type, std::uint8_t byte) const {
    std::vector<std::int64_t> living;
    const auto& records = world_->versions[static_cast<std::size_t>(type)];
    for (std::size_t i = 0; i < records.size(); ++i)
        if (!records[i].empty() && records[i].back().record) living.push_back(static_cast<std::int64_t>(i) + 1);
    return living.empty() ? 0 : living[byte % living.size()];
}

std::int64_t Yard::pick_any(int type, std::uint8_t byte) const {
    const auto& records = world_->versions[static_cast<std::size_t>(type)];
    return records.empty() ? 0 : 1 + static_cast<std::int64_t>(byte % records.size());
}

board::Draft Yard::draft_of(const std::vector<Step>& steps) const {
    // Types in the order of how often they are written; persons and posts are not.
    static constexpr const char* written[] = {"payment",    "payment", "payment", "project", "project", "organ",
                                              "organ_link", "staff",   "staff",   "output",  "output",  "area"};
    board::Draft draft;
    draft.channel = "demo";
    draft.idempotency_key = fmt::format("draft-{}", drafts_++);
    for (const Step& step : steps) {
        board::Change change;
        const std::string_view wanted = written[step[1] % std::size(written)];
        change.type = model_->find_type(wanted);
        if (change.type < 0) change.type = model_->find_type("crew");  // staff, after a change of the model
        const model::Type& type = model_->types[static_cast<std::size_t>(change.type)];
        const int what = step[0] % 25;
        const bool whoever = what == 23 || what == 24;  // gone ones as well
        const std::int64_t target = whoever ? pick_any(change.type, step[2]) : pick(change.type, step[2]);
        change.verb = what < 10 || target == 0 ? board::Verb::create
                      : what < 16              ? board::Verb::amend
                      : what < 17              ? board::Verb::remove
                      : what < 19              ? board::Verb::move
                      : what < 20              ? board::Verb::invalidate
                      : what < 21              ? board::Verb::erase
                      : what < 22              ? board::Verb::merge
                                               : board::Verb::restore;
        if (what == 24 && step[6] % 2 == 0 && target != 0) change.verb = board::Verb::erase;
        change.note = "because";
        change.decider = "the office";
        change.groups = static_cast<std::uint8_t>(step[7] % 4 == 0 ? 7 : 2);
        if (change.verb == board::Verb::merge) change.into = RecordId(pick(change.type, step[5]));
        if (change.verb == board::Verb::move && type.moves.empty()) change.verb = board::Verb::amend;
        if (change.verb != board::Verb::create) change.record = RecordId(target);
        if (step[3] % 3 == 0) change.effective = day_of(step[4]);
        if (change.verb == board::Verb::move) change.move = type.moves[step[5] % type.moves.size()].code;
        if (change.verb == board::Verb::create || change.verb == board::Verb::amend) {
            for (std::size_t i = 0; i < type.fields.size(); ++i) {
                const model::Field& field = type.fields[i];
                const auto byte =
                    static_cast<std::uint8_t>(step[5 + i % 4] * 7 + static_cast<unsigned>(i) * 31 + step[2]);
                if (static_cast<int>(i) == type.state || field.computed) continue;
                if (change.verb == board::Verb::amend && (byte >> 3) % 2 == 0) continue;
                if (change.verb == board::Verb::amend && static_cast<int>(i) == type.owner_field) continue;
                record::Value value = value_of(field, byte);
                if (field.code == "code") {
                    if (change.verb == board::Verb::amend) continue;
                    // Mostly new, now and then one that may exist: unique fields must refuse.
                    value = step[9] % 16 == 5
                                ? std::string("same")
                                : fmt::format("{}-{}", type.code,
                                              drafts_ * 10 + static_cast<std::int64_t>(draft.changes.size()));
                }
                if (field.kind == model::FieldKind::reference) {
                    std::int64_t id = byte % (field.required ? 32 : 8) == 7 ? 0 : pick(field.target, byte);
                    const auto before = static_cast<std::int64_t>(draft.changes.size()) - 1;  // made in this very draft
                    if (before >= 0 && draft.changes.back().verb == board::Verb::create &&
                        draft.changes.back().type == field.target)
                        id = -(before + 1);
                    value = id == 0 ? record::Value() : record::Value(id);
                }
                change.set.emplace_back(static_cast<int>(i), value);
            }
        }
        draft.changes.push_back(std::move(change));
    }
    return draft;
}

std::string Yard::apply(const board::Draft& draft) {
    last_ = draft;
    const auto receipt = board_->apply(draft);
    (receipt ? accepted_ : refused_)++;
    if (receipt) {
        if (receipt->records.size() != draft.changes.size()) return "a receipt must name a record for each change";
    }
    const Position before = seen_;
    if (std::string wrong = catch_up(); !wrong.empty()) return wrong;
    if (!receipt) return seen_ == before ? std::string() : "a refused draft wrote entries: " + text_of(receipt.error());
    if (seen_ == before) return {};  // an amendment that changed nothing wrote nothing
    if (receipt->first.value != before.value + 1) return "the receipt's first position is not the next one";
    if (receipt->last != seen_) return "the receipt's last position is not the board's";
    const auto takes_back = [](const board::Change& c) { return c.verb >= board::Verb::invalidate; };
    const bool mixed = std::any_of(draft.changes.begin(), draft.changes.end(), takes_back);
    if (mixed && draft.changes.size() > 1) return {};  // one change may take back what another one made
    for (std::size_t i = 0; i < draft.changes.size(); ++i) {
        const board::Change& change = draft.changes[i];
        const auto& history = world_->versions[static_cast<std::size_t>(change.type)]
                                              [static_cast<std::size_t>(receipt->records[i].value - 1)];
        if (mixed && change.verb != board::Verb::merge) {
            const auto& last = history.back().record;
            // What was void when it was removed comes back void.
            const bool back_from_removal = history.size() > 1 && !history[history.size() - 2].record;
            const bool right = change.verb == board::Verb::invalidate ? last && last->voided
                               : change.verb == board::Verb::restore  ? last && (!last->voided || back_from_removal)
                                                                      : true;
            if (!right)
                return fmt::format("record {} is not what {} makes of it", receipt->records[i].value, "the verb");
            continue;
        }
        if (change.verb == board::Verb::remove || change.verb == board::Verb::merge) {
            if (history.back().record)
                return fmt::format("record {} was removed and is still there", receipt->records[i].value);
            continue;
        }
        const record::Record* made = nullptr;
        for (const auto& version : history)
            if (version.record && version.record->version == receipt->versions[i]) made = version.record.get();
        if (!made)
            return fmt::format("version {} of record {} is not in the history", receipt->versions[i],
                               receipt->records[i].value);
        for (const auto& [field, value] : change.set) {
            const std::int64_t* id = record::as_integer(value);
            const bool reference =
                model_->types[static_cast<std::size_t>(change.type)].fields[static_cast<std::size_t>(field)].kind ==
                model::FieldKind::reference;
            const record::Value meant = reference && id && *id < 0
                                            ? record::Value(receipt->records[static_cast<std::size_t>(-*id - 1)].value)
                                            : value;
            if (made->at(field) != meant)
                return fmt::format("field {} of record {} is not what the draft said", field,
                                   receipt->records[i].value);
        }
        if (change.effective && made->effective != *change.effective)
            return "the effective date is not what the draft said";
    }
    return {};
}

std::string Yard::catch_up() {
    const auto snapshot = board_->snapshot();
    std::string wrong;
    Position expected = seen_;
    const auto visited =
        snapshot->each_entry(Position(seen_.value + 1), snapshot->position(), [&](const board::Entry& entry) {
            expected.value += 1;
            if (entry.position != expected)
                wrong = fmt::format("entry {} where {} was expected", entry.position.value, expected.value);
            if (entry.verb == board::Verb::model || entry.type < 0 || !wrong.empty()) return wrong.empty();
            if (!ends_.empty() && entry.transaction == transaction_) ends_.pop_back();
            transaction_ = entry.transaction;
            ends_.push_back(entry.position);
            if (entry.verb == board::Verb::expunge) return forget(entry), true;
            if (entry.verb == board::Verb::erase) forget(entry);
            if (entry.verb == board::Verb::merge) merged_.emplace(entry.type, entry.record.value);
            if (entry.verb == board::Verb::remove || entry.verb == board::Verb::merge) {
                world_->add_deletion(entry.type, entry.record, entry.position, entry.effective);
                return true;
            }
            record::RecordPtr version = version_of(*model_, entry);
            if (!version)
                wrong = fmt::format("entry {}: its body cannot be read", entry.position.value);
            else
                world_->add_version(std::move(version));
            return wrong.empty();
        });
    if (!visited) return visited.error().text();
    // I3: the board's own histories of what lives are the versions that the entries tell.
    for (std::size_t type = 0; type < world_->versions.size() && wrong.empty(); ++type)
        for (const auto& told : world_->versions[type]) {
            if (told.empty() || !told.back().record || told.back().position <= seen_) continue;
            const auto history = snapshot->history(static_cast<int>(type), told.back().record->id);
            if (!history) return history.error().text();
            if (!same_versions(told, *history))
                wrong = fmt::format("type {} record {}: its history is not what the entries say (I3)", type,
                                    told.back().record->id.value);
        }
    if (wrong.empty() && expected != snapshot->position()) wrong = "the journal ends before the snapshot's position";
    seen_ = snapshot->position();
    return wrong;
}

// Personal values of the record's earlier versions are gone; no figure reads them. What an erasure of everything takes
// from a removed record, the oracle keeps: as-known questions about the time before remain answerable from postings.
bool Yard::blank(int type, Position position) const {
    return std::any_of(expunged_.begin(), expunged_.end(), [&](const auto& gone) {
        if (type >= 0 && gone.first != type) return false;
        bool there = false;
        for (const auto& v :
             world_->versions[static_cast<std::size_t>(gone.first)][static_cast<std::size_t>(gone.second - 1)])
            if (v.position <= position) there = v.record != nullptr;
        return there;
    });
}

void Yard::forget(const board::Entry& erasure) {
    if (erasure.marks.erased == "all") expunged_.emplace(erasure.type, erasure.record.value);
    const model::Type& type = model_->types[static_cast<std::size_t>(erasure.type)];
    auto& versions =
        world_->versions[static_cast<std::size_t>(erasure.type)][static_cast<std::size_t>(erasure.record.value - 1)];
    for (auto& version : versions) {
        if (!version.record) continue;
        auto blank = std::make_shared<record::Record>(*version.record);
        for (std::size_t f = 0; f < type.fields.size(); ++f)
            if (type.fields[f].group == model::FieldGroup::personal) blank->values[f] = {};
        version.record = std::move(blank);
    }
}

std::string Yard::told(const board::Draft& draft) const {
    std::string out = fmt::format("after position {}:", seen_.value);
    for (const board::Change& change : draft.changes) {
        const model::Type& type = model_->types[static_cast<std::size_t>(change.type)];
        out +=
            fmt::format("\n  {} {} {} {}", board::verb_name(change.verb), type.code, change.record.value, change.move);
        if (change.effective) out += " effective " + change.effective->text();
        for (const auto& [field, value] : change.set) {
            const std::int64_t* number = record::as_integer(value);
            const std::string* text = record::as_text(value);
            out += fmt::format(" {}={}", type.fields[static_cast<std::size_t>(field)].code,
                               number ? std::to_string(*number)
                               : text ? *text
                                      : "unset");
        }
    }
    return out;
}

std::string Yard::dump() {
    std::string all;
    const auto done = board_->dump([&](std::string_view line) {
        all += line;
        all += '\n';
    });
    return done ? all : "dump failed: " + done.error().text();
}

std::string compare_cells(Yard& yard, const model::Model& judge) {
    oracle::World world(judge);
    world.versions = yard.world().versions;
    const auto expected = oracle::cells(world);
    if (!expected) return expected.error().text();
    oracle::Cells found;
    yard.board().snapshot()->each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t count) {
        if (count != 0) found[{key.figure, key.slot, key.unit, key.d1, key.d2}] = {sum, count};
    });
    const auto name = [&](const oracle::Cell& c) {
        return fmt::format("{} slot {} unit {} d1 {} d2 {}", judge.figures[static_cast<std::size_t>(c.figure)].code,
                           c.slot, c.unit, c.d1, c.d2);
    };
    for (const auto& [cell, total] : *expected) {
        const auto at = found.find(cell);
        if (at == found.end()) return "no cell " + name(cell);
        if (at->second != total)
            return fmt::format("cell {}: board {} of {}, recomputed {} of {}", name(cell),
                               static_cast<std::int64_t>(at->second.sum), at->second.count,
                               static_cast<std::int64_t>(total.sum), total.count);
    }
    for (const auto& [cell, total] : found)
        if (yard.merged(judge.figures[static_cast<std::size_t>(cell.figure)].unit_type, cell.unit))
            return fmt::format("cell {} of {} records stands at a unit that was merged away", name(cell), total.count);
    for (const auto& [cell, total] : found)
        if (!expected->contains(cell))
            return fmt::format("cell {} of {} records is not in the records", name(cell), total.count);
    return {};
}

namespace {
// A question about what was known under an earlier model: by the definition then in force, or (by_today) by the present
// one. False: the question is about the present model.
bool past_question(Yard& yard, board::Snapshot& snapshot, oracle::Question q, const model::Model& judge, bool by_today,
                   std::string& wrong) {
    if (!q.as_known) return false;
    const Yard::Past* past = nullptr;
    for (auto p = yard.past().rbegin(); p != yard.past().rend(); ++p)
        if (*q.as_known <= p->last) past = &*p;
    if (!past) return false;
    q.d1.reset();
    q.d2.reset();
    figure::Ask ask;
    ask.figure = q.figure;
    ask.unit = q.unit;
    ask.period = q.period;
    ask.forest = q.forest;
    ask.tree_date = q.tree_date;
    ask.today = q.today;
    ask.as_known = q.as_known;
    ask.by_today = by_today;
    const figure::Value found = snapshot.figure(ask);
    const model::Figure& figure = judge.figures[static_cast<std::size_t>(q.figure)];
    if (by_today && yard.blank(-1, *q.as_known)) {
        // A recount of what was erased is refused, never short; which records a figure looks at is the board's to say.
        const bool refused = !found.has && found.why_none.find("erased since") != std::string::npos;
        if (refused) return true;
        if (!figure.derived() && yard.blank(figure.type, *q.as_known)) {
            wrong = figure.code + " counts records by today's definition that were erased";
            return true;
        }
    }
    oracle::World world(by_today ? judge : *past->model);
    world.versions = by_today ? yard.world().versions : past->world->versions;
    if (!by_today) {
        q.figure = past->model->find_figure(figure.code);
        if (q.figure < 0) {
            if (found.has) wrong = figure.code + " has a value where it was no figure";
            return true;
        }
        // Links are known as they are now.
        for (const model::ForestLink& link : past->model->forests[0].links) {
            const std::string& code = past->model->types[static_cast<std::size_t>(link.type)].code;
            world.versions[static_cast<std::size_t>(link.type)] =
                yard.world().versions[static_cast<std::size_t>(judge.find_type(code))];
        }
    }
    const oracle::Answer expected = oracle::value(world, q);
    const bool same =
        found.has == expected.has &&
        (!found.has || (found.number.text() == expected.number.text() && found.records == expected.records));
    if (!same)
        wrong = fmt::format("figure {} unit {} as known {} ({}): board {} {} of {}, recomputed {} {} of {}",
                            figure.code, q.unit, q.as_known->value, by_today ? "by today" : "as then",
                            found.has ? found.number.text() : "none", found.why_none, found.records,
                            expected.has ? expected.number.text() : "none", expected.why_none, expected.records);
    return true;
}
}  // namespace

std::string compare_figures(Yard& yard, const model::Model& judge, std::uint64_t seed, int asks, int only) {
    std::mt19937_64 random(seed);
    const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    oracle::World world(judge);
    world.versions = yard.world().versions;
    const auto snapshot = yard.board().snapshot();
    const model::Model& model = yard.model();
    for (int i = 0; i < asks; ++i) {
        oracle::Question q;
        q.figure = only >= 0 ? only : static_cast<int>(pick(model.figures.size()));
        const model::Figure& figure = model.figures[static_cast<std::size_t>(q.figure)];
        const int unit_type = figure.unit_type >= 0 ? figure.unit_type : model.find_type("organ");
        q.unit = static_cast<std::int64_t>(pick(world.versions[static_cast<std::size_t>(unit_type)].size() + 2));
        const int year = 2025 + static_cast<int>(pick(3));
        switch (pick(6)) {
            case 0:
                q.period =
                    Period{PeriodKind::quarter, static_cast<std::int16_t>(year), static_cast<std::int8_t>(1 + pick(4))};
                break;
            case 1:
                q.period =
                    Period{PeriodKind::half, static_cast<std::int16_t>(year), static_cast<std::int8_t>(1 + pick(2))};
                break;
            case 2: q.period = Period::whole_year(year); break;
            case 3: q.period = Period::year_to_date(year, 1 + static_cast<int>(pick(12))); break;
            default: q.period = Period::month(year, 1 + static_cast<int>(pick(12))); break;
        }
        if ((!figure.period && pick(2) == 0) || pick(40) == 0) q.period.reset();
        if (pick(4) == 0) q.d1 = static_cast<std::int64_t>(pick(4));
        if (pick(8) == 0) q.d2 = static_cast<std::int64_t>(pick(4));
        if (pick(4) == 0) q.forest = 0;
        if (pick(4) == 0) q.tree_date = day_of(static_cast<std::uint8_t>(pick(256)));
        if (pick(4) == 0 && !yard.ends().empty()) q.as_known = yard.ends()[pick(yard.ends().size())];
        q.today = snapshot->today();
        std::string answered;
        if (yard.changes() > 0 && past_question(yard, *snapshot, q, judge, pick(3) == 0, answered)) {
            if (!answered.empty()) return answered;
            continue;
        }

        figure::Ask ask;
        ask.figure = q.figure;
        ask.unit = q.unit;
        ask.period = q.period;
        ask.d1 = q.d1;
        ask.d2 = q.d2;
        ask.forest = q.forest;
        ask.tree_date = q.tree_date;
        ask.today = q.today;
        ask.as_known = q.as_known;
        const figure::Value found = snapshot->figure(ask);
        const oracle::Answer expected = oracle::value(world, q);
        const auto text = [](bool has, const Decimal& number, std::int64_t records, int n, int m,
                             const std::string& why) {
            return has ? fmt::format("{} ({} records, {} of {})", number.text(), records, n, m) : "none: " + why;
        };
        const bool same =
            found.has == expected.has &&
            (!found.has || (found.number.text() == expected.number.text() && found.records == expected.records &&
                            found.reported == expected.reported && found.expected == expected.expected));
        if (!same)
            return fmt::format(
                "figure {} unit {} period {} d1 {} d2 {} forest {} tree {} as known {}: board {}, oracle {}",
                figure.code, q.unit, q.period ? q.period->text() : "-", q.d1.value_or(-1), q.d2.value_or(-1), q.forest,
                q.tree_date ? q.tree_date->text() : "-", q.as_known ? q.as_known->value : -1,
                text(found.has, found.number, found.records, found.reported, found.expected, found.why_none),
                text(expected.has, expected.number, expected.records, expected.reported, expected.expected,
                     expected.why_none));
    }
    return {};
}

std::vector<std::vector<Step>> grouped(const std::vector<Step>& steps) {
    std::vector<std::vector<Step>> drafts;
    for (const Step& step : steps) {
        if (drafts.empty() || step[9] >= 64) drafts.emplace_back();
        drafts.back().push_back(step);
    }
    return drafts;
}

std::vector<Step> random_steps(std::uint64_t seed, std::size_t count) {
    std::mt19937_64 random(seed);
    std::vector<Step> steps(count);
    for (Step& step : steps)
        for (std::uint8_t& byte : step) byte = static_cast<std::uint8_t>(random() & 0xff);
    return steps;
}

}  // namespace yipan::property
