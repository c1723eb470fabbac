#include "desk.h"

#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace yipan::desk {
namespace {
std::filesystem::path fresh_folder() {
    static int n = 0;
    const auto path = std::filesystem::temp_directory_path() / ("yipan_desk_" + std::to_string(::getpid()) + "_" + std::to_string(++n));
    std::filesystem::create_directories(path);
    return path;
}
}  // namespace

std::vector<model::SourceFile> desk_files() {
    const std::string root = YIPAN_SOURCE_DIR;
    std::vector<model::SourceFile> out;
    for (const char* folder : {"/modules/organisation", "/modules/flow", "/tests/data/flow/desk"}) {
        auto files = model::read_tree(root + folder);
        YIPAN_CHECK(files.has_value());
        const std::string module = std::filesystem::path(folder).filename();
        for (auto& f : *files) {
            if (f.path.find("types/") == std::string::npos) continue;
            f.path = module + "/" + f.path.substr(f.path.find("types/"));
            out.push_back(std::move(f));
        }
    }
    return out;
}

Desk::Desk(const std::string& salt_seed, std::vector<model::SourceFile> more, const std::string& address)
    : folder_(fresh_folder()), path_(address.empty() ? (folder_ / "desk.board").string() : address), clock_(*Instant::parse("2026-01-05T01:00:00Z")) {
    board::Board::Birth birth;
    birth.name = "desk";
    birth.frozen_clock = clock_.now();
    birth.salt_seed = salt_seed;
    birth.model = desk_files();
    for (auto& file : more) birth.model.push_back(std::move(file));
    auto made = board::Board::create(path_, std::move(birth));
    if (!made) std::fprintf(stderr, "%s\n", text_of(made.error()).c_str());
    YIPAN_CHECK(made.has_value());
    made->reset();
    reopen();
    posts_.emplace_back(), people_.emplace_back();
    organ_ = create("organ", {{"code", std::string("O-1")}, {"name", std::string("办公室")}, {"kind", std::string("office")}});
    for (int i = 1; i <= 6; ++i) {
        const std::string n = std::to_string(i);
        posts_.push_back(create("post", {{"code", "P-" + n}, {"name", "岗" + n}, {"organ", organ_.value}}));
        people_.push_back(create("person", {{"code", "R-" + n}, {"name", "人" + n}, {"email", "r" + n + "@zone.example"}}));
        create("appointment", {{"person", people_.back().value}, {"held_post", posts_.back().value}, {"valid_from", std::int64_t{Date::parse("2026-01-01")->days}}});
    }
    flow::Making headed(*model_, board::Verb::amend, model_->find_type("organ"), organ_);
    headed.set("head", posts_[5]);
    board::Draft draft;
    draft.changes.push_back(std::move(headed.change));
    YIPAN_CHECK(board_->apply(std::move(draft)).has_value());
}
Desk::~Desk() {
    board_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}
void Desk::reopen() {
    board_.reset();
    board::Options options;
    options.clock = &clock_;
    auto opened = board::Board::open(path_, options);
    YIPAN_CHECK(opened.has_value());
    board_ = std::move(*opened);
    model_ = board_->model();
}
RecordId Desk::create(const char* type, const std::vector<std::pair<const char*, record::Value>>& values) {
    flow::Making m(*model_, board::Verb::create, model_->find_type(type));
    for (const auto& [field, value] : values) m.set(field, value);
    board::Draft draft;
    draft.channel = "test";
    draft.changes.push_back(std::move(m.change));
    const auto done = board_->apply(std::move(draft));
    if (!done) std::fprintf(stderr, "%s\n", text_of(done.error()).c_str());
    YIPAN_CHECK(done.has_value());
    return done->records[0];
}
Checked<flow::Done> Desk::act(int n, flow::Do what, RecordId item, const std::string& text) {
    flow::Act act;
    act.act = what;
    act.person = person(n), act.post = post(n);
    act.channel = "test";
    act.item = item;
    act.text = text;
    return flow::Acts(*board_).perform(act);
}
Checked<flow::Done> Desk::start(int n, RecordId paper, const char* move) {
    flow::Act act;
    act.act = flow::Do::start;
    act.person = person(n), act.post = post(n);
    act.channel = "test";
    act.subject = {model_->find_type("paper"), paper};
    act.move = move;
    return flow::Acts(*board_).perform(act);
}
RecordId Desk::item_of(RecordId paper, int n) {
    const auto snapshot = board_->snapshot();
    const auto found = flow::rows(*snapshot, model_->flow.work, {{"subject", record::Value("paper/" + std::to_string(paper.value))}, {"lies_with", record::Value(post(n).value)}}, 10);
    return found && !found->rows.empty() ? found->rows.back()->id : RecordId();
}
std::string Desk::dump() {
    std::string out;
    (void)board_->dump([&](std::string_view line) { out += std::string(line) + "\n"; });
    return out;
}
std::int64_t Desk::count(int type, const std::string& filter) { return board_->snapshot()->count(type, filter).value_or(-1); }

}  // namespace yipan::desk
