#pragma once
// Several server processes of one board in a database (decision 0042). One of them writes; the others answer what they can
// read and take everything else, whole, to the one that writes. A process changes its part while it listens: the front
// stays, what stands behind it is exchanged.
//
// Taken along are method, address, headers and body as they came; who asks is looked at by the writer from the same
// session or token, as if the request had come to him. What the reader adds (from where it came, that this is a request of a
// process of this board) is signed with a secret that lies beside the journal; the writer takes such requests at a port of
// its own, and answers nothing else there.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "api/service.h"
#include "net/carry.h"
#include "store/open.h"

namespace yipan::api {

class Front final : public net::App {
  public:
    struct Settings {
        std::string board;                  // the address at which it is written
        std::function<void()> look_at_hold;  // asked when the one that writes cannot be reached: may it be taken over?
        std::chrono::milliseconds patience{8'000};  // until a request that found no writer is given up
        std::chrono::milliseconds read_patience{2'000};  // until a position that was asked for must be there
    };
    explicit Front(Settings settings);
    ~Front() override;

    /// What stands behind the front from now on. The answer goes when nothing of it is under way any more.
    std::shared_ptr<const void> seat(Service& service, bool writes);
    /// No more requests are taken along.
    void stop();
    /// The connection by which the writer is found is given back; the next request that goes to it opens another.
    void rest();

    Plan plan(const net::Request& head) override;
    void handle(std::shared_ptr<const net::Request> request, net::Answer answer) override;
    net::Response trouble(int status, std::size_t limit, const net::Request& request) override;

    /// The port at which processes of the same board ask.
    net::App& inner_door() { return door_; }

    struct Counts {
        std::atomic<std::int64_t> carried{0}, failed{0}, waited{0};
    };
    const Counts& counts() const { return counts_; }

  private:
    struct Seat {
        Service* service = nullptr;
        bool writes = false;
        std::shared_ptr<int> visitors;
    };
    using SeatPtr = std::shared_ptr<const Seat>;
    class Door final : public net::App {
      public:
        explicit Door(Front& front) : front_(front) {}
        Plan plan(const net::Request& head) override;
        void handle(std::shared_ptr<const net::Request> request, net::Answer answer) override;
        net::Response trouble(int status, std::size_t limit, const net::Request& request) override;

      private:
        void answer_awake(const std::shared_ptr<const net::Request>& request, const net::Answer& answer);
        Front& front_;
    };
    SeatPtr seat_now() const;
    static void pass(const SeatPtr& seat, std::shared_ptr<const net::Request> request, net::Answer answer);
    void queue(std::function<void(net::Carrier&)> job, const net::Request& asked, const net::Answer& otherwise);
    void work();
    void carry(net::Carrier& carrier, const std::shared_ptr<const net::Request>& request, const net::Answer& answer);
    bool wake(const net::Answer& answer);
    void answer_awake(std::shared_ptr<const net::Request> request, net::Answer answer);
    /// An answer of 503 may mean that another process took the board over at that moment: then `instead`, on a thread of ours,
    /// when the request may be repeated.
    net::Answer unless_ousted(const SeatPtr& seat, const std::shared_ptr<const net::Request>& request, net::Answer answer, std::function<void()> instead);
    void when_replaced(const SeatPtr& seat, const std::shared_ptr<const net::Request>& request, const net::Answer& answer);
    void wait_for(std::int64_t position, const std::shared_ptr<const net::Request>& request, const net::Answer& answer);
    /// Where the one that writes takes requests of ours; empty: nobody writes at this moment.
    std::string writer(bool anew);
    static Result<std::string> sign(Service& service, const net::Request& request, std::string_view said);

    Settings settings_;
    Door door_{*this};
    mutable std::mutex seat_mutex_;
    SeatPtr seat_;
    std::mutex watch_mutex_;
    std::unique_ptr<store::Watch> watch_;
    std::string writer_;
    std::chrono::steady_clock::time_point looked_;
    Counts counts_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<std::function<void(net::Carrier&)>> jobs_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;  // threads that wait for a job
};

/// The holder's row says where he is reached: for people, and after a blank for processes of the same board.
std::string announced(const std::string& home, const std::string& inner);
std::string inner_of(std::string_view announced);

}  // namespace yipan::api
