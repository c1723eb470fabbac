#pragma once
// Imports over HTTP: read, applied, resumed and undone on one thread of their own, one after the other, so that a request
// never waits for a whole file. What an import is lies in its staging file (exchange/import.h); here is only who works on it now.
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "access/rights.h"
#include "exchange/import.h"

namespace yipan::api {

class Service;

constexpr std::size_t imports_waiting_max = 32, imports_told_max = 1'000;

class Imports {
  public:
    Imports();
    ~Imports();
    /// Ends the one under way at its next draft ("partly": it can be resumed) and forgets those that wait.
    void stop();

    struct Now {
        std::string what;  // reading, applying, undoing; empty: nobody works on it
        std::int64_t done = 0, total = 0;
        Errors stopped;  // why the last work on it ended early
    };
    Now now(const std::string& id) const;
    struct Hold {  // what long work needs: where to tell how far it is, and when to end
        board::Progress progress;
        std::function<bool()> ended;
    };
    using Work = std::function<Errors(const Hold& hold)>;
    /// Refused when somebody works on this import, or too much waits.
    Status run(const std::string& id, std::string what, Work work);
    /// Between two of them, soon; never refused. False from it: again after a while.
    void between(std::function<bool()> work);

  private:
    void loop();
    struct Task {
        std::string id;
        Work work;
    };
    mutable std::mutex mutex_;
    std::condition_variable there_is_work_;
    std::deque<Task> waiting_;
    std::deque<std::function<bool()>> between_, again_;
    std::map<std::string, Now> now_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

/// What the person may see and write, as the rows of an import are judged by it.
exchange::RowRights row_rights(Service& service, std::shared_ptr<const access::Who> who);

}  // namespace yipan::api
