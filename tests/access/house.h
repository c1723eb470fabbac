#pragma once
// The demo board with its service, asked without a socket: what access tests stand on.
#include <boost/json.hpp>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <thread>

#include "api/service.h"
#include "board/board.h"

namespace yipan::test {
namespace json = boost::json;

class House {
  public:
    /// A demo board of its own, in a folder that goes with it.
    explicit House(std::string stem, api::Settings settings = {});
    ~House();
    House(const House&) = delete;
    House& operator=(const House&) = delete;
    board::Board& board() { return *board_; }
    api::Service& service() { return *service_; }
    access::Accounts& accounts() { return service_->accounts(); }
    const std::string& path() const { return path_; }

    struct Guest {  // a session as its browser holds it
        std::string cookie, csrf;
        RecordId person, post;
    };
    /// By keys: "R-DW-1", "P-DW-1".
    Guest as(const std::string& person, const std::string& post);
    struct Answer {
        int status = 0;
        json::value body;
        std::string text;
        std::vector<std::pair<std::string, std::string>> headers;
        std::string header(std::string_view name) const;
    };
    /// `target` with its query, below /b/<code>/api.
    Answer ask(const Guest& guest, std::string method, std::string target, std::string body = {},
               std::vector<std::pair<std::string, std::string>> headers = {});
    std::vector<std::string> log;  // lines of the access log

  private:
    std::string folder_, path_;
    std::unique_ptr<board::Board> board_;
    std::unique_ptr<api::Service> service_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> work_;
    bool ending_ = false;
    std::thread worker_;
};

}  // namespace yipan::test
