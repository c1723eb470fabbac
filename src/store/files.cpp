#include "store/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <vector>

namespace yipan::store {
namespace {
constexpr std::size_t copy_bytes = 1 << 20;

Status copy_bytes_of(const File& from, const File& to, const std::string& path, const std::string& other) {
    std::vector<char> buffer(copy_bytes);
    while (true) {
        const ssize_t got = ::read(from.fd(), buffer.data(), buffer.size());
        if (got < 0) return fail(file_error(path, "read"));
        if (got == 0) return {};
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = ::write(to.fd(), buffer.data() + done, static_cast<std::size_t>(got - done));
            if (put < 0) return fail(file_error(other, "write"));
            done += put;
        }
    }
}
}  // namespace

File::~File() {
    if (fd_ >= 0) ::close(fd_);
}
File File::open(const std::string& path, int flags, int mode) {
    return File(::open(path.c_str(), flags | O_CLOEXEC, mode));
}

void Unfinished::remove() const {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) (void)std::remove((path_ + suffix).c_str());
}

Error file_error(const std::string& path, std::string_view doing) {
    const int number = errno;
    const std::string message = "cannot " + std::string(doing) + ": " + std::strerror(number);
    switch (number) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return {Code::store_failed, path, message, "the disk is full: free some space; nothing was changed"};
        case EROFS:
        case EACCES:
        case EPERM: return {Code::read_only, path, message, "check the right to write there"};
        case ENOENT: return {Code::not_found, path, message, "check the name and its folder"};
        default: return {Code::store_failed, path, message, ""};
    }
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Status sync_file(const std::string& path) {
    const File file = File::open(path, O_RDWR);
    if (!file || ::fsync(file.fd()) != 0) return fail(file_error(path, "make durable"));
    return {};
}

Status sync_folder_of(const std::string& path) {
    const File folder = File::open(folder_of(path), O_RDONLY | O_DIRECTORY);
    // Some network file systems cannot sync a folder; EINVAL says so, and a rename there is as durable as it gets.
    if (!folder || (::fsync(folder.fd()) != 0 && errno != EINVAL)) return fail(file_error(path, "make durable"));
    return {};
}

Status same_mode(const std::string& path, const std::string& other) {
    struct stat st {};
    if (::stat(path.c_str(), &st) != 0) return fail(file_error(path, "look at"));
    if (::chmod(other.c_str(), st.st_mode & 07777) != 0) return fail(file_error(other, "set the rights"));
    return {};
}

Status link_or_copy(const std::string& path, const std::string& other) {
    if (::link(path.c_str(), other.c_str()) == 0) return sync_folder_of(other);
    if (errno == EEXIST) return fail(Code::duplicate, other, "a file of this name exists", "move it away");
    const std::string part = other + ".part";
    const Unfinished unfinished(part);
    {
        const File from = File::open(path, O_RDONLY);
        if (!from) return fail(file_error(path, "read"));
        const File to = File::open(part, O_WRONLY | O_CREAT | O_EXCL);
        if (!to) return fail(file_error(part, "write"));
        YIPAN_TRY_VOID(copy_bytes_of(from, to, path, part));
        if (::fsync(to.fd()) != 0) return fail(file_error(part, "make durable"));
    }
    YIPAN_TRY_VOID(same_mode(path, part));
    return rename_durably(part, other);
}

Status rename_durably(const std::string& from, const std::string& to) {
    if (std::rename(from.c_str(), to.c_str()) != 0) return fail(file_error(to, "put in place"));
    return sync_folder_of(to);
}

}  // namespace yipan::store
