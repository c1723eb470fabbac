#include "board/attachments.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>

#include "store/beside.h"
#include "store/files.h"
#include "store/open.h"

namespace yipan::board {
namespace {
constexpr std::size_t parts_a_turn = 16;  // of the writer
constexpr std::size_t hash_digits = 64;
using Stored = store::Store::Attachment;

Error too_large() {
    return {Code::limit_exceeded, "attachment", "is larger than " + std::to_string(attachment_bytes_max >> 20) + " MiB",
            "split it"};
}

// The bytes on their way in: in memory while they are few, in a file beside the board from there on.
class Incoming {
  public:
    explicit Incoming(const std::string& board) : board_(board) {}
    ~Incoming() {
        if (!path_.empty()) (void)::unlink(path_.c_str());
    }
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    Status take(const ReadSome& read) {
        std::string piece(attachment_part_bytes, '\0');
        while (true) {
            YIPAN_TRY(const std::size_t got, read(piece.data(), piece.size()));
            if (got == 0) break;
            const std::string_view bytes(piece.data(), got);
            sum_.add(bytes);
            bytes_ += static_cast<std::int64_t>(got);
            if (bytes_ > attachment_bytes_max) return fail(too_large());
            YIPAN_TRY_VOID(keep(bytes));
        }
        hash_ = hex(sum_.finish());
        return {};
    }
    const std::string& hash() const { return hash_; }
    std::int64_t bytes() const { return bytes_; }
    /// The part that begins at `offset`; empty at the end.
    Result<std::string> part(std::int64_t offset) const {
        if (!file_)
            return memory_.substr(std::min(memory_.size(), static_cast<std::size_t>(offset)), attachment_part_bytes);
        std::string out(attachment_part_bytes, '\0');
        std::size_t have = 0;
        while (have < out.size()) {
            const ssize_t got =
                ::pread(file_.fd(), out.data() + have, out.size() - have, offset + static_cast<std::int64_t>(have));
            if (got < 0) return fail(store::file_error(path_, "read"));
            if (got == 0) break;
            have += static_cast<std::size_t>(got);
        }
        out.resize(have);
        return out;
    }
    Status harden() {
        YIPAN_TRY_VOID(store::same_mode(board_, path_));  // whoever may not read the board may not read this
        if (::fsync(file_.fd()) != 0) return fail(store::file_error(path_, "make durable"));
        return store::make_beside(board_, hash_);
    }
    /// Hardened, it becomes the file of that name beside the board. On the writer's thread: what an erasure before it has
    /// still to unlink is unlinked then, and is not this one.
    Status settle() {
        YIPAN_TRY_VOID(store::rename_durably(path_, store::beside_path(board_, hash_)));
        path_.clear();
        return {};
    }

  private:
    static constexpr std::size_t in_memory_max = 4 << 20;
    Status keep(std::string_view bytes) {
        if (!file_ && memory_.size() + bytes.size() <= in_memory_max) return memory_.append(bytes), Status{};
        if (!file_) {
            YIPAN_TRY_VOID(store::make_beside(board_, "in"));
            static std::atomic<int> number{0};
            path_ = store::beside_folder(board_) + "/in/" + std::to_string(::getpid()) + "-" +
                    std::to_string(++number) + ".part";
            file_ = store::File::open(path_, O_RDWR | O_CREAT | O_TRUNC, 0600);
            if (!file_) return fail(store::file_error(path_, "write"));
            YIPAN_TRY_VOID(write(memory_));
            memory_ = {};
        }
        return write(bytes);
    }
    Status write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t put = ::write(file_.fd(), bytes.data(), bytes.size());
            if (put < 0) return fail(store::file_error(path_, "write"));
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return {};
    }

    const std::string& board_;
    Sha256 sum_;
    std::string hash_, memory_, path_;
    std::int64_t bytes_ = 0;
    store::File file_;
};

Attachment told(const Stored& stored) { return {stored.hash, stored.bytes, stored.beside}; }

// A row that was begun and never finished by somebody who was interrupted is begun anew.
Result<std::int64_t> begin_row(store::Store& store, const Stored& row) {
    YIPAN_TRY(const auto there, store.attachment(row.hash));
    if (there) YIPAN_TRY_VOID(store.drop_attachment(there->id));
    return store.put_attachment(row);
}
struct AtWork {
    AtWork(InWork& w, const std::string& h) : work(w), hash(h) { work.enter(hash); }
    ~AtWork() { work.leave(hash); }
    AtWork(const AtWork&) = delete;
    AtWork& operator=(const AtWork&) = delete;
    InWork& work;
    const std::string& hash;
};
}  // namespace

void InWork::enter(const std::string& hash) {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [&] { return hashes_.insert(hash).second; });
}
void InWork::leave(const std::string& hash) {
    const std::lock_guard lock(mutex_);
    hashes_.erase(hash);
    free_.notify_all();
}

Result<Attachment> take_attachment(const std::string& board, const ReadSome& read, Instant now, InWork& in_work,
                                   const OnWriter& on_writer) {
    Incoming incoming(board);
    YIPAN_TRY_VOID(incoming.take(read));
    Stored row;
    row.hash = incoming.hash();
    row.bytes = incoming.bytes();
    row.added = now.micros;
    row.beside = row.bytes > attachment_inside_max && !store::is_address(board);  // a database keeps all of them
    const AtWork alone(in_work, incoming.hash());
    if (row.beside) {
        YIPAN_TRY_VOID(incoming.harden());
        YIPAN_TRY_VOID(on_writer([&](store::Store& store) -> Status {
            YIPAN_TRY(const auto there, store.attachment(row.hash));
            if (there && there->complete) return row = *there, Status{};
            YIPAN_TRY_VOID(incoming.settle());
            row.complete = true;
            return begin_row(store, row).map([](std::int64_t) {});
        }));
        return told(row);
    }
    std::int64_t id = 0, offset = 0;
    while (!row.complete) {
        YIPAN_TRY_VOID(on_writer([&](store::Store& store) -> Status {
            YIPAN_TRY(const auto there, store.attachment(row.hash));
            if (there && there->complete) return row = *there, Status{};
            if (id == 0 || !there || there->id != id) {  // an erasure may have dropped what was begun
                offset = 0;
                YIPAN_TRY(id, begin_row(store, row));
            }
            for (std::size_t i = 0; i < parts_a_turn && offset < row.bytes; ++i) {
                YIPAN_TRY(const std::string part, incoming.part(offset));
                YIPAN_TRY_VOID(
                    store.put_attachment_part(id, offset / static_cast<std::int64_t>(attachment_part_bytes), part));
                offset += static_cast<std::int64_t>(part.size());
            }
            if (offset < row.bytes) return {};
            YIPAN_TRY_VOID(store.complete_attachment(id));
            row.complete = true;
            return {};
        }));
    }
    return told(row);
}

Result<std::optional<Attachment>> find_attachment(store::Store& store, std::string_view hash) {
    YIPAN_TRY(const auto there, store.attachment(hash));
    if (!there || !there->complete) return std::optional<Attachment>{};
    return std::optional<Attachment>(told(*there));
}

namespace {
Status give_file(const std::string& board, const Stored& stored, std::int64_t offset,
                 const std::function<bool(std::string_view)>& out) {
    const std::string path = store::beside_path(board, stored.hash);
    const store::File file = store::File::open(path, O_RDONLY);
    if (!file) return fail(store::file_error(path, "read the attachment"));
    std::string piece(attachment_part_bytes, '\0');
    while (true) {
        const ssize_t got = ::pread(file.fd(), piece.data(), piece.size(), offset);
        if (got < 0) return fail(store::file_error(path, "read the attachment"));
        if (got == 0 || !out({piece.data(), static_cast<std::size_t>(got)})) return {};
        offset += got;
    }
}

Status give(const std::string& board, store::Store& store, const Stored& stored, std::int64_t offset,
            const std::function<bool(std::string_view)>& out) {
    if (stored.beside) return give_file(board, stored, offset, out);
    const auto part = static_cast<std::int64_t>(attachment_part_bytes);
    auto skip = static_cast<std::size_t>(offset % part);
    return store.each_attachment_part(stored.id, offset / part, [&](std::string_view body) {
        body.remove_prefix(std::min(skip, body.size()));
        skip = 0;
        return out(body);
    });
}
}  // namespace

Status give_attachment(const std::string& board, store::Store& store, std::string_view hash, std::int64_t offset,
                       const std::function<bool(std::string_view)>& out) {
    YIPAN_TRY(const auto stored, store.attachment(hash));
    if (!stored || !stored->complete)
        return fail(Code::not_found, std::string(hash), "the board has no bytes of this hash",
                    "yipan attach brings them");
    return give(board, store, *stored, offset, out);
}

void hashes_named(std::string_view body, std::set<std::string>& out) {
    constexpr std::string_view mark = "sha256:";
    for (std::size_t at = body.find(mark); at != std::string_view::npos; at = body.find(mark, at)) {
        at += mark.size();
        const std::string_view digits = body.substr(at, hash_digits);
        if (digits.size() == hash_digits && digits.find_first_not_of("0123456789abcdef") == std::string_view::npos)
            out.emplace(digits);
    }
}

Result<std::vector<std::string>> drop_unnamed(store::Store& store, const std::set<std::string>& hashes) {
    std::vector<std::string> beside;
    for (const std::string& hash : hashes) {
        YIPAN_TRY(const auto stored, store.attachment(hash));
        if (!stored) continue;
        YIPAN_TRY(const bool named, store.attachment_named(hash));
        if (named) continue;
        YIPAN_TRY_VOID(store.drop_attachment(stored->id));
        if (stored->beside) beside.push_back(hash);
    }
    return beside;
}

void remove_beside(const std::string& board, const std::vector<std::string>& hashes) {
    for (const std::string& hash : hashes) (void)::unlink(store::beside_path(board, hash).c_str());
}

void verify_attachments(const std::string& board, store::Store& store, VerifyReport& report) {
    const Status read = store.each_attachment([&](const Stored& stored) -> Status {
        if (!stored.complete) return {};
        ++report.attachments;
        report.attachment_bytes += stored.bytes;
        Sha256 sum;
        std::int64_t bytes = 0;
        const Status given = give(board, store, stored, 0, [&](std::string_view piece) {
            sum.add(piece);
            bytes += static_cast<std::int64_t>(piece.size());
            return true;
        });
        const std::string place = "attachment " + stored.hash;
        if (!given)
            report.problems.push_back({Code::corrupt, place, given.error().text(), "restore a backup that verifies"});
        else if (bytes != stored.bytes || hex(sum.finish()) != stored.hash)
            report.problems.push_back(
                {Code::corrupt, place, "its bytes do not have this hash", "restore a backup that verifies"});
        return {};
    });
    if (!read) report.problems.push_back(read.error());
    report.ok = report.problems.empty();
}

Status copy_attachments(const std::string& from, store::Store& source, const std::string& to, store::Store& target) {
    return source.each_attachment([&](const Stored& stored) -> Status {
        if (!stored.complete) return {};
        if (stored.beside) YIPAN_TRY_VOID(store::copy_beside(from, to, stored.hash, stored.bytes, {}).map([](bool) {}));
        YIPAN_TRY_VOID(target.begin());
        YIPAN_TRY(const std::int64_t id, target.put_attachment(stored));
        std::int64_t index = 0;
        Status put;
        if (!stored.beside)
            YIPAN_TRY_VOID(source.each_attachment_part(stored.id, 0, [&](std::string_view body) {
                put = target.put_attachment_part(id, index++, body);
                return put.has_value();
            }));
        YIPAN_TRY_VOID(put);
        YIPAN_TRY_VOID(target.commit());
        return target.sync();
    });
}

}  // namespace yipan::board
