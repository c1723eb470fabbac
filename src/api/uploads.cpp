#include "api/uploads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "access/accounts.h"
#include "access/secret.h"
#include "api/call.h"

namespace yipan::api {
namespace fs = std::filesystem;
namespace {

Status write_at(const std::string& path, std::int64_t offset, std::string_view bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return fail(Code::store_failed, "", std::string("the upload cannot be kept: ") + std::strerror(errno), "");
    bool good = true;
    for (std::size_t done = 0; good && done < bytes.size();) {
        const ssize_t n = ::pwrite(file, bytes.data() + done, bytes.size() - done, offset + static_cast<std::int64_t>(done));
        if (n < 0 && errno == EINTR) continue;
        good = n > 0;
        if (good) done += static_cast<std::size_t>(n);
    }
    good = good && ::fdatasync(file) == 0;
    const int problem = errno;
    ::close(file);
    if (good) return {};
    return fail(Code::store_failed, "", std::string("the upload cannot be kept: ") + std::strerror(problem), "make room on the server's disk");
}

}  // namespace

TemporaryFile::~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
}

Uploads::Uploads(std::string start) : start_(std::move(start)) {
    constexpr std::string_view end = ".upload";
    constexpr std::size_t hash_digits = 64;
    const fs::path sample(start_);
    const std::string first = sample.filename().string();
    std::error_code ignored;
    const fs::path folder = sample.has_parent_path() ? sample.parent_path() : fs::path(".");
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
        if (entry.path().filename().string().starts_with(first)) left.push_back(entry.path());
    const std::int64_t now = access::unix_now();
    for (const fs::path& path : left) {
        const std::string rest = path.filename().string().substr(first.size());
        if (rest.size() == hash_digits + end.size() && rest.ends_with(end)) take_up(rest.substr(0, hash_digits), now);
    }
    for (const fs::path& path : left) {
        const std::string rest = path.filename().string().substr(first.size());
        if (!all_.contains(rest.substr(0, hash_digits))) fs::remove(path, ignored);
    }
}

void Uploads::take_up(const std::string& hash, std::int64_t now) {
    std::ifstream in(about_path(hash), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    boost::system::error_code bad;
    const json::value v = json::parse(text, bad);
    struct stat st {};
    if (bad || !v.is_object() || ::stat(data_path(hash).c_str(), &st) != 0) return;
    const json::object& o = v.get_object();
    const auto number = [&](const char* name) {
        const auto* n = o.if_contains(name);
        return n && n->is_int64() ? n->get_int64() : std::int64_t{-1};
    };
    Upload upload;
    upload.person = RecordId(number("person"));
    upload.post = RecordId(number("post"));
    upload.state = {member_text(o, "name"), number("bytes"), st.st_size, number("import") == 1, {}};
    upload.touched = st.st_mtime;
    const bool good = upload.state.bytes >= 0 && upload.state.bytes <= upload_bytes_max && upload.state.offset <= upload.state.bytes && !upload.state.name.empty();
    if (good && upload.touched + upload_idle_seconds >= now && all_.size() < uploads_max) all_[hash] = std::move(upload);
}
void Uploads::forget(All::iterator upload) {
    std::error_code ignored;
    fs::remove(about_path(upload->first), ignored);
    fs::remove(data_path(upload->first), ignored);
    all_.erase(upload);
}

std::shared_ptr<TemporaryFile> Uploads::fresh(std::string_view end) const {
    return std::make_shared<TemporaryFile>(start_ + access::new_secret() + std::string(end));
}

Result<std::string> Uploads::begin(RecordId person, RecordId post, std::string name, std::int64_t bytes, bool for_import) {
    constexpr std::size_t name_bytes_max = 200;
    if (name.empty() || name.size() > name_bytes_max || name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos ||
        std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
        return fail(Code::invalid_input, "name", "not a file's name of 1 to 200 bytes", "the last part of its path, without slashes");
    if (bytes < 0 || bytes > upload_bytes_max)
        return fail(Code::limit_exceeded, "bytes", "a file has at most " + std::to_string(upload_bytes_max) + " bytes", "");
    std::unique_lock lock(mutex_);
    const std::int64_t now = access::unix_now();
    for (auto at = all_.begin(); at != all_.end();) {
        const auto here = at++;
        if (!here->second.writing && here->second.touched + upload_idle_seconds < now) forget(here);
    }
    const auto own = std::count_if(all_.begin(), all_.end(), [&](const auto& one) { return one.second.person == person; });
    if (all_.size() >= uploads_max || static_cast<std::size_t>(own) >= uploads_of_person_max)
        return fail(Code::busy, "", "too many uploads are under way", "end or drop one of them; an idle one ends after a day");
    Upload upload;
    upload.person = person;
    upload.post = post;
    upload.state = {std::move(name), bytes, 0, for_import, {}};
    upload.touched = now;
    // The id is a secret of who sends; the files are called by its hash.
    std::string id = access::new_secret();
    const std::string hash = access::secret_hash(id);
    const json::object about{{"person", person.value}, {"post", post.value}, {"name", upload.state.name}, {"bytes", bytes}, {"import", for_import ? 1 : 0}};
    all_.emplace(hash, std::move(upload));
    const Status begun = write(lock, hash, [&]() -> Status {
        YIPAN_TRY_VOID(write_at(data_path(hash), 0, {}));
        return write_at(about_path(hash), 0, json::serialize(about));
    });
    if (begun) return id;
    forget(all_.find(hash));
    return fail(begun.error());
}

Status Uploads::write(std::unique_lock<std::mutex>& lock, const std::string& hash, const std::function<Status()>& work) {
    all_.at(hash).writing = true;  // so it stays where it is
    lock.unlock();
    const Status done = work();
    lock.lock();
    all_.at(hash).writing = false;
    still_.notify_all();
    return done;
}
Result<Uploads::Upload*> Uploads::find_still(std::unique_lock<std::mutex>& lock, RecordId person, RecordId post, const std::string& id) {
    while (true) {
        YIPAN_TRY(Upload* const upload, find(person, post, id));
        if (!upload->writing) return upload;
        still_.wait(lock);
    }
}

Result<Uploads::Upload*> Uploads::find(RecordId person, RecordId post, const std::string& id) {
    auto found = all_.find(access::secret_hash(id));
    if (found == all_.end()) found = done_.find(access::secret_hash(id));
    if (found == all_.end() || found == done_.end() || found->second.person != person || found->second.post != post)
        return fail(Code::not_found, "upload", "no such upload, or it was idle for a day", "POST /files begins one");
    found->second.touched = access::unix_now();
    return &found->second;
}

Result<Uploads::State> Uploads::state(RecordId person, RecordId post, const std::string& id) {
    const std::lock_guard lock(mutex_);
    YIPAN_TRY(const Upload* upload, find(person, post, id));
    return upload->state;
}

Result<Uploads::State> Uploads::append(RecordId person, RecordId post, const std::string& id, std::int64_t offset, std::string_view piece) {
    std::unique_lock lock(mutex_);
    YIPAN_TRY(Upload* const upload, find_still(lock, person, post, id));  // pieces of one file come one after the other
    if (offset != upload->state.offset)
        return fail(Code::version_conflict, "Upload-Offset", "the next piece begins at " + std::to_string(upload->state.offset), "send it from there");
    if (offset + static_cast<std::int64_t>(piece.size()) > upload->state.bytes)
        return fail(Code::invalid_input, "body", "more bytes than were announced", "");
    if (piece.empty()) return upload->state;  // done, or only what failed is to be tried again
    const std::string hash = access::secret_hash(id);
    YIPAN_TRY_VOID(write(lock, hash, [&] { return write_at(data_path(hash), offset, piece); }));
    upload->state.offset += static_cast<std::int64_t>(piece.size());
    return upload->state;
}

Result<Uploads::Taken> Uploads::read(RecordId person, RecordId post, const std::string& id) {
    std::unique_lock lock(mutex_);
    YIPAN_TRY(Upload* const upload, find_still(lock, person, post, id));
    if (upload->state.offset < upload->state.bytes)
        return fail(Code::invalid_input, "upload", "is not complete: " + std::to_string(upload->state.offset) + " of " + std::to_string(upload->state.bytes) + " bytes",
                    "send the rest from there");
    if (!upload->state.hash.empty()) return fail(Code::not_found, "upload", "the upload became an attachment already", "POST /files begins one");
    auto file = fresh();  // another name of the same bytes
    std::error_code problem;
    fs::create_hard_link(data_path(access::secret_hash(id)), file->path(), problem);
    if (problem) return fail(Code::store_failed, "upload", "the upload is gone: " + problem.message(), "send it again");
    return Taken{upload->state.name, std::move(file)};
}

Status Uploads::done(RecordId person, RecordId post, const std::string& id, std::string hash) {
    constexpr std::size_t done_max = 1'000;
    std::unique_lock lock(mutex_);
    YIPAN_TRY(Upload* const upload, find_still(lock, person, post, id));
    if (!upload->state.hash.empty()) return {};
    Upload kept = *upload;
    kept.state.hash = std::move(hash);
    forget(all_.find(access::secret_hash(id)));
    const std::int64_t now = access::unix_now();
    std::erase_if(done_, [&](const auto& one) { return one.second.touched + upload_idle_seconds < now; });
    if (done_.size() >= done_max)
        done_.erase(std::min_element(done_.begin(), done_.end(), [](const auto& a, const auto& b) { return a.second.touched < b.second.touched; }));
    done_[access::secret_hash(id)] = std::move(kept);
    return {};
}

Status Uploads::drop(RecordId person, RecordId post, const std::string& id) {
    std::unique_lock lock(mutex_);
    YIPAN_TRY_VOID(find_still(lock, person, post, id));
    if (const auto at = all_.find(access::secret_hash(id)); at != all_.end()) forget(at);
    return {};
}

Result<std::shared_ptr<TemporaryFile>> kept(const Uploads& uploads, std::string_view bytes) {
    auto file = uploads.fresh();
    YIPAN_TRY_VOID(write_at(file->path(), 0, bytes));
    return file;
}

}  // namespace yipan::api
