// The demo generator against a board that only judges: ids, references, required and unique fields, states.
#include "demo.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/hash.h"
#include "demo_tables.h"
#include "model/load.h"

namespace yipan {
namespace {

std::string plain(const record::Value& value) {
    if (const auto* number = record::as_integer(value)) return std::to_string(*number);
    if (const auto* text = record::as_text(value)) return *text;
    return "-";
}

class JudgingBoard final : public board::Board {
  public:
    explicit JudgingBoard(model::ModelPtr model)
        : model_(std::move(model)), made_(model_->types.size()), states_(model_->types.size()) {}

    std::vector<Checked<board::Receipt>> apply_batch(std::vector<board::Draft> drafts) override {
        std::vector<Checked<board::Receipt>> out;
        largest = std::max(largest, drafts.size());
        for (const board::Draft& draft : drafts) {
            board::Receipt receipt;
            digest_ = sha256(hex(digest_) + "draft" + std::to_string(draft.post.value));
            for (const board::Change& change : draft.changes) {
                judge(draft, change, receipt);
                if (!problem.empty()) {
                    out.push_back(fail(Errors{{Code::rule_broken, "", problem, ""}}));
                    break;
                }
            }
            if (out.size() < static_cast<std::size_t>(&draft - drafts.data()) + 1) out.push_back(std::move(receipt));
        }
        return out;
    }
    Checked<board::Receipt> apply(board::Draft draft) override {
        std::vector<board::Draft> one;
        one.push_back(std::move(draft));
        return apply_batch(std::move(one)).front();
    }
    std::future<Checked<board::Receipt>> submit(board::Draft) override { return {}; }
    void submit(board::Draft, Answered, Place) override {}
    void set_permit(board::Permit) override {}
    void subscribe(board::Subscriber) override {}
    Checked<board::ModelReceipt> change_model(board::ModelChange, const board::Progress&) override { return {}; }
    Checked<board::ModelPreview> preview_model(const board::ModelChange&, const board::Progress&) override { return {}; }
    std::unique_ptr<board::Snapshot> snapshot() override { return nullptr; }
    model::ModelPtr model() const override { return model_; }
    const std::string& name() const override { return name_; }
    const std::string& note() const override { return name_; }
    const Zone& zone() const override { return zone_; }
    Instant now() override { return {}; }
    Status step_clock(Instant) override { return {}; }
    bool read_only() const override { return false; }
    Status catch_up() override { return {}; }
    bool follows() const override { return false; }
    bool rest(std::chrono::steady_clock::time_point, std::chrono::milliseconds) override { return false; }
    bool rests() const override { return false; }
    Status wake() override { return {}; }
    bool ousted() override { return false; }
    Result<board::Attachment> put_attachment(const board::ReadSome&) override {
        return fail(Code::usage, "", "a board of tests keeps no files");
    }
    Result<std::optional<board::Attachment>> attachment(std::string_view) override { return std::optional<board::Attachment>{}; }
    Status read_attachment(std::string_view, std::int64_t, const std::function<bool(std::string_view)>&) override { return {}; }
    void announce(const std::string&) override {}
    std::optional<board::Upgrade> upgraded() const override { return std::nullopt; }
    std::optional<Error> damage() const override { return std::nullopt; }
    board::VerifyReport verify(const board::Progress&) override { return {}; }
    Status dump(const std::function<void(std::string_view)>&) override { return {}; }

    std::int64_t count(std::string_view type) const { return made_[static_cast<std::size_t>(model_->find_type(type))]; }
    std::map<std::string, int> states(std::string_view type) const {
        std::map<std::string, int> out;
        for (const std::string& state : states_[static_cast<std::size_t>(model_->find_type(type))]) ++out[state];
        return out;
    }
    bool has(const std::string& type_field_value) const { return unique_.contains(type_field_value); }
    std::string digest() const { return hex(digest_); }
    std::string problem;
    std::size_t largest = 0;

  private:
    std::int64_t resolved(const board::Receipt& receipt, std::int64_t id) const {
        return id >= 0 ? id
               : static_cast<std::size_t>(-id) <= receipt.records.size()
                   ? receipt.records[static_cast<std::size_t>(-id - 1)].value
                   : 0;
    }
    void judge(const board::Draft& draft, const board::Change& change, board::Receipt& receipt) {
        const model::Type& type = model_->types.at(static_cast<std::size_t>(change.type));
        auto& states = states_[static_cast<std::size_t>(type.index)];
        std::map<int, std::string> values;
        std::string body = type.code + change.move + std::to_string(change.effective ? change.effective->days : 0);
        for (const auto& [index, value] : change.set) {
            const model::Field& field = type.fields.at(static_cast<std::size_t>(index));
            if (const auto* number = record::as_integer(value); number && field.target >= 0) {
                const std::int64_t id = resolved(receipt, *number);
                if (id < 1 || id > made_[static_cast<std::size_t>(field.target)])
                    problem = type.code + "." + field.code + " refers to nothing";
                values[index] = std::to_string(id);
            } else {
                values[index] = plain(value);
            }
            if (field.kind == model::FieldKind::choice &&
                std::none_of(field.choices.begin(), field.choices.end(),
                             [&](const model::Choice& c) { return c.code == values[index]; }))
                problem = type.code + "." + field.code + ": no choice " + values[index];
            if (model::stored_as_integer(field.kind) == (record::as_text(value) != nullptr))
                problem = type.code + "." + field.code + " has the wrong form";
            body += "|" + field.code + "=" + values[index];
        }
        std::int64_t id = resolved(receipt, change.record.value);
        if (change.verb == board::Verb::create) {
            id = ++made_[static_cast<std::size_t>(type.index)];
            states.push_back(type.initial_state);
            for (int i = 0; i < static_cast<int>(type.fields.size()); ++i) {
                const model::Field& field = type.fields[static_cast<std::size_t>(i)];
                if (field.required && !field.preset && !(field.system && i == type.state) && !values.contains(i))
                    problem = type.code + "." + field.code + " is missing";
                if (field.unique && values.contains(i) &&
                    !unique_.insert(type.code + "." + field.code + "=" + values[i]).second)
                    problem = type.code + "." + field.code + " twice: " + values[i];
            }
            std::string key = type.code + ":";
            for (const int i : type.natural_key) key += values[i] + "/";
            if (!type.natural_key.empty() && !unique_.insert(key).second) problem = "twice " + key;
        } else if (id < 1 || id > made_[static_cast<std::size_t>(type.index)]) {
            problem = "change of nothing: " + body;
        } else if (change.verb == board::Verb::move) {
            const auto move = std::find_if(type.moves.begin(), type.moves.end(),
                                           [&](const model::Move& m) { return m.code == change.move; });
            std::string& state = states[static_cast<std::size_t>(id - 1)];
            if (move == type.moves.end() || std::find(move->from.begin(), move->from.end(), state) == move->from.end())
                problem = type.code + " cannot " + change.move + " from " + state;
            else
                state = move->to;
        }
        receipt.records.push_back(RecordId(id));
        digest_ = sha256(hex(digest_) + body + draft.channel);
    }

    model::ModelPtr model_;
    std::vector<std::int64_t> made_;
    std::vector<std::vector<std::string>> states_;
    std::set<std::string> unique_;
    std::string name_ = "judge";
    Zone zone_;
    Digest digest_{};
};

model::ModelPtr shipped() {
    static const model::ModelPtr model = [] {
        auto files = model::read_tree(std::string(YIPAN_SOURCE_DIR) + "/modules");
        if (!files) throw std::runtime_error(text_of(files.error()));
        auto loaded = model::load(std::move(*files));
        if (!loaded) throw std::runtime_error(text_of(loaded.error()));
        return *loaded;
    }();
    return model;
}
std::string digest_of(std::uint64_t seed) {
    JudgingBoard board(shipped());
    demo::Options options;
    options.seed = seed;
    const auto written = demo::write_demo(board, options);
    EXPECT_TRUE(written) << text_of(written.error());
    return board.digest();
}

TEST(Demo, is_a_zone_of_true_size) {
    JudgingBoard board(shipped());
    demo::Options options;
    std::int64_t last = 0;
    options.progress = [&](std::int64_t done, std::int64_t total) {
        EXPECT_LE(last, done);
        EXPECT_LE(done, total);
        last = done;
    };
    const auto written = demo::write_demo(board, options);
    ASSERT_TRUE(written) << text_of(written.error());
    RecordProperty("records", static_cast<int>(*written));
    EXPECT_GE(*written, 57'000);
    EXPECT_LE(*written, 66'000);
    EXPECT_EQ(board.count("enterprise"), 400);
    EXPECT_EQ(board.count("project"), 120);
    EXPECT_EQ(board.count("peer_zone"), 8);
    EXPECT_EQ(board.count("reported_value"), 8 * 20 * 5);
    EXPECT_GE(board.count("organ"), 35);
    EXPECT_GE(board.count("post"), 200);
    EXPECT_GE(board.count("indicator_value"), 900);
    // Every stage of a project has somebody in it, so that every light shows.
    const auto states = board.states("project");
    for (const char* state : {"idea", "signed", "started", "building", "producing", "full"})
        EXPECT_TRUE(states.contains(state)) << state;
}

TEST(Demo, is_the_same_for_the_same_seed_and_another_for_another) {
    EXPECT_EQ(digest_of(7), digest_of(7));
    EXPECT_NE(digest_of(7), digest_of(8));
}

TEST(Demo, grows_only_in_enterprises_and_in_bounded_batches) {
    JudgingBoard one(shipped()), three(shipped());
    demo::Options options;
    ASSERT_TRUE(demo::write_demo(one, options));
    options.scale = 3;
    ASSERT_TRUE(demo::write_demo(three, options));
    EXPECT_EQ(three.count("enterprise"), 1200);
    EXPECT_EQ(three.count("project"), one.count("project"));
    EXPECT_EQ(three.count("indicator_value"), one.count("indicator_value"));
    EXPECT_EQ(one.largest, three.largest);
    options.scale = 0;
    EXPECT_FALSE(demo::write_demo(one, options));
}

TEST(Demo, has_somebody_in_every_role_somebody_in_three_posts_and_presents_only_who_is_there) {
    JudgingBoard board(shipped());
    ASSERT_TRUE(demo::write_demo(board, {}));
    for (const auto& role : shipped()->rights.roles)
        EXPECT_TRUE(std::any_of(std::begin(demo::role_lines), std::end(demo::role_lines), [&](const char* line) {
            return std::string_view(line).find(" role=" + role.code + " ") != std::string_view::npos;
        })) << role.code;
    std::map<std::string, int> posts;
    for (const std::string_view line : demo::post_lines) ++posts[std::string(line.substr(0, line.find(" held_post")))];
    EXPECT_TRUE(std::any_of(posts.begin(), posts.end(), [](const auto& p) { return p.second >= 2; }));  // and the main one
    EXPECT_GE(demo::telling_people().size(), 7U);
    for (const auto& one : demo::telling_people()) {
        EXPECT_TRUE(board.has("person.code=" + one.person)) << one.person;
        for (const auto& says : one.says) EXPECT_FALSE(says.empty());
    }
}

TEST(Demo, says_that_it_is_fictional_and_stands_still) {
    const auto birth = demo::birth({}, {});
    EXPECT_NE(birth.name.find("虚构"), std::string::npos);
    EXPECT_NE(birth.note.find("fictional"), std::string::npos);
    ASSERT_TRUE(birth.frozen_clock);
    EXPECT_EQ(birth.frozen_clock->text(), "2026-07-01T01:00:00Z");
}
}  // namespace
}  // namespace yipan
