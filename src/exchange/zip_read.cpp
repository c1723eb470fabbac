#include "exchange/zip_read.h"

#include <minizip/unzip.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace yipan::exchange {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// minizip reads through these when the archive lies in memory.
struct Memory {
    std::string_view bytes;
    std::size_t at = 0;
};
voidpf memory_open(voidpf memory, const void*, int) { return memory; }
uLong memory_read(voidpf, voidpf stream, void* room, uLong size) {
    auto& memory = *static_cast<Memory*>(stream);
    const std::size_t n = std::min<std::size_t>(size, memory.bytes.size() - std::min(memory.at, memory.bytes.size()));
    std::memcpy(room, memory.bytes.data() + (n ? memory.at : 0), n);
    memory.at += n;
    return static_cast<uLong>(n);
}
uLong memory_write(voidpf, voidpf, const void*, uLong) { return 0; }
ZPOS64_T memory_tell(voidpf, voidpf stream) { return static_cast<Memory*>(stream)->at; }
long memory_seek(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
    auto& memory = *static_cast<Memory*>(stream);
    const std::size_t from = origin == ZLIB_FILEFUNC_SEEK_CUR   ? memory.at
                             : origin == ZLIB_FILEFUNC_SEEK_END ? memory.bytes.size()
                                                                : 0;
    if (offset > memory.bytes.size() || from + offset > memory.bytes.size()) return -1;
    memory.at = from + offset;
    return 0;
}
int memory_close(voidpf, voidpf) { return 0; }
int memory_error(voidpf, voidpf) { return 0; }

class MiniZip final : public ZipFile {
  public:
    explicit MiniZip(std::string name) : name_(std::move(name)) {}
    ~MiniZip() override {
        close();
        if (zip_) unzClose(zip_);
    }
    Status start(const std::string& path) {
        std::error_code unknown;
        size_ = std::filesystem::file_size(path, unknown);
        zip_ = unzOpen64(path.c_str());
        return directory();
    }
    Status start(std::string_view bytes) {
        memory_.bytes = bytes;
        size_ = bytes.size();
        zlib_filefunc64_def calls{};
        calls.zopen64_file = memory_open;
        calls.zread_file = memory_read;
        calls.zwrite_file = memory_write;
        calls.ztell64_file = memory_tell;
        calls.zseek64_file = memory_seek;
        calls.zclose_file = memory_close;
        calls.zerror_file = memory_error;
        calls.opaque = &memory_;
        zip_ = unzOpen2_64("", &calls);
        return directory();
    }

    Status open(const Entry& entry) override {
        close();
        if (entry.encrypted)
            return fail(Code::invalid_input, name_ + ":" + entry.name, "the file is encrypted with a password",
                        "remove the password, then send it again");
        if (entry.method != 0 && entry.method != 8)
            return fail(Code::invalid_input, name_ + ":" + entry.name,
                        "is packed by method " + std::to_string(entry.method), "save the file anew as .xlsx");
        unz64_file_pos place{entry.place_file, entry.place_number};
        if (unzGoToFilePos64(zip_, &place) != UNZ_OK || unzOpenCurrentFile(zip_) != UNZ_OK) return damaged(entry.name);
        open_ = &entry;
        read_ = 0;
        return {};
    }

    Result<std::size_t> read(std::span<char> room) override {
        if (!open_) return std::size_t{0};
        const int got =
            unzReadCurrentFile(zip_, room.data(), static_cast<unsigned>(std::min<std::size_t>(room.size(), 1u << 30)));
        if (got < 0) return damaged(open_->name);
        if (got == 0) {
            const std::string entry = open_->name;
            open_ = nullptr;
            if (unzCloseCurrentFile(zip_) != UNZ_OK) return damaged(entry);
            return std::size_t{0};
        }
        read_ += static_cast<std::uint64_t>(got);
        total_ += static_cast<std::uint64_t>(got);
        const std::uint64_t packed = std::max<std::uint64_t>(packed_bytes(), 1);
        if (read_ > zip_ratio_free_bytes && read_ / packed > zip_ratio_max)
            return fail(Code::limit_exceeded, name_ + ":" + open_->name,
                        "inflates to more than " + std::to_string(zip_ratio_max) + " times its size",
                        "this is how zip bombs look; save the workbook anew with its used cells only");
        if (total_ > zip_inflated_max)
            return fail(Code::limit_exceeded, name_,
                        "inflates to more than " + std::to_string(zip_inflated_max >> 30) + " GiB", "split the file");
        return static_cast<std::size_t>(got);
    }

  private:
    void close() {
        if (open_) unzCloseCurrentFile(zip_);
        open_ = nullptr;
    }
    // The inflating itself stops at what the directory claims; a claim beyond the file is a lie.
    std::uint64_t packed_bytes() const { return std::min(open_->packed, size_); }
    tl::unexpected<Error> damaged(const std::string& entry) const {
        return fail(Code::invalid_input, entry.empty() ? name_ : name_ + ":" + entry,
                    "the file is damaged: it cannot be unpacked", "send it again, or save it anew");
    }
    Status directory() {
        if (!zip_) return damaged("");
        unz_global_info64 all{};
        if (unzGetGlobalInfo64(zip_, &all) != UNZ_OK) return damaged("");
        if (all.number_entry > zip_entries_max)
            return fail(Code::limit_exceeded, name_, "holds " + std::to_string(all.number_entry) + " parts",
                        "a workbook has at most " + std::to_string(zip_entries_max));
        for (int at = unzGoToFirstFile(zip_); at == UNZ_OK; at = unzGoToNextFile(zip_)) {
            char name[1024];
            unz_file_info64 info{};
            unz64_file_pos place{};
            if (unzGetCurrentFileInfo64(zip_, &info, name, sizeof name - 1, nullptr, 0, nullptr, 0) != UNZ_OK ||
                unzGetFilePos64(zip_, &place) != UNZ_OK || info.size_filename >= sizeof name - 1)
                return damaged("");
            name[info.size_filename] = 0;
            Entry entry;
            entry.name = name;
            std::replace(entry.name.begin(), entry.name.end(), '\\', '/');
            entry.packed = info.compressed_size;
            entry.inflated = info.uncompressed_size;
            entry.place_file = place.pos_in_zip_directory;
            entry.place_number = place.num_of_file;
            entry.encrypted = (info.flag & 1) != 0;
            entry.method = static_cast<int>(info.compression_method);
            if (entries_.size() >= zip_entries_max)
                return fail(Code::limit_exceeded, name_, "holds too many parts",
                            "a workbook has at most " + std::to_string(zip_entries_max));
            entries_.push_back(std::move(entry));
        }
        return {};
    }

    std::string name_;
    Memory memory_;
    unzFile zip_ = nullptr;
    const Entry* open_ = nullptr;
    std::uint64_t read_ = 0, total_ = 0, size_ = 0;
};

}  // namespace

const ZipFile::Entry* ZipFile::find(std::string_view name) const {
    if (name.starts_with('/')) name.remove_prefix(1);
    for (const Entry& entry : entries_)
        if (same_name(entry.name, name)) return &entry;
    return nullptr;
}

Result<std::string> ZipFile::text(const Entry& entry, std::size_t bytes_max) {
    YIPAN_TRY_VOID(open(entry));
    std::string out;
    char room[16384];
    while (true) {
        YIPAN_TRY(const std::size_t got, read(room));
        if (got == 0) return out;
        if (out.size() + got > bytes_max)
            return fail(Code::limit_exceeded, entry.name, "is larger than " + std::to_string(bytes_max >> 20) + " MiB",
                        "save the workbook anew");
        out.append(room, got);
    }
}

Result<std::unique_ptr<ZipFile>> ZipFile::open_file(const std::string& path, std::string name) {
    auto zip = std::make_unique<MiniZip>(std::move(name));
    YIPAN_TRY_VOID(zip->start(path));
    return zip;
}

Result<std::unique_ptr<ZipFile>> ZipFile::open_bytes(std::string_view bytes, std::string name) {
    auto zip = std::make_unique<MiniZip>(std::move(name));
    YIPAN_TRY_VOID(zip->start(bytes));
    return zip;
}

}  // namespace yipan::exchange
