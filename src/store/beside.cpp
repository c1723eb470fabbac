#include "store/beside.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/hash.h"
#include "store/files.h"
#include "store/open.h"

namespace yipan::store {
namespace {
namespace fs = std::filesystem;
constexpr std::size_t copy_bytes = 1 << 20;
constexpr std::size_t hash_digits = 64;

Status make_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0755) == 0) return sync_folder_of(path);
    if (errno == EEXIST) return {};
    return fail(file_error(path, "make the folder"));
}

Status copy_compared(const std::string& from, const std::string& to, const std::string& hash) {
    const std::string part = to + ".part";
    const Unfinished unfinished(part);
    {
        const File in = File::open(from, O_RDONLY);
        if (!in) return fail(file_error(from, "read"));
        const File out = File::open(part, O_WRONLY | O_CREAT | O_TRUNC);
        if (!out) return fail(file_error(part, "write"));
        Sha256 sum;
        std::vector<char> buffer(copy_bytes);
        while (true) {
            const ssize_t got = ::read(in.fd(), buffer.data(), buffer.size());
            if (got < 0) return fail(file_error(from, "read"));
            if (got == 0) break;
            sum.add({buffer.data(), static_cast<std::size_t>(got)});
            for (ssize_t done = 0; done < got;) {
                const ssize_t put = ::write(out.fd(), buffer.data() + done, static_cast<std::size_t>(got - done));
                if (put < 0) return fail(file_error(part, "write"));
                done += put;
            }
        }
        if (hex(sum.finish()) != hash)
            return fail(Code::corrupt, from, "is not what its name says: its hash differs", "restore it from a backup");
        YIPAN_TRY_VOID(same_mode(from, part));
        if (::fsync(out.fd()) != 0) return fail(file_error(part, "make durable"));
    }
    return rename_durably(part, to);
}
}  // namespace

std::string beside_folder(const std::string& board) { return beside_stem(board) + ".files"; }
std::string beside_path(const std::string& board, const std::string& hash) {
    return beside_folder(board) + "/" + hash.substr(0, 2) + "/" + hash.substr(2);
}
Status make_beside(const std::string& board, const std::string& hash) {
    YIPAN_TRY_VOID(make_folder(beside_folder(board)));
    return make_folder(folder_of(beside_path(board, hash)));
}
Result<std::int64_t> beside_bytes(const std::string& board, const std::string& hash) {
    struct stat st {};
    const std::string path = beside_path(board, hash);
    if (::stat(path.c_str(), &st) != 0) return fail(file_error(path, "find the attachment"));
    return static_cast<std::int64_t>(st.st_size);
}

Result<bool> copy_beside(const std::string& from, const std::string& to, const std::string& hash, std::int64_t bytes,
                         const std::string& former) {
    if (const auto there = beside_bytes(to, hash); there && *there == bytes) return false;
    YIPAN_TRY_VOID(make_beside(to, hash));
    const std::string path = beside_path(to, hash);
    (void)::unlink(path.c_str());  // of another size: a piece
    if (!former.empty())
        if (const auto there = beside_bytes(former, hash);
            there && *there == bytes && ::link(beside_path(former, hash).c_str(), path.c_str()) == 0) {
            YIPAN_TRY_VOID(sync_folder_of(path));
            return false;
        }
    YIPAN_TRY_VOID(copy_compared(beside_path(from, hash), path, hash));
    return true;
}

std::vector<BesideFile> beside_files(const std::string& board) {
    std::vector<BesideFile> out;
    std::error_code problem;
    for (fs::recursive_directory_iterator at(beside_folder(board), problem), end; !problem && at != end;
         at.increment(problem)) {
        struct stat st {};
        if (!at->is_regular_file(problem) || ::stat(at->path().c_str(), &st) != 0) continue;
        BesideFile file;
        file.path = at->path().string();
        const std::string hash = at->path().parent_path().filename().string() + at->path().filename().string();
        const bool named =
            hash.size() == hash_digits && hash.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (named) file.hash = hash;
        file.bytes = st.st_size;
        file.changed_s = st.st_mtime;
        out.push_back(std::move(file));
    }
    return out;
}

}  // namespace yipan::store
