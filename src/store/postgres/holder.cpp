#include "store/postgres/holder.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>

#include "base/check.h"

namespace yipan::store::postgres {
namespace {
constexpr std::int64_t hold_s = 15, rest_s = 600;
constexpr std::string_view rests = "resting: ";  // before the process
constexpr std::chrono::seconds beat_every{5};
constexpr const char* let_go = "UPDATE yipan_holder SET expires = '-infinity', process = '', address = '' WHERE id = 1 AND epoch = $1";
// The hold goes on under the same epoch, as long as nobody has raised it.
constexpr const char* go_on = "UPDATE yipan_holder SET process = $1, expires = now() + $2 * interval '1 second' WHERE id = 1 AND epoch = $3 RETURNING id";
constexpr std::size_t shown_max = 200;
constexpr int lock_tries = 60, own_tries = 20;
constexpr std::chrono::milliseconds lock_again_after{50};

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}
std::string process_line() {
    std::ifstream in("/proc/self/cmdline");
    std::string out{std::istreambuf_iterator<char>(in), {}};
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    while (out.ends_with(' ')) out.pop_back();
    // A word cut in the middle of a letter is no text any more.
    std::size_t end = std::min(out.size(), shown_max);
    while (end > 0 && end < out.size() && (out[end] & 0xc0) == 0x80) --end;
    return std::to_string(::getpid()) + " on " + host_name() + ": " + out.substr(0, end);
}
// One number for each board of a database.
std::int64_t lock_number(const std::string& board) {
    const Digest d = sha256("yipan board " + board);
    std::int64_t out = 0;
    for (int i = 0; i < 8; ++i) out = out << 8 | d[static_cast<std::size_t>(i)];
    return out;
}
Result<bool> try_lock(Link& link) {
    YIPAN_TRY(const Rows r, link.ask("SELECT pg_try_advisory_lock($1)", Args().add(lock_number(link.address().board)), {20}));
    return *record::as_integer(r.value(0, 0)) != 0;
}
int tries_for(const std::string& process) {
    const int pid = std::atoi(process.c_str());
    if (pid <= 0 || !process.starts_with(std::to_string(pid) + " on " + host_name() + ":")) return 0;
    if (pid == ::getpid()) return own_tries;
    return ::kill(pid, 0) != 0 && errno == ESRCH ? lock_tries : 0;
}
}  // namespace

const char* const holder_table =
    "CREATE TABLE yipan_holder(id bigint PRIMARY KEY CHECK (id = 1), format bigint NOT NULL, epoch bigint NOT NULL, batch bigint NOT "
    "NULL, process text NOT NULL, address text NOT NULL, expires timestamptz NOT NULL);"
    "INSERT INTO yipan_holder VALUES(1, 2, 0, 0, '', '', '-infinity')";

Result<std::unique_ptr<Holder>> Holder::take(Link& link) {
    std::unique_ptr<Holder> holder(new Holder(link));
    const std::string process = process_line();
    YIPAN_TRY(bool gone, try_lock(link));
    if (!gone) {  // a server needs a moment to notice that a process of this machine, or a connection of this one, is dead
        YIPAN_TRY(const Rows by, link.ask("SELECT process FROM yipan_holder WHERE id = 1"));
        const int tries = by.size() == 1 ? tries_for(std::string(by.text(0, 0))) : 0;
        for (int i = 0; !gone && i < tries; ++i) {
            std::this_thread::sleep_for(lock_again_after);
            YIPAN_TRY(gone, try_lock(link));
        }
    }
    // In one statement, so that of two who try only one succeeds.
    const Result<Rows> taken =
        link.ask("UPDATE yipan_holder SET epoch = epoch + 1, process = $1, address = '', expires = now() + $2 * "
                 "interval '1 second' WHERE id = 1 AND ($3 <> 0 OR expires < now()) RETURNING epoch",
                 Args().text(process).add(hold_s).add(gone ? 1 : 0), {25, 20, 20});
    if (!taken) return fail(taken.error());
    if (taken->size() == 0) {
        YIPAN_TRY(const Rows who,
                  link.ask("SELECT process, address, greatest(0, ceil(extract(epoch FROM expires - now())))::bigint "
                           "FROM yipan_holder WHERE id = 1"));
        if (who.size() == 0)
            return fail(Code::corrupt, link.address().shown, "the row that says who writes is gone", "restore a backup");
        const std::string by(who.text(0, 0)), at(who.text(0, 1));
        return fail(Code::busy, link.address().shown,
                    "process " + by + " holds this board for writing" + (at.empty() ? "" : " (it answers at " + at + ")"),
                    std::string(at.empty() ? "wait for it, or stop it" : "send the change through it, or stop it first") +
                        "; its hold ends by itself " + std::to_string(who.integer(0, 2)) + " s after it falls silent");
    }
    holder->epoch_ = taken->integer(0, 0);
    holder->locked_ = gone;
    holder->begin_beat();
    return holder;
}

void Holder::begin_beat() {
    stopping_ = false;
    thread_ = std::thread([this] { beat(); });
}
void Holder::end_beat() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_.notify_one();
    if (thread_.joinable()) thread_.join();
}

Holder::~Holder() {
    end_beat();
    if (epoch_ != 0 && resting_ && !ousted()) {
        if (const auto brief = Link::open(link_.address(), false)) (void)(*brief)->ask(let_go, Args().add(epoch_), {20});
        return;
    }
    if (epoch_ == 0 || link_.lost()) return;
    const std::lock_guard lock(link_.mutex());
    link_.forget_failure();
    if (link_.in_transaction()) return;
    (void)link_.ask(let_go, Args().add(epoch_), {20});
    if (locked_) (void)link_.ask("SELECT pg_advisory_unlock($1)", Args().add(lock_number(link_.address().board)), {20});
}

// now(), not clock_timestamp(): Citus takes no volatile function in an UPDATE, and the beginning of the transaction will do.
// NULL in a column that has none makes the transaction fail, and nothing of it stands.
Status Holder::guard() {
    return link_.queue(
        "UPDATE yipan_holder SET epoch = CASE WHEN epoch = $1 THEN epoch END, batch = batch + 1, expires = now() + $2 "
        "* interval '1 second' WHERE id = 1",
        Args().add(epoch_).add(hold_s), {20, 20});
}

Status Holder::had() {
    ousted_.store(true, std::memory_order_release);
    return fail(Code::busy, link_.address().shown, "another process has written this board while this one rested", "ask again: it is read anew, or asked of the one that writes");
}
Status Holder::rest() {
    end_beat();
    const std::lock_guard lock(link_.mutex());
    const std::string process = std::string(rests) + process_line();
    const auto told = link_.ask(go_on, Args().text(process).add(rest_s).add(epoch_), {25, 20, 20});
    if (!told || told->size() == 0) {
        begin_beat();
        return told ? had() : Status(fail(told.error()));
    }
    if (locked_) (void)link_.ask("SELECT pg_advisory_unlock($1)", Args().add(lock_number(link_.address().board)), {20});
    locked_ = false;
    resting_ = true;
    return {};
}
Status Holder::wake() {
    const std::lock_guard lock(link_.mutex());
    const std::string process = process_line();
    // The lock first: who looks at a row that does not say "resting" any more takes a free lock for a dead holder.
    YIPAN_TRY(locked_, try_lock(link_));
    YIPAN_TRY(const Rows ours, link_.ask(go_on, Args().text(process).add(hold_s).add(epoch_), {25, 20, 20}));
    if (ours.size() == 0) return had();
    resting_ = false;
    begin_beat();
    if (!address_.empty()) (void)announce(address_);  // it may have changed meanwhile
    return {};
}
Status Holder::still_there() {
    if (!resting_) return {};
    YIPAN_TRY(const auto brief, Link::open(link_.address(), false));
    const std::string process = std::string(rests) + process_line();
    YIPAN_TRY(const Rows ours, brief->ask(go_on, Args().text(process).add(rest_s).add(epoch_), {25, 20, 20}));
    return ours.size() == 0 ? had() : Status{};
}

Status Holder::announce(const std::string& address) {
    address_ = address;
    if (resting_) return {};
    return link_.ask("UPDATE yipan_holder SET address = $1 WHERE id = 1 AND epoch = $2", Args().text(address).add(epoch_), {25, 20})
        .map([](const Rows&) {});
}

// A writer without work goes on holding its board. While a transaction runs its own row lock does that.
void Holder::beat() {
    std::unique_lock lock(mutex_);
    while (!stop_.wait_for(lock, beat_every, [&] { return stopping_; })) {
        const std::unique_lock link_lock(link_.mutex(), std::try_to_lock);
        if (!link_lock || link_.lost() || link_.failure() || link_.in_transaction()) continue;
        const auto ours = link_.ask("UPDATE yipan_holder SET expires = now() + $2 * interval '1 second' WHERE id = 1 AND epoch = $1 RETURNING id",
                                    Args().add(epoch_).add(hold_s), {20, 20});
        if (ours && !locked_)  // taken by expiry while a dead connection still had the lock
            if (const auto now_free = try_lock(link_); now_free) locked_ = *now_free;
        if (ours && ours->size() == 0) ousted_.store(true, std::memory_order_release);
        link_.forget_failure();
    }
}

void Holder::look_again() {
    link_.forget_failure();
    const auto now = link_.ask("SELECT epoch FROM yipan_holder WHERE id = 1");
    if (now && now->size() == 1 && now->integer(0, 0) != epoch_) ousted_.store(true, std::memory_order_release);
    link_.forget_failure();
}

Result<std::unique_ptr<Watch>> HolderWatch::open(const std::string& text) {
    YIPAN_TRY(const Address address, read_address(text));
    auto watch = std::make_unique<HolderWatch>();
    YIPAN_TRY(watch->link_, Link::open(address, false));
    return std::unique_ptr<Watch>(std::move(watch));
}

// The lock says at once that the holder's connection is gone; tried only when the row does not say so already, and given
// back at once. It must not be held by who only looks: two who look would each take the other for the holder.
Result<Holding> HolderWatch::look() {
    link_->forget_failure();
    YIPAN_TRY(const Rows r, link_->ask("SELECT process, address, epoch, batch, (expires > now())::int FROM yipan_holder WHERE id = 1"));
    if (r.size() != 1) return fail(Code::corrupt, link_->address().shown, "the row that says who writes is gone", "restore a backup");
    Holding out{std::string(r.text(0, 0)), std::string(r.text(0, 1)), r.integer(0, 2), r.integer(0, 3), r.integer(0, 4) != 0, false};
    if (out.held && out.process.starts_with(rests)) {  // it has no lock, and is no less there
        out.process.erase(0, rests.size());
        out.resting = true;
        return out;
    }
    if (!out.held) return out;
    YIPAN_TRY(const bool free, try_lock(*link_));
    if (free) {
        (void)link_->ask("SELECT pg_advisory_unlock($1)", Args().add(lock_number(link_->address().board)), {20});
        out.held = false;
    }
    return out;
}

}  // namespace yipan::store::postgres
