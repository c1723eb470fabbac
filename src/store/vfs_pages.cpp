#include "store/vfs_pages.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/check.h"
#include "store/upgrade.h"

namespace yipan::store {
namespace {
constexpr const char* vfs_name = "yipan";
constexpr std::size_t page_bytes_min = 512, page_bytes_max = 65'536;
constexpr std::size_t header_bytes = 100;

thread_local std::int64_t damaged_page = 0;

sqlite3_vfs* base_of(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

/// Stands before the base's own file in the memory SQLite gives for a file.
struct PageFile {
    sqlite3_file head;
    std::size_t page_bytes;  // 0: nothing read or written yet
    bool checks;
    std::vector<unsigned char>* scratch;  // a page on its way to the disk
    sqlite3_file* base() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
PageFile* of(sqlite3_file* file) { return reinterpret_cast<PageFile*>(file); }
sqlite3_file* base(sqlite3_file* file) { return of(file)->base(); }

std::uint64_t stored_checksum(const unsigned char* page, std::size_t page_bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < checksum_bytes; ++i) value = value << 8 | page[page_bytes - checksum_bytes + i];
    return value;
}

/// Page 1 (its first bytes at least) says how large pages are and whether they carry checksums: boards of format 1 do
/// not, their reserved bytes are zeros.
void learn(PageFile& f, const unsigned char* bytes, std::uint64_t checksum_of_page_1) {
    const FileHeader header = read_header(bytes);
    if (!header.sqlite || header.page_bytes == 0) return;
    f.page_bytes = header.page_bytes;
    f.checks = header.reserved == static_cast<int>(checksum_bytes) && (header.format > 1 || checksum_of_page_1 != 0);
}

int read(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) {
    PageFile& f = *of(file);
    const int rc = f.base()->pMethods->xRead(f.base(), out, amount, offset);
    if (rc != SQLITE_OK) return rc;
    const auto bytes = static_cast<std::size_t>(amount);
    auto* page = static_cast<unsigned char*>(out);
    if (offset == 0 && bytes >= header_bytes) {
        const FileHeader header = read_header(page);
        unsigned char last[checksum_bytes] = {1};
        if (bytes == header.page_bytes)
            std::memcpy(last, page + bytes - checksum_bytes, checksum_bytes);
        else if (header.page_bytes > 0)
            (void)f.base()->pMethods->xRead(f.base(), last, checksum_bytes,
                                            static_cast<sqlite3_int64>(header.page_bytes - checksum_bytes));
        learn(f, page, stored_checksum(last, checksum_bytes));
    }
    if (!f.checks || bytes < page_bytes_min || f.page_bytes == 0) return SQLITE_OK;
    const auto size = static_cast<sqlite3_int64>(f.page_bytes);
    const std::int64_t number = offset / size + 1;
    if (bytes == f.page_bytes && offset % size == 0) {
        if (page_matches(page, bytes, number)) return SQLITE_OK;
    } else {  // part of a page, as a SQLite built with direct overflow reads asks for
        std::vector<unsigned char> whole(f.page_bytes);
        const int again =
            f.base()->pMethods->xRead(f.base(), whole.data(), static_cast<int>(size), (number - 1) * size);
        if (again != SQLITE_OK || page_matches(whole.data(), whole.size(), number)) return again;
    }
    damaged_page = number;
    return SQLITE_IOERR_DATA;
}

int write(sqlite3_file* file, const void* in, int amount, sqlite3_int64 offset) {
    PageFile& f = *of(file);
    const auto bytes = static_cast<std::size_t>(amount);
    const auto* page = static_cast<const unsigned char*>(in);
    if (offset == 0 && bytes >= header_bytes) learn(f, page, 1);  // what is written now carries one
    // A file that begins with another page than its first is one of ours being made: boards reserve the room.
    const bool fresh = f.page_bytes == 0 && bytes >= page_bytes_min && (bytes & (bytes - 1)) == 0;
    const bool whole = (fresh || (f.checks && bytes == f.page_bytes)) && offset % amount == 0;
    if (!whole) return f.base()->pMethods->xWrite(f.base(), in, amount, offset);
    std::vector<unsigned char>& copy = *f.scratch;
    copy.assign(page, page + bytes);
    std::uint64_t checksum = page_checksum(page, bytes, offset / amount + 1);
    for (std::size_t i = bytes; i-- > bytes - checksum_bytes; checksum >>= 8)
        copy[i] = static_cast<unsigned char>(checksum);
    return f.base()->pMethods->xWrite(f.base(), copy.data(), amount, offset);
}

int close(sqlite3_file* file) {
    const int rc = base(file)->pMethods->xClose(base(file));
    delete std::exchange(of(file)->scratch, nullptr);
    return rc;
}
int truncate(sqlite3_file* f, sqlite3_int64 size) { return base(f)->pMethods->xTruncate(base(f), size); }
int sync(sqlite3_file* f, int flags) { return base(f)->pMethods->xSync(base(f), flags); }
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

// Version 2 has no xFetch: nothing is read past the checksums by memory mapping.
constexpr sqlite3_io_methods methods = {
    2,         close,          read,    write,       truncate,        sync,    file_size, lock,
    unlock,    check_reserved, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
    shm_unmap, nullptr,        nullptr};

int open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
    sqlite3_vfs* const below = base_of(vfs);
    if (!(flags & SQLITE_OPEN_MAIN_DB)) return below->xOpen(below, name, file, flags, out_flags);
    PageFile& f = *of(file);
    std::memset(&f, 0, sizeof f);
    const int rc = below->xOpen(below, name, f.base(), flags, out_flags);
    if (rc != SQLITE_OK) return rc;
    f.scratch = new std::vector<unsigned char>;
    f.head.pMethods = &methods;
    return SQLITE_OK;
}

// The rest is the base's, asked with its own VFS.
int remove(sqlite3_vfs* v, const char* name, int sync_folder) {
    return base_of(v)->xDelete(base_of(v), name, sync_folder);
}
int access(sqlite3_vfs* v, const char* name, int flags, int* out) {
    return base_of(v)->xAccess(base_of(v), name, flags, out);
}
int full_path(sqlite3_vfs* v, const char* name, int bytes, char* out) {
    return base_of(v)->xFullPathname(base_of(v), name, bytes, out);
}
int randomness(sqlite3_vfs* v, int bytes, char* out) { return base_of(v)->xRandomness(base_of(v), bytes, out); }
int sleep(sqlite3_vfs* v, int micros) { return base_of(v)->xSleep(base_of(v), micros); }
int current_time(sqlite3_vfs* v, double* out) { return base_of(v)->xCurrentTime(base_of(v), out); }
int last_error(sqlite3_vfs* v, int bytes, char* out) { return base_of(v)->xGetLastError(base_of(v), bytes, out); }
int current_time_ms(sqlite3_vfs* v, sqlite3_int64* out) { return base_of(v)->xCurrentTimeInt64(base_of(v), out); }

sqlite3_vfs make_vfs() {
    sqlite3_vfs* const below = sqlite3_vfs_find(nullptr);
    YIPAN_CHECK(below && below->iVersion >= 2);
    sqlite3_vfs vfs{};
    vfs.iVersion = 2;
    vfs.szOsFile = static_cast<int>(sizeof(PageFile)) + below->szOsFile;
    vfs.mxPathname = below->mxPathname;
    vfs.zName = vfs_name;
    vfs.pAppData = below;
    vfs.xOpen = open;
    vfs.xDelete = remove;
    vfs.xAccess = access;
    vfs.xFullPathname = full_path;
    vfs.xRandomness = randomness;
    vfs.xSleep = sleep;
    vfs.xCurrentTime = current_time;
    vfs.xGetLastError = last_error;
    vfs.xCurrentTimeInt64 = current_time_ms;
    return vfs;
}
}  // namespace

const char* page_vfs() {
    static sqlite3_vfs vfs = make_vfs();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    YIPAN_CHECK(registered == SQLITE_OK);
    return vfs_name;
}

std::uint64_t page_checksum(const unsigned char* page, std::size_t page_bytes, std::int64_t number) {
    return XXH3_64bits_withSeed(page, page_bytes - checksum_bytes, static_cast<std::uint64_t>(number));
}

bool page_matches(const unsigned char* page, std::size_t page_bytes, std::int64_t number) {
    return page_checksum(page, page_bytes, number) == stored_checksum(page, page_bytes);
}

std::int64_t take_damaged_page() { return std::exchange(damaged_page, 0); }

FileHeader read_header(const unsigned char* bytes) {  // offsets: SQLite's file format, "the database header"
    constexpr char magic[16] = {'S', 'Q', 'L', 'i', 't', 'e', ' ', 'f', 'o', 'r', 'm', 'a', 't', ' ', '3', 0};
    const auto big_endian = [&](std::size_t at) {
        return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
               static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
    };
    FileHeader header;
    header.sqlite = std::memcmp(bytes, magic, sizeof magic) == 0;
    const std::size_t size = static_cast<std::size_t>(bytes[16]) << 8 | bytes[17];
    header.page_bytes = size == 1 ? page_bytes_max : size;
    if (header.page_bytes < page_bytes_min || (header.page_bytes & (header.page_bytes - 1)) != 0) header.page_bytes = 0;
    header.reserved = bytes[20];
    header.format = static_cast<int>(big_endian(60));
    header.application = big_endian(68);
    return header;
}

void RawFile::Close::operator()(sqlite3_file* file) const {
    if (file->pMethods) file->pMethods->xClose(file);
    std::free(file);
}

Result<RawFile> RawFile::open(const std::string& path) {
    if (std::error_code problem; std::filesystem::is_directory(path, problem))
        return fail(Code::not_found, path, "is a folder, no board", "a board is one file");
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    std::vector<char> full(static_cast<std::size_t>(vfs->mxPathname) + 1);
    const int named = vfs->xFullPathname(vfs, path.c_str(), static_cast<int>(full.size()), full.data()) & 0xff;
    RawFile out;
    out.path_ = path;
    out.name_.reset(named == SQLITE_OK ? sqlite3_create_filename(full.data(), "", "", 0, nullptr) : nullptr);
    out.file_.reset(static_cast<sqlite3_file*>(std::calloc(1, static_cast<std::size_t>(vfs->szOsFile))));
    if (!out.name_ || !out.file_ ||
        vfs->xOpen(vfs, out.name_.get(), out.file_.get(), SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_READONLY, nullptr) !=
            SQLITE_OK)
        return fail(Code::read_only, path, "cannot be read", "check the name and the right to read it");
    return out;
}

Result<std::int64_t> RawFile::size() const {
    sqlite3_int64 size = 0;
    if (file_->pMethods->xFileSize(file_.get(), &size) != SQLITE_OK)
        return fail(Code::store_failed, path_, "the disk does not tell its size");
    return size;
}

Status RawFile::read(void* out, std::size_t bytes, std::int64_t offset) const {
    const int rc = file_->pMethods->xRead(file_.get(), out, static_cast<int>(bytes), offset);
    if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
        return fail(Code::store_failed, path_,
                    "the disk does not give its bytes at offset " + std::to_string(offset) + " back",
                    "check the disk; restore a backup");
    return {};
}

}  // namespace yipan::store
