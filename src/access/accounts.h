#pragma once
// Accounts, their sessions and tokens. Kept beside the journal (side table, decision 0018) and in memory; every act is an
// entry of the journal (verb `act`) without its secret. No account has a password until its owner sets the first one by a
// link that works once. Thread-safe; calls that hash a password or write block.
//
// Three administrators (三員): system (accounts, settings), security (locks, sessions, who is administrator), audit (reads
// what was done). One account holds one of the three at most, one person as well, and administrators hold no post.
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "board/board.h"

namespace yipan::access {

constexpr int failures_max = 5;
constexpr std::int64_t minute_s = 60;
constexpr std::int64_t locked_s = 15 * minute_s, session_idle_s = 30 * minute_s, session_s = 12 * 60 * minute_s,
                       link_s = 7 * 24 * 60 * minute_s, token_s_max = 366 * 24 * 60 * minute_s;
constexpr std::size_t devices_max = 100;
constexpr std::size_t sessions_of_account_max = 20, tokens_of_account_max = 20, accounts_max = 20'000;
constexpr int attempts_a_minute_max = 30;  // of one address

struct Account {
    std::string name;
    RecordId person;
    std::string admin;  // "", system, security, audit
    std::string hash;   // empty: no password yet
    bool locked = false;
    int failures = 0;
    std::int64_t locked_until = 0, created = 0;
    std::string totp;            // key; empty: off
    std::string totp_pending;    // begun, not confirmed
    std::int64_t totp_last = 0;  // counter of the last code used
    std::string link;            // hash of the link that sets the password; empty: none. A newer one takes its place
};
struct Session {
    std::string hash, id;  // of the secret; the id is its first letters, safe to show
    std::string account;   // empty on a demo board: a person picked without signing in
    RecordId person, post;
    std::int64_t created = 0, seen = 0;
    std::string agent, address, csrf;
};
struct Token {
    std::string hash, id, account, name;
    RecordId person, post;
    std::set<std::string> scopes;  // read, write, import, figures
    std::string page;              // of a device: the one page it shows; it acts in the post as nobody
    std::int64_t created = 0, expires = 0;
};

class Accounts {
  public:
    static Result<std::unique_ptr<Accounts>> open(board::Board& board);
    /// Of a board that follows another process: something was written there, so that what is at hand is asked for anew.
    void changed();
    /// Of such a board: the writer should hear of this session, or it would take it for idle and end it.
    bool due(std::string_view secret);

    // -- signing in
    struct Opened {
        std::string secret;  // for the cookie
        Session session;
    };
    struct Asked {
        std::string account, password, code, agent, address;
    };
    /// not_allowed: wrong, locked or unknown, all alike; `code_needed` when only the second factor is missing.
    Result<Opened> sign_in(const Asked& asked, bool& code_needed);
    /// Somebody another provider vouches for (OIDC). Administrators sign in here only; the local second factor, where it is
    /// on, is the provider's to ask. not_allowed: unknown or locked, alike.
    Result<Opened> vouched(std::string_view account, std::string agent, std::string address);
    Result<Opened> demo(RecordId person, RecordId post, std::string agent, std::string address);
    std::shared_ptr<const Session> session(std::string_view secret);  // null: there is none
    std::optional<Token> token(std::string_view secret);
    /// Whether the session or token of this hash may still ask; looking does not keep it alive.
    bool alive(std::string_view hash) const;
    Status sign_out(const Session& session);
    Status choose_post(const Session& session, RecordId post);
    std::vector<Session> sessions_of(std::string_view account) const;
    Status revoke(const Session& by, std::string_view account, std::string_view session_id);

    // -- passwords
    /// Every session and token of the account ends with it: whoever had the old password may have made them.
    Status set_password_by_link(std::string_view link, std::string_view password, std::string& account);
    /// The other sessions end; tokens, which are credentials of their own, when it is asked for.
    Status change_password(const Session& session, std::string_view old, std::string_view password, bool tokens_end = false);

    // -- second factor
    Result<std::string> totp_begin(const Session& session);
    Status totp_confirm(const Session& session, std::string_view code);
    Status totp_end(const Session& session, std::string_view password);

    // -- tokens
    Result<std::string> new_token(const Session& session, std::string name, std::set<std::string> scopes, std::int64_t lives_s);
    std::vector<Token> tokens_of(std::string_view account) const;
    Status drop_token(const Session& session, std::string_view id);
    /// A device that hangs on a wall shows one page as a post may see it, for as long as its token lives.
    Result<std::string> new_device(const Session& by, std::string name, RecordId post, std::string page, std::int64_t lives_s);
    std::vector<Token> devices() const;
    Result<Token> drop_device(const Session& by, std::string_view id);

    // -- administration. `by` is shown in the journal; empty session: the command line.
    std::vector<Account> all() const;  // without hashes and keys
    std::optional<Account> find(std::string_view name) const;
    /// Makes an account without a password and gives its link.
    Result<std::string> add(const Session& by, std::string name, RecordId person, std::string admin);
    /// A new link for the password of an account; the old password stays until it is used.
    Result<std::string> link(const Session& by, std::string_view name);
    Status lock(const Session& by, std::string_view name, bool locked);
    Status set_admin(const Session& by, std::string_view name, std::string admin);
    /// Links of accounts that have no password yet, made anew: what `serve` prints at its start. Somebody who was given
    /// one that still holds (yipan account) keeps it; those of the three administrators are always new.
    Result<std::vector<std::pair<std::string, std::string>>> first_links();

    /// A look at personal data as an entry: what was looked at is told only when this is durable. The draft for who
    /// hands it to the board himself, or written at once.
    board::Draft look(RecordId person, RecordId post, std::string_view type, RecordId record, std::string_view fields, std::string_view reason) const;
    Status note_read(RecordId person, RecordId post, std::string_view type, RecordId record, std::string_view fields, std::string_view reason);

    std::string channel = "web";

  private:
    Result<bool> has_link(const std::string& name);
    explicit Accounts(board::Board& board) : board_(board) {}
    Status load();
    void take_account(std::string_view key, std::string_view value) const;
    void take_session(std::string_view key, std::string_view value) const;
    void take_token(std::string_view key, std::string_view value) const;
    std::string account_of(const std::string& hash) const;
    std::string_view secret_kind(const std::string& hash) const;
    void freshen(std::string_view space, const std::string& key) const;
    board::Draft draft_of(std::string_view act, std::string_view account, RecordId actor, RecordId post, std::vector<board::SideWrite> side,
                          std::string_view about) const;
    Status write(std::string_view act, std::string_view account, RecordId actor, RecordId post, std::vector<board::SideWrite> side,
                 std::string_view about = {});
    using Written = std::future<Checked<board::Receipt>>;
    /// Queues it; called inside the lock under which the rows were made, so that newer rows are written after older ones.
    Written queue(std::string_view act, std::string_view account, RecordId actor, RecordId post, std::vector<board::SideWrite> side,
                  std::string_view about = {});
    static Status wait(Written written);
    static board::SideWrite row(const Account& account);
    static board::SideWrite row(const Session& session);
    static board::SideWrite row(const Token& token);
    Result<Opened> open_session(Session session, std::string_view act);
    bool too_many(const std::string& address);
    Status failed(const std::string& name);
    /// Takes them away and says so in `side`; called inside the lock. Devices are the board's and stay.
    void end_sessions(std::string_view account, std::string_view but, std::vector<board::SideWrite>& side);
    void end_tokens(std::string_view account, std::vector<board::SideWrite>& side);

    board::Board& board_;
    mutable std::mutex mutex_;
    // What is in the table; of a board that follows, what was when it was looked at (mutable: looking brings it up to date).
    mutable std::map<std::string, Account, std::less<>> accounts_;
    mutable std::map<std::string, std::shared_ptr<const Session>, std::less<>> sessions_;  // by hash; a changed one is another
    mutable std::map<std::string, Token, std::less<>> tokens_;      // by hash
    std::map<std::string, std::pair<std::int64_t, int>, std::less<>> attempts_;
    // Following: which rows are as they were written last. A row of another space never has the same name.
    mutable std::set<std::string, std::less<>> fresh_;
    mutable std::map<std::string, std::int64_t, std::less<>> seen_rows_;  // by session: when the writer heard of it last
    mutable std::int64_t changes_ = 0;
};

std::int64_t unix_now();

}  // namespace yipan::access
