// Taking an import back: compensating entries, newest first. What somebody changed since is not touched.
#include <algorithm>

#include "exchange/import_work.h"
#include "record/check.h"

namespace yipan::exchange {

namespace {
std::string name_of_record(const model::Type& type, const record::Record* record, RecordId id) {
    if (record && type.key >= 0)
        if (const std::string* key = record::as_text(record->at(type.key))) return type.code + " " + *key;
    return type.code + " #" + std::to_string(id.value);
}
}  // namespace

Result<ImportWork::Conflicts> ImportWork::conflicts(board::Snapshot& snapshot, const std::vector<StagedDraft>& drafts) {
    Conflicts out;
    std::unordered_map<std::int64_t, std::int64_t> created;  // record -> entry
    for (const StagedDraft& d : drafts) {
        YIPAN_TRY_VOID(snapshot.each_entry(Position(d.from), Position(d.to), [&](const board::Entry& entry) {
            const record::RecordPtr now = snapshot.record(type_, entry.record);
            const std::string where = "entry " + std::to_string(entry.position.value);
            if (!now) {
                out.add(entry.position.value, {Code::version_conflict, where,
                                               name_of_record(declared(), nullptr, entry.record) + " was removed since",
                                               "--partial undoes the rest"});
            } else if (now->version != entry.version) {
                std::string by;
                if (const auto last = snapshot.entry(now->position)) by = " by " + last->channel;
                out.add(entry.position.value,
                        {Code::version_conflict, where,
                         name_of_record(declared(), now.get(), entry.record) + " was changed since, in entry " +
                             std::to_string(now->position.value) + by,
                         "--partial undoes the rest"});
            } else if (entry.verb == board::Verb::create) {
                created[entry.record.value] = entry.position.value;
            }
            return true;
        }));
    }
    if (!created.empty()) YIPAN_TRY_VOID(conflicts_of_referrers(snapshot, created, out));
    return out;
}

// A record that others refer to meanwhile cannot be taken away under them. Records of the import itself go with it.
Status ImportWork::conflicts_of_referrers(board::Snapshot& snapshot,
                                          const std::unordered_map<std::int64_t, std::int64_t>& created,
                                          Conflicts& out) {
    for (const model::Type& other : model_->types) {
        std::vector<int> fields;
        for (std::size_t f = 0; f < other.fields.size(); ++f)
            if (other.fields[f].target == type_) fields.push_back(static_cast<int>(f));
        if (fields.empty()) continue;
        YIPAN_TRY_VOID(snapshot.each(other.index, [&](const record::RecordPtr& record) {
            const bool ours = other.index == type_ && created.contains(record->id.value) &&
                              !out.entries.contains(created.at(record->id.value));
            if (ours) return true;
            for (const int field : fields) {
                std::vector<std::int64_t> ids;
                if (const auto* id = record::as_integer(record->at(field))) ids.push_back(*id);
                if (const auto* list = record::as_text(record->at(field)))
                    ids = record::parse_id_list(*list).value_or(std::vector<std::int64_t>{});
                for (const std::int64_t id : ids) {
                    const auto found = created.find(id);
                    if (found == created.end()) continue;
                    out.add(found->second, {Code::referenced, "entry " + std::to_string(found->second),
                                            name_of_record(declared(), nullptr, RecordId(id)) + " is now " +
                                                other.fields[static_cast<std::size_t>(field)].code + " of " +
                                                name_of_record(other, record.get(), record->id),
                                            "--partial undoes the rest"});
                }
            }
            return true;
        }));
    }
    return {};
}

Result<board::Change> ImportWork::undoing(board::Snapshot& snapshot, const board::Entry& entry) {
    board::Change change;
    change.type = type_;
    change.record = entry.record;
    change.expected_version = entry.version;
    change.where = "entry " + std::to_string(entry.position.value);
    if (entry.verb == board::Verb::create) {
        change.verb = board::Verb::remove;
        change.alone = true;
        return change;
    }
    change.verb = board::Verb::amend;
    // From the same day on as the import's values: whoever asks for a day before finds what was there before.
    change.effective = entry.effective;
    YIPAN_TRY(const std::vector<record::RecordPtr> versions, snapshot.history(type_, entry.record));
    const auto version = [&](std::int32_t wanted) -> const record::Record* {
        for (const record::RecordPtr& v : versions)
            if (v->version == wanted) return v.get();
        return nullptr;
    };
    const record::Record *before = version(entry.version - 1), *after = version(entry.version);
    if (!before || !after)
        return fail(Code::not_found, change.where, "the values before the import are gone",
                    "--partial undoes the rest");
    for (std::size_t f = 0; f < declared().fields.size(); ++f) {
        const model::Field& field = declared().fields[f];
        if (field.computed || static_cast<int>(f) == declared().state || static_cast<int>(f) == declared().owner_field)
            continue;
        if (before->values[f] != after->values[f]) change.set.emplace_back(static_cast<int>(f), before->values[f]);
    }
    return change;
}

Checked<void> ImportWork::undo(const UndoOptions& options) {
    if (auto may = may_write(); !may) return may;
    auto busy = InUse::take(staging_->path());
    if (!busy) return fail(one(busy.error()));
    ended_ = options.ended;
    const Result<ImportState> now = state();
    if (!now) return fail(one(now.error()));
    if (*now == ImportState::undone) return {};
    std::vector<StagedDraft> left;  // newest first, with the entries that are not undone yet in from..to
    const auto prepare = [&]() -> Status {
        YIPAN_TRY_VOID(staging_->durable(true));
        YIPAN_TRY_VOID(staging_->begin());
        YIPAN_TRY_VOID(settle_unknown());
        YIPAN_TRY(const std::vector<StagedDraft> drafts, staging_->drafts());
        for (const StagedDraft& d : drafts) {
            if (d.undo || !d.done || d.first == 0) continue;
            StagedDraft rest = d;
            rest.from = d.first;
            rest.to = d.last;
            for (const StagedDraft& u : drafts)
                if (u.undo && u.done && u.undoes == d.number) rest.to = std::min(rest.to, u.from - 1);
            if (rest.to >= rest.from) left.push_back(rest);
        }
        std::reverse(left.begin(), left.end());
        return {};
    };
    if (const Status ready = prepare(); !ready) return fail(one(ready.error()));
    if (left.empty() && *now != ImportState::undoing) {
        (void)staging_->commit();
        return fail(one({Code::invalid_input, "import " + staging_->id(), "wrote nothing that could be undone", ""}));
    }
    const std::unique_ptr<board::Snapshot> snapshot = board_.snapshot();
    Result<Conflicts> found = conflicts(*snapshot, left);
    if (!found) return fail(one(found.error()));
    if (found->total > 0 && !options.leave_out_changed) {
        (void)staging_->commit();
        Errors errors = std::move(found->errors);
        errors.push_back({Code::version_conflict, "import " + staging_->id(),
                          std::to_string(found->total) + " records were changed since, so nothing is undone",
                          "undo --partial leaves them as they are and takes back the rest"});
        return fail(std::move(errors));
    }
    std::int64_t total = 0, undone = 0;
    for (const StagedDraft& d : left) total += d.to - d.from + 1;
    std::size_t at = 0;                 // of left
    std::vector<board::Entry> entries;  // of left[at], ascending; what is sent is taken from the end
    bool loaded = false;
    if (const Status marked = set_state(ImportState::undoing); !marked) return fail(one(marked.error()));
    const Next next = [&](std::size_t size) -> Result<std::optional<Piece>> {
        while (true) {
            if (at >= left.size()) return std::optional<Piece>{};
            StagedDraft& d = left[at];
            if (!loaded) {
                entries.clear();
                YIPAN_TRY_VOID(snapshot->each_entry(Position(d.from), Position(d.to), [&](const board::Entry& entry) {
                    entries.push_back(entry);
                    return true;
                }));
                loaded = true;
            }
            Piece piece;
            piece.declared.to = entries.empty() ? 0 : entries.back().position.value;
            while (!entries.empty() && piece.draft.changes.size() < size) {
                const board::Entry entry = std::move(entries.back());
                entries.pop_back();
                piece.declared.from = entry.position.value;
                if (found->entries.contains(entry.position.value)) continue;
                YIPAN_TRY(board::Change change, undoing(*snapshot, entry));
                piece.draft.changes.push_back(std::move(change));
            }
            if (entries.empty()) ++at, loaded = false;
            if (piece.draft.changes.empty()) continue;
            std::vector<board::Change> changes = std::move(piece.draft.changes);
            piece.draft = draft_of(next_number_);
            piece.draft.changes = std::move(changes);
            piece.declared.number = next_number_++;
            piece.declared.undo = true;
            piece.declared.undoes = d.number;
            piece.declared.rows = std::ssize(piece.draft.changes);
            YIPAN_TRY_VOID(declare(piece));
            return std::optional(std::move(piece));
        }
    };
    const auto settled = [&](const Piece& piece, const board::Receipt& receipt) -> Status {
        YIPAN_TRY_VOID(staging_->settle(piece.declared.number, receipt.first.value, receipt.last.value));
        undone += piece.declared.rows;
        YIPAN_TRY(const std::int64_t before, staging_->number("undone"));
        YIPAN_TRY_VOID(staging_->set_number("undone", before + piece.declared.rows));
        if (options.progress) options.progress(undone, total);
        return {};
    };
    rows_.reset();
    Checked<void> result = pump(next, settled, [](const Piece&, const Errors&) -> Result<bool> { return false; });
    const auto finish = [&]() -> Status {
        if (result) {
            // The board forgets the file: it may be imported again.
            board::Draft forget = draft_of(next_number_);
            forget.idempotency_key.clear();
            YIPAN_TRY(const std::string sha256, staging_->meta("sha256"));
            const std::string key = declared().code + ":" + sha256;
            YIPAN_TRY(const auto known, snapshot->side("import", key));
            if (known) {
                forget.side.push_back({"import", key, std::nullopt});
                if (const auto forgotten = board_.apply(std::move(forget)); !forgotten)
                    return fail(forgotten.error().front());
            }
            YIPAN_TRY_VOID(set_state(ImportState::undone));
        }
        YIPAN_TRY_VOID(staging_->commit());
        return result ? staging_->forget_rows() : Status{};
    };
    if (const Status finished = finish(); result && !finished) return fail(one(finished.error()));
    return result;
}

}  // namespace yipan::exchange
