#include "store/connection.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

#include "store/files.h"
#include "store/statement.h"
#include "store/store.h"

namespace yipan::store {
namespace {
constexpr int pages_a_step = 1'024;
constexpr int busy_timeout_ms = 5'000;
constexpr std::size_t holder_bytes_max = 4'096;
constexpr std::size_t command_shown_max = 200;

// The words of this process, as the system keeps them.
std::string command_line() {
    std::array<char, holder_bytes_max> bytes{};
    const File file = File::open("/proc/self/cmdline", O_RDONLY);
    const ssize_t got = file ? ::read(file.fd(), bytes.data(), bytes.size()) : 0;
    std::string out;
    for (ssize_t i = 0; i < got; ++i) {
        const auto c = static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        out += c == 0 || c < 0x20 ? ' ' : static_cast<char>(c);
    }
    while (out.ends_with(' ')) out.pop_back();
    return out.substr(0, command_shown_max);
}
}  // namespace

Status Connection::open(const std::string& path, int flags, const char* vfs) {
    if (sqlite3_open_v2(path.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX, vfs) != SQLITE_OK)
        return fail(sqlite_error(db_, "open " + path));
    sqlite3_extended_result_codes(db_, 1);
    sqlite3_busy_timeout(db_, busy_timeout_ms);
    return {};
}
Status Connection::open_to_read(const std::string& path, const char* vfs) {
    if (frozen(path)) return open(immutable_uri(path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs);
    return open(path, SQLITE_OPEN_READONLY, vfs);
}
Status Connection::run(std::string_view sql) {
    if (sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return fail(sqlite_error(db_, "work on the board's file"));
}
Result<std::string> Connection::ask(std::string_view sql) {
    YIPAN_TRY(Statement s, Statement::prepare(db_, sql));
    YIPAN_TRY(const bool row, s.step());
    return row ? std::string(s.text(0)) : std::string();
}
Result<std::vector<std::string>> Connection::texts(std::string_view sql) {
    YIPAN_TRY(Statement s, Statement::prepare(db_, sql));
    std::vector<std::string> out;
    while (true) {
        YIPAN_TRY(const bool row, s.step());
        if (!row) return out;
        out.emplace_back(s.text(0));
    }
}

bool frozen(const std::string& path) {
    struct stat wal {};
    const bool nothing_pending = ::stat((path + "-wal").c_str(), &wal) != 0 || wal.st_size == 0;
    return ::faccessat(AT_FDCWD, folder_of(path).c_str(), W_OK, AT_EACCESS) != 0 && nothing_pending;
}
std::string immutable_uri(const std::string& path) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string uri = "file:";
    for (const char c : path) {
        const auto b = static_cast<unsigned char>(c);
        if (std::isalnum(b) || c == '/' || c == '.' || c == '-' || c == '_')
            uri += c;
        else
            uri += {'%', digits[b >> 4], digits[b & 15]};
    }
    return uri + "?immutable=1";
}

Status copy_pages(Connection& from, Connection& to, const FileProgress& progress) {
    sqlite3_backup* backup = sqlite3_backup_init(to.db(), "main", from.db(), "main");
    if (!backup) return fail(sqlite_error(to.db(), "copy the board"));
    int rc = SQLITE_OK;
    while (rc == SQLITE_OK) {
        rc = sqlite3_backup_step(backup, pages_a_step);
        const std::int64_t total = sqlite3_backup_pagecount(backup);
        if (progress) progress(total - sqlite3_backup_remaining(backup), total);
    }
    if (sqlite3_backup_finish(backup) == SQLITE_OK && rc == SQLITE_DONE) return {};
    return fail(sqlite_error(to.db(), "copy the board"));
}

Status open_part(Connection& part, const std::string& path, const char* vfs) {
    YIPAN_TRY_VOID(part.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs));
    int reserve = checksum_reserve_bytes;
    sqlite3_file_control(part.db(), "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
    YIPAN_TRY_VOID(part.run("PRAGMA journal_mode=OFF"));  // a part that is not finished is thrown away whole
    return part.run("PRAGMA synchronous=OFF");            // synced once, at the end
}

Status settle(Connection& board, const std::string& path, std::string_view so_that_it_can_be) {
    const auto mode = board.ask("PRAGMA journal_mode=DELETE");
    if (!mode && mode.error().code != Code::busy) return fail(mode.error());
    if (!mode || *mode != "delete")
        return fail(Code::busy, path,
                    "another process reads the board, so it cannot be " + std::string(so_that_it_can_be) + " now",
                    "close the other programs that have it open and try again");
    return board.run("BEGIN EXCLUSIVE");
}

WriterLock::~WriterLock() {
    if (fd_ < 0) return;
    (void)!::ftruncate(fd_, 0);  // while it is still ours
    ::close(fd_);
}

Status WriterLock::take(const std::string& path) {
    path_ = path;
    const std::string file = path + "-lock";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(errno == EROFS || errno == EACCES ? Code::read_only : Code::store_failed, path,
                    std::string("cannot write beside the board: ") + std::strerror(errno),
                    "open it for reading, or move it to a disk that can be written");
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) {
        fd_ = fd;
        return tell();
    }
    std::array<char, holder_bytes_max> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    ::close(fd);
    std::string_view said(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    const auto line = [&said] {
        const std::string_view out = said.substr(0, said.find('\n'));
        said.remove_prefix(std::min(said.size(), out.size() + 1));
        return std::string(out);
    };
    const std::string process = line(), command = line(), address = line();
    if (process.empty())
        return fail(Code::busy, path, "another process holds this board for writing",
                    "wait for it, or send the change through it");
    return fail(Code::busy, path,
                "process " + process + " holds this board for writing: " + command +
                    (address.empty() ? "" : " (it answers at " + address + ")"),
                address.empty() ? "wait for it, or stop it" : "send the change through it, or stop it first");
}

Status WriterLock::announce(const std::string& address) {
    address_ = address;
    return tell();
}

// A hint for people: when the disk is full the lock holds all the same.
Status WriterLock::tell() {
    const std::string text = std::to_string(::getpid()) + "\n" + command_line() + "\n" + address_ + "\n";
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        (void)::ftruncate(fd_, 0);
    return {};
}

}  // namespace yipan::store
