#pragma once
// Runs one scenario on a board of its own and says every step that did not answer as written: "file:line: expected ...,
// got ...". Modes: plain; restart (the board is closed and opened after every step); batch (neighbouring changes go
// through apply_batch together, where none needs the id of another); verify (chain, tree, versions and a recomputation
// of every cell after each change).
#include <map>
#include <memory>

#include "board/board.h"
#include "flow/acts.h"
#include "flow/ballots.h"
#include "flow/orders.h"
#include "flow/ticker.h"
#include "report/ask.h"
#include "scenario.h"

namespace yipan::scenario {

enum class Mode { plain, restart, batch, verify, restored };

struct Outcome {
    std::vector<std::string> failures;
    int steps = 0;
};

class Driver {
  public:
    Driver(Mode mode, std::string modules, std::string board_path);
    ~Driver();
    /// Stops at the first failing change (what follows would fail as well); questions go on.
    Outcome run(const Scenario& scenario);

  private:
    using Names = std::map<std::pair<int, std::string>, RecordId>;
    struct Pending {  // a draft that waits for its batch
        board::Draft draft;
        std::string place;
        std::vector<std::vector<std::string>> names;  // per change, of what it creates
    };

    // driver.cpp: the course of things
    void failed(const std::string& place, const std::string& what);
    bool start(const Scenario& scenario, std::size_t& first);
    bool open();
    bool is_turn();
    bool come_back();
    void step(const Step& step);
    void set_clock(const Step& step);
    void act_as(const Step& step);
    RecordId person_in(RecordId post, Date day);
    void flush();
    void learn(const Pending& done, const board::Receipt& receipt);
    void check_board(const std::string& place);
    void verify_board(const std::string& place);
    Position position();

    // changes.cpp: steps that change the board
    bool is_change(const std::string& verb) const;
    void change(const Step& step);
    void refused(const Step& step, Pending pending, Errors errors);
    void check_expected(const Step& step, const Errors& errors);
    Errors build(const Step& step, Pending& pending);
    void build_change(const Step& step, Pending& pending, Errors& errors);
    void read_field(const Step& step, const model::Type& type, const Word& word, board::Change& change,
                    std::map<int, std::string>& texts, Errors& errors);
    std::vector<std::string> names_of(const model::Type& type, const std::map<int, std::string>& texts,
                                      const std::string& alias) const;
    Result<RecordId> find(int type, std::string_view name);

    // reshape.cpp: steps that change the model
    bool is_reshaping(const std::string& verb) const;
    void reshape(const Step& step);
    void edit(const Step& step);
    void check_replay(const std::string& place);

    // imports.cpp: steps that bring files in
    bool is_exchange(const std::string& verb) const;
    void exchange(const Step& step);
    Errors read_file(const Step& step, const std::string& name);
    void ask_import(const Step& step);

    // flow.cpp: acts of workflow, what time does, ballots
    bool is_flow(const std::string& verb) const;
    void flow_step(const Step& step);
    Errors flow_do(const Step& step);
    Errors flow_act(const Step& step);
    void flow_question(const Step& step);
    std::string flow_word(const Step& step, std::string_view key) const;
    Result<RecordId> flow_record(int type, const std::string& name);
    std::string post_key(RecordId post);

    // questions.cpp
    void question(const Step& step);
    void ask_figure(const Step& step);
    void ask_why(const Step& step);
    void ask_differs(const Step& step);
    void ask_light(const Step& step);
    void ask_count(const Step& step);
    void ask_field(const Step& step);
    void ask_versions(const Step& step);
    void ask_score(const Step& step);
    void ask_report(const Step& step);
    Checked<figure::Ask> read_ask(const Step& step, board::Snapshot& snapshot, std::size_t from, std::size_t to);
    std::string named_again(int type, const std::string& name);
    void compare(const Step& step, const std::string& expected, const std::string& got);
    void compare_number(const Step& step, bool rounded, const std::string& expected, const std::optional<Decimal>& got,
                        const std::string& why_none);

    Mode mode_;
    Position looked_at_;  // as of the last step
    int wrote_ = 0;       // steps
    std::string modules_, path_, stem_;  // stem_: where files beside the board begin
    FrozenClock clock_;
    std::unique_ptr<board::Board> board_;
    model::ModelPtr model_;
    Names names_;
    std::map<std::string, std::int64_t> marks_;
    RecordId post_, actor_;
    std::vector<Pending> waiting_;
    std::map<std::pair<int, std::string>, std::int64_t> own_;  // names of the draft being built -> index of the change
    std::vector<model::SourceFile> edited_;  // the next model, once an edit has begun it
    std::string migrations_;                 // what `migrate` has gathered
    std::map<std::string, std::vector<std::string>> files_;  // lines of tables by name
    std::map<std::string, std::string> imports_;             // numbers of imports by name
    std::unique_ptr<flow::Ballots> ballots_;
    const board::Board* ballot_board_ = nullptr;  // the one it is of
    bool stopped_ = false;
    Outcome outcome_;
};

}  // namespace yipan::scenario
