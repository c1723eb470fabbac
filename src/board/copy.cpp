#include "board/copy.h"

#include "board/attachments.h"
#include "board/core.h"
#include "journal/merkle.h"
#include "store/beside.h"
#include "store/care.h"
#include "store/open.h"

namespace yipan::board {
namespace {
constexpr std::int64_t rows_a_transaction = 10'000;

class Copy {
  public:
    Copy(const std::string& from, Core& source, const std::string& to, store::Store& target, const Progress& progress)
        : from_(from), to_(to), source_(*source.store), target_(target), model_(source.shape->model), progress_(progress) {}

    Result<CopiedBoard> run() {
        YIPAN_TRY(const store::Head head, source_.head());
        total_ = head.position * 2;  // an entry and a row, about
        store::Care& filled = *store::care_of(target_);
        filled.begin_filling();
        YIPAN_TRY_VOID(target_.begin());
        YIPAN_TRY_VOID(target_.install(model_));
        // Numbers of types are the source's, with those of names that are gone.
        YIPAN_TRY_VOID(target_.clear(store::engine_table("yipan_type")));
        for (const store::EngineTable& table : store::engine_table_list()) {
            const std::string_view name = table.name;
            // Meta and head make it a board: last, in one transaction.
            if (name != "yipan_meta" && name != "yipan_head" && !name.starts_with("yipan_attachment"))
                YIPAN_TRY_VOID(rows(table));
        }
        YIPAN_TRY_VOID(records());
        YIPAN_TRY_VOID(filled.finish_filling());
        YIPAN_TRY_VOID(attachments());
        YIPAN_TRY_VOID(rows(store::engine_table("yipan_meta")));
        YIPAN_TRY_VOID(rows(store::engine_table("yipan_head")));
        YIPAN_TRY_VOID(target_.commit());
        YIPAN_TRY_VOID(target_.sync());
        YIPAN_TRY_VOID(compare(head));
        return out_;
    }

  private:
    Status next() {
        if (progress_ && ++done_ % 1'000 == 0) progress_(std::min(done_, total_), total_);
        if (++in_transaction_ < rows_a_transaction) return {};
        in_transaction_ = 0;
        YIPAN_TRY_VOID(target_.commit());
        return target_.begin();
    }
    Status rows(const store::EngineTable& table) {
        const bool last = std::string_view(table.name) == "yipan_meta" || std::string_view(table.name) == "yipan_head";
        return source_.each_row(table, [&](const std::vector<store::Cell>& row) -> Status {
            YIPAN_TRY_VOID(target_.put_row(table, row));
            return last ? Status{} : next();
        });
    }
    Status records() {
        for (const model::Type& type : model_->types) {
            Status put;
            YIPAN_TRY_VOID(source_.each(type.index, [&](const record::RecordPtr& r) {
                put = target_.insert(*r);
                if (put) put = next();
                ++out_.records;
                return put.has_value();
            }));
            YIPAN_TRY_VOID(put);
        }
        return {};
    }
    // What lies beside a file goes into the tables of a database; the other way it stays inside.
    Status attachments() {
        return source_.each_attachment([&](const store::Store::Attachment& a) -> Status {
            if (!a.complete) return {};
            store::Store::Attachment row = a;
            row.beside = a.beside && !store::is_address(to_);
            YIPAN_TRY(const std::int64_t id, target_.put_attachment(row));
            ++out_.attachments;
            if (row.beside) return store::copy_beside(from_, to_, a.hash, a.bytes, {}).map([](bool) {});
            std::int64_t index = 0;
            Sha256 sum;
            std::string part;  // a file's pieces may be shorter than a part
            Status put;
            const auto flush = [&](std::size_t at_least) {
                while (put && part.size() >= at_least && !part.empty()) {
                    const std::size_t size = std::min(part.size(), attachment_part_bytes);
                    put = target_.put_attachment_part(id, index++, std::string_view(part).substr(0, size));
                    part.erase(0, size);
                    if (put) put = next();
                }
                return put.has_value();
            };
            YIPAN_TRY_VOID(give_attachment(from_, source_, a.hash, 0, [&](std::string_view piece) {
                sum.add(piece);
                part.append(piece);
                return flush(attachment_part_bytes);
            }));
            flush(1);
            YIPAN_TRY_VOID(put);
            if (hex(sum.finish()) != a.hash)
                return fail(Code::corrupt, "attachment " + a.hash, "its bytes do not have this hash", "run yipan verify");
            return {};
        });
    }
    Status compare(const store::Head& head) {
        journal::Frontier frontier;
        YIPAN_TRY_VOID(target_.each_leaf(1, head.position, [&](const Digest& leaf) { frontier.append(leaf); }));
        out_.entries = static_cast<std::int64_t>(frontier.size());
        out_.root = frontier.root();
        if (out_.entries == head.position && out_.root == head.root) return {};
        return fail(Code::corrupt, to_, "the copied journal does not hash to the root of the one it was copied from", "run yipan verify on both");
    }

    const std::string &from_, &to_;
    store::Store &source_, &target_;
    model::ModelPtr model_;
    const Progress& progress_;
    CopiedBoard out_;
    std::int64_t done_ = 0, total_ = 0, in_transaction_ = 0;
};
}  // namespace

Result<CopiedBoard> copy_board(const std::string& from, const std::string& to, const Progress& progress) {
    Options reading;
    reading.read_only = true;
    auto source = Core::open(from, reading);
    if (!source) return fail(source.error().front());
    if ((*source)->damage) return fail(*(*source)->damage);
    auto target = store::open(to, store::Access::create);
    if (!target) return fail(target.error());
    auto done = Copy(from, **source, to, **target, progress).run();
    if (!done) (*target)->rollback();
    target->reset();
    if (!done) store::discard(to, store::Made::by_us);
    return done;
}

}  // namespace yipan::board
