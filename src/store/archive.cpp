#include "store/archive.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "store/open.h"

namespace yipan::store {
namespace {
constexpr std::string_view magic = "yipan archive 1\n", end_mark = "yipanend";
constexpr std::size_t flush_at = 1 << 20, number_bytes = 8, length_bytes = 4, line_bytes = 2 * number_bytes;
constexpr std::size_t head_bytes = number_bytes + journal::salt_bytes + length_bytes, tail_bytes = number_bytes + 8;

void put(std::string& out, std::uint64_t v, std::size_t bytes = number_bytes) {
    for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(v >> (8 * i) & 0xff);
}
template <class Number>
bool read(std::string_view text, Number& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc{} && end == text.data() + text.size();
}
std::string_view word(std::string_view& text, char until) {
    const std::size_t at = std::min(text.find(until), text.size());
    const std::string_view out = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return out;
}
}  // namespace

// ---- the board's list ----
Result<std::vector<ArchiveLine>> read_archive_lines(std::string_view text) {
    std::vector<ArchiveLine> out;
    while (!text.empty()) {
        std::string_view line = word(text, '\n');
        ArchiveLine& one = out.emplace_back();
        const bool good = read(word(line, ' '), one.number) && read(word(line, ' '), one.to) && read(word(line, ' '), one.bodies);
        one.sha256 = word(line, ' ');
        one.positions = word(line, ' ');
        one.file = line;
        if (!good || one.file.empty()) return fail(Code::corrupt, "archives", "the list of the board's archives is not readable", "run yipan verify; restore a backup");
    }
    return out;
}
std::string archive_lines_text(const std::vector<ArchiveLine>& lines) {
    std::string out;
    for (const ArchiveLine& l : lines)
        out += std::to_string(l.number) + " " + std::to_string(l.to) + " " + std::to_string(l.bodies) + " " + l.sha256 + " " + l.positions + " " + l.file + "\n";
    return out;
}
std::string archive_at(const std::string& board, const ArchiveLine& line) {
    if (::access(line.file.c_str(), R_OK) == 0) return line.file;
    const std::string stem = beside_stem(board);
    const std::string beside = folder_of(stem) + "/" + line.file.substr(line.file.rfind('/') + 1);
    return ::access(beside.c_str(), R_OK) == 0 ? beside : "";
}

// ---- writing ----
Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::create(const std::string& path, const std::string& origin, std::int64_t to, std::int64_t bodies) {
    if (::access(path.c_str(), F_OK) == 0) return fail(Code::duplicate, path, "a file of this name exists", "choose another name or move it away");
    std::unique_ptr<ArchiveWriter> out(new ArchiveWriter(path));
    out->file_ = File::open(out->part_, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (!out->file_) return fail(file_error(out->part_, "make the archive"));
    out->buffer_.append(magic).append(origin).append("\n").append(std::to_string(to)).append("\n").append(std::to_string(bodies)).append("\n");
    return out;
}
Status ArchiveWriter::add(std::int64_t position, std::string_view salt, std::string_view body) {
    put(table_, static_cast<std::uint64_t>(position));
    put(table_, static_cast<std::uint64_t>(bytes_) + buffer_.size());
    put(buffer_, static_cast<std::uint64_t>(position));
    buffer_ += salt;
    put(buffer_, body.size(), length_bytes);
    buffer_ += body;
    return buffer_.size() < flush_at ? Status{} : flush();
}
Status ArchiveWriter::flush() {
    sum_.add(buffer_);
    for (std::string_view left = buffer_; !left.empty();) {
        const ssize_t n = ::write(file_.fd(), left.data(), left.size());
        if (n <= 0) return fail(file_error(part_, "write the archive"));
        left.remove_prefix(static_cast<std::size_t>(n));
    }
    bytes_ += static_cast<std::int64_t>(buffer_.size());
    buffer_.clear();
    return {};
}
Result<ArchiveWriter::Written> ArchiveWriter::finish() {
    const std::uint64_t table_at = static_cast<std::uint64_t>(bytes_) + buffer_.size();
    buffer_ += table_;
    put(buffer_, table_at);
    buffer_ += end_mark;
    YIPAN_TRY_VOID(flush());
    file_ = File();
    YIPAN_TRY_VOID(sync_file(part_));
    YIPAN_TRY_VOID(rename_durably(part_, path_));
    return Written{hex(sum_.finish()), bytes_};
}

// ---- reading ----
Result<std::unique_ptr<ArchiveFile>> ArchiveFile::open(const std::string& path) {
    std::unique_ptr<ArchiveFile> out(new ArchiveFile(path));
    const File file = File::open(path, O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (!file || ::fstat(file.fd(), &about) != 0) return fail(file_error(path, "open the archive"));
    const auto size = static_cast<std::size_t>(about.st_size);
    if (size < magic.size() + tail_bytes) return fail(out->damaged("is too short"));
    void* mapped = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd(), 0);
    if (mapped == MAP_FAILED) return fail(file_error(path, "read the archive"));
    out->bytes_ = {static_cast<const char*>(mapped), size};
    std::string_view head = out->bytes_;
    if (!head.starts_with(magic) || !head.ends_with(end_mark)) return fail(out->damaged("is no archive of a board, or its beginning or end is gone"));
    head.remove_prefix(magic.size());
    out->origin_ = word(head, '\n');
    std::int64_t to = 0;
    const bool good = read(word(head, '\n'), to) && read(word(head, '\n'), out->bodies_);
    const std::uint64_t table = out->number(size - tail_bytes);
    if (!good || out->bodies_ < 0 || table > size - tail_bytes || size - tail_bytes - table != static_cast<std::uint64_t>(out->bodies_) * line_bytes)
        return fail(out->damaged("is damaged: its table does not fit its size"));
    out->table_ = static_cast<std::size_t>(table);
    return out;
}
ArchiveFile::~ArchiveFile() {
    if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}
Error ArchiveFile::damaged(std::string_view what) const { return {Code::corrupt, path_, std::string(what), "take another copy of it"}; }
std::uint64_t ArchiveFile::number(std::size_t at) const {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < number_bytes; ++i) out = out << 8 | static_cast<unsigned char>(bytes_[at + i]);
    return out;
}
std::string ArchiveFile::sha256() const { return hex(Sha256().add(bytes_).finish()); }
Result<ArchiveFile::Body> ArchiveFile::at(std::int64_t index) const {
    const std::size_t line = table_ + static_cast<std::size_t>(index) * line_bytes;
    const std::uint64_t position = number(line), place = number(line + number_bytes);
    const auto wrong = [&] { return fail(damaged("is damaged: what it says of entry " + std::to_string(position) + " cannot be read")); };
    if (place > table_ || table_ - place < head_bytes || number(static_cast<std::size_t>(place)) != position) return wrong();
    Body out;
    out.position = static_cast<std::int64_t>(position);
    std::size_t here = static_cast<std::size_t>(place) + number_bytes;
    out.salt = bytes_.substr(here, journal::salt_bytes);
    here += journal::salt_bytes;
    std::size_t length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) length = length << 8 | static_cast<unsigned char>(bytes_[here + i]);
    here += length_bytes;
    if (length > table_ - here) return wrong();
    out.body = bytes_.substr(here, length);
    return out;
}
std::optional<ArchiveFile::Body> ArchiveFile::find(std::int64_t position) const {
    std::int64_t from = 0, to = bodies_;
    while (from < to) {
        const std::int64_t middle = from + (to - from) / 2;
        if (static_cast<std::int64_t>(number(table_ + static_cast<std::size_t>(middle) * line_bytes)) < position) from = middle + 1;
        else to = middle;
    }
    if (from >= bodies_) return {};
    const auto found = at(from);
    return found && found->position == position ? std::optional<Body>(*found) : std::nullopt;
}

// ---- for a store ----
Archives Archives::of(Store& store, const std::string& board) {
    Archives out;
    const auto text = store.meta("archives");
    const auto lines = text ? read_archive_lines(text->value_or("")) : Result<std::vector<ArchiveLine>>(std::vector<ArchiveLine>{});
    if (!lines) return out;
    for (const ArchiveLine& line : *lines) {
        One& one = out.all_.emplace_back(One{line, nullptr, ""});
        const std::string at = archive_at(board, line);
        if (at.empty()) continue;
        auto file = ArchiveFile::open(at);
        if (file) one.file = std::move(*file);
        else one.why = file.error().text();
    }
    return out;
}
void Archives::fill(journal::Entry& e) const {
    std::int64_t number = 0;
    (void)read(std::string_view(e.body[0]).substr(1), number);
    for (const One& one : all_) {
        if (one.line.number != number) continue;
        const std::string name = one.line.file.substr(one.line.file.rfind('/') + 1) + " (SHA-256 " + one.line.sha256 + ")";
        const auto found = one.file ? one.file->find(e.position) : std::nullopt;
        if (found && e.commitment[0] && journal::commitment_of(found->salt, found->body) == *e.commitment[0]) {
            e.salt[0] = found->salt;
            e.body[0] = found->body;
            return;
        }
        e.body[0] = "#" + (one.file ? "the archive " + name + " does not hold its body as the journal knows it"
                           : one.why.empty() ? "its body is archived in " + name + ", which is not at hand" : "its body is archived in " + name + ": " + one.why);
        return;
    }
    e.body[0] = "#its body is archived in a file the board does not name (archive " + std::to_string(number) + ")";
}
Error needs_archived(const journal::Entry& e) {
    return {Code::not_found, "entry " + std::to_string(e.position), std::string(archived(e).value_or("")),
            "yipan archive BOARD --attach FILE says where it is; --restore FILE puts the bodies back"};
}
Error erased_elsewhere(std::int64_t position) {
    return {Code::rule_broken, "entry " + std::to_string(position), "its body lies in an archive, and an erasure does not reach that",
            "yipan archive BOARD --restore FILE first; then erase, and destroy the copies of the file"};
}

}  // namespace yipan::store
