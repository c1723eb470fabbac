#pragma once
// A demo board behind a real server on a free port of this machine, and people signed in at it.
#include <filesystem>
#include <map>
#include <memory>

#include "api/client.h"
#include "api/service.h"
#include "net/server.h"

namespace yipan::test {

struct Identity {
    std::string cookie, csrf, token;
};

class Yard {
  public:
    static Yard& get();  // one for the whole program
    ~Yard();

    int port() const { return server_->port(); }
    board::Board& board() { return *board_; }
    api::Service& service() { return *service_; }
    net::Server& server() { return *server_; }
    const Identity& who(const std::string& name) const { return people_.at(name); }
    /// The request with the cookie, the session's token and what the name stands for.
    Ask as(const std::string& name, Ask ask) const;
    Reply answer(const std::string& name, Ask ask) const;
    std::int64_t entries() { return board_->snapshot()->position().value; }
    std::filesystem::path folder;

  private:
    Yard();
    void enter(const std::string& name, const std::string& post_title);
    void enter_account(const std::string& name, const std::string& account, const std::string& link);
    std::unique_ptr<board::Board> board_;
    std::unique_ptr<api::Service> service_;
    std::unique_ptr<net::Server> server_;
    std::map<std::string, Identity> people_;
};

}  // namespace yipan::test
