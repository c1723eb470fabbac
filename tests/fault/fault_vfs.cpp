#include "fault/fault_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace yipan::fault {
namespace {

struct Write {
    std::int64_t offset = 0;
    std::string bytes;
    std::int64_t cut = -1;  // not a write: the file became so short
};
struct Unsynced {         // of one file
    std::string durable;  // what the disk surely holds: taken at the first write after a sync
    std::vector<Write> writes;
};

std::mutex mutex;
Kind kind = Kind::none;
std::int64_t left = 0;  // until the one
bool has_fired = false, dark = false;
std::map<std::string, Unsynced> unsynced;

sqlite3_vfs* below = nullptr;

struct FaultFile {
    sqlite3_file head;
    std::string* path;  // null: a file that is not watched
    sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
FaultFile& of(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }
sqlite3_file* base(sqlite3_file* file) { return of(file).base(); }

bool of_writes() {
    return kind == Kind::write_fails || kind == Kind::write_torn || kind == Kind::disk_full || kind == Kind::read_only;
}
bool of_syncs() { return kind == Kind::sync_fails || kind == Kind::sync_fails_drops; }
bool of_power() { return kind == Kind::power_cut || kind == Kind::power_cut_torn; }
// Counts one; true when it is the Nth, or comes after it and the trouble lasts.
bool strikes(bool counts) {
    if (!counts) return false;
    if (has_fired) return kind == Kind::disk_full || kind == Kind::read_only;
    if (--left > 0) return false;
    has_fired = true;
    return true;
}

// A slow disk: others go on meanwhile.
void linger(std::chrono::microseconds how_long) {
    {
        const std::lock_guard lock(mutex);
        if (kind != Kind::slow || (!has_fired && --left > 0)) return;
        has_fired = true;
    }
    std::this_thread::sleep_for(how_long);
}
constexpr std::chrono::microseconds slow_write{200}, slow_sync{5'000};

constexpr std::size_t piece_bytes = 1 << 16;  // SQLite's own files read and write at most 128 KiB at once
std::string whole(FaultFile& file) {
    sqlite3_int64 size = 0;
    std::string out;
    if (file.base()->pMethods->xFileSize(file.base(), &size) != SQLITE_OK) return out;
    out.resize(static_cast<std::size_t>(size));
    for (std::size_t at = 0; at < out.size(); at += piece_bytes)
        (void)file.base()->pMethods->xRead(file.base(), out.data() + at,
                                           static_cast<int>(std::min(piece_bytes, out.size() - at)),
                                           static_cast<sqlite3_int64>(at));
    return out;
}
void remember(FaultFile& file, Write write) {
    if (kind == Kind::none) return;
    const auto known = unsynced.find(*file.path);
    Unsynced& u = known != unsynced.end() ? known->second : (unsynced[*file.path] = {whole(file), {}});
    u.writes.push_back(std::move(write));
}
void put_in(std::string& file, const Write& write) {
    if (write.cut >= 0) return file.resize(static_cast<std::size_t>(write.cut));
    const auto end = static_cast<std::size_t>(write.offset) + write.bytes.size();
    if (file.size() < end) file.resize(end, '\0');
    std::memcpy(file.data() + write.offset, write.bytes.data(), write.bytes.size());
}
void become(const std::string& path, const std::string& bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    YIPAN_CHECK(fd >= 0 && ::ftruncate(fd, 0) == 0);
    YIPAN_CHECK(::pwrite(fd, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    ::close(fd);
}

int close(sqlite3_file* file) {
    const int rc = base(file)->pMethods->xClose(base(file));
    delete std::exchange(of(file).path, nullptr);
    return rc;
}
int read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
    return base(file)->pMethods->xRead(base(file), out, amount, offset);
}
int write(sqlite3_file* file, const void* in, int amount, sqlite3_int64 offset) {
    FaultFile& f = of(file);
    if (!f.path) return f.base()->pMethods->xWrite(f.base(), in, amount, offset);
    linger(slow_write);
    const std::lock_guard lock(mutex);
    if (dark) return SQLITE_IOERR_WRITE;
    const auto* bytes = static_cast<const char*>(in);
    if (strikes(of_writes() || of_power())) {
        if (kind == Kind::disk_full) return SQLITE_FULL;
        if (kind == Kind::power_cut_torn || kind == Kind::write_torn) {
            const int half = amount / 2;
            remember(f, {offset, std::string(bytes, static_cast<std::size_t>(half)), -1});
            (void)f.base()->pMethods->xWrite(f.base(), in, half, offset);
        }
        dark = of_power();
        return SQLITE_IOERR_WRITE;
    }
    remember(f, {offset, std::string(bytes, static_cast<std::size_t>(amount)), -1});
    return f.base()->pMethods->xWrite(f.base(), in, amount, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
    FaultFile& f = of(file);
    if (!f.path) return f.base()->pMethods->xTruncate(f.base(), size);
    const std::lock_guard lock(mutex);
    if (dark || (has_fired && kind == Kind::read_only)) return SQLITE_IOERR_TRUNCATE;
    remember(f, {0, {}, size});
    return f.base()->pMethods->xTruncate(f.base(), size);
}
int sync(sqlite3_file* file, int flags) {
    FaultFile& f = of(file);
    if (!f.path) return f.base()->pMethods->xSync(f.base(), flags);
    linger(slow_sync);
    const std::lock_guard lock(mutex);
    if (dark) return SQLITE_IOERR_FSYNC;
    if (strikes(of_syncs() || of_power())) {
        dark = of_power();
        if (kind == Kind::sync_fails_drops)
            if (const auto lost = unsynced.find(*f.path); lost != unsynced.end()) {
                const std::string durable = std::move(lost->second.durable);
                unsynced.erase(lost);
                (void)f.base()->pMethods->xTruncate(f.base(), static_cast<sqlite3_int64>(durable.size()));
                for (std::size_t at = 0; at < durable.size(); at += piece_bytes)
                    (void)f.base()->pMethods->xWrite(f.base(), durable.data() + at,
                                                     static_cast<int>(std::min(piece_bytes, durable.size() - at)),
                                                     static_cast<sqlite3_int64>(at));
            }
        return SQLITE_IOERR_FSYNC;
    }
    unsynced.erase(*f.path);
    return SQLITE_OK;  // nothing is really waited for: the disk of this test is what `unsynced` says
}
int file_size(sqlite3_file* f, sqlite3_int64* size) { return base(f)->pMethods->xFileSize(base(f), size); }
int lock(sqlite3_file* f, int level) { return base(f)->pMethods->xLock(base(f), level); }
int unlock(sqlite3_file* f, int level) { return base(f)->pMethods->xUnlock(base(f), level); }
int check_reserved(sqlite3_file* f, int* out) { return base(f)->pMethods->xCheckReservedLock(base(f), out); }
int control(sqlite3_file* f, int op, void* arg) { return base(f)->pMethods->xFileControl(base(f), op, arg); }
int sector_size(sqlite3_file* f) { return base(f)->pMethods->xSectorSize(base(f)); }
int characteristics(sqlite3_file* f) { return base(f)->pMethods->xDeviceCharacteristics(base(f)); }
int shm_map(sqlite3_file* f, int page, int bytes, int extend, void volatile** out) {
    return base(f)->pMethods->xShmMap(base(f), page, bytes, extend, out);
}
int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    return base(f)->pMethods->xShmLock(base(f), offset, n, flags);
}
void shm_barrier(sqlite3_file* f) { base(f)->pMethods->xShmBarrier(base(f)); }
int shm_unmap(sqlite3_file* f, int remove) { return base(f)->pMethods->xShmUnmap(base(f), remove); }

constexpr sqlite3_io_methods methods = {
    2,         close,          read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_reserved, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, nullptr,        nullptr};

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
    (void)vfs;
    FaultFile& f = of(file);
    std::memset(&f, 0, sizeof f);
    {
        const std::lock_guard lock(mutex);
        if (dark && flags & SQLITE_OPEN_CREATE) return SQLITE_CANTOPEN;
    }
    const int rc = below->xOpen(below, name, f.base(), flags, out_flags);
    if (rc != SQLITE_OK) return rc;
    constexpr int watched = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
    if (flags & watched && name) f.path = new std::string(name);
    f.head.pMethods = &methods;
    return SQLITE_OK;
}
int remove(sqlite3_vfs*, const char* name, int sync_folder) {
    const std::lock_guard lock(mutex);
    if (dark) return SQLITE_IOERR_DELETE;
    unsynced.erase(name);
    return below->xDelete(below, name, sync_folder);
}
}  // namespace

void install() {
    static sqlite3_vfs vfs;
    below = sqlite3_vfs_find(nullptr);
    vfs = *below;
    vfs.zName = "fault";
    vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + below->szOsFile;
    vfs.xOpen = open;
    vfs.xDelete = remove;
    YIPAN_CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
void arm(Kind what, std::int64_t n) {
    const std::lock_guard lock(mutex);
    kind = what;
    left = n;
    has_fired = dark = false;
    unsynced.clear();
}
bool fired() {
    const std::lock_guard lock(mutex);
    return has_fired;
}
void disarm() {
    const std::lock_guard lock(mutex);
    kind = Kind::none;
    has_fired = dark = false;
    unsynced.clear();
}
void lose_unsynced(std::uint64_t some) {
    const std::lock_guard lock(mutex);
    std::mt19937_64 random(some);
    for (auto& [path, u] : unsynced) {
        std::string bytes = u.durable;
        for (std::size_t i = 0; i < u.writes.size(); ++i) {
            if (some == 0 || random() % 2) continue;
            Write write = u.writes[i];
            if (write.cut < 0 && random() % 8 == 0) write.bytes.resize(write.bytes.size() / 2);  // torn
            put_in(bytes, write);
        }
        become(path, bytes);
        if (path.ends_with("-wal")) (void)::unlink((path.substr(0, path.size() - 4) + "-shm").c_str());
    }
    unsynced.clear();
}

}  // namespace yipan::fault
