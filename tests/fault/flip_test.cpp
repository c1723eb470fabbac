// A byte of a board's file changes on the disk: every one in a page, used or free, is named by `verify`, none goes
// unnoticed, and none makes the program crash. 100 flips, 1,000 with YIPAN_TEST_LEVEL=long; the summary is one line.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "board/board.h"
#include "property/tiny_model.h"
#include "property/yard.h"
#include "store/stats.h"

namespace yipan {
namespace {
namespace fs = std::filesystem;
constexpr std::int64_t page_bytes = 4'096;

board::Change change_of(const model::Model& model, const char* type,
                        std::vector<std::pair<const char*, record::Value>> values) {
    board::Change change;
    change.type = model.find_type(type);
    for (auto& [field, value] : values)
        change.set.emplace_back(model.types[static_cast<std::size_t>(change.type)].find(field), std::move(value));
    return change;
}

/// 2,000 records that stay, and free pages where an attachment lay that an erasure took with it.
void make_board(const std::string& path) {
    board::Board::Birth birth;
    birth.name = "flip";
    birth.model = property::tiny_model();
    auto made = board::Board::create(path, birth);
    ASSERT_TRUE(made.has_value()) << text_of(made.error());
    const model::Model& model = *(*made)->model();
    board::Draft ground;
    ground.channel = "demo";
    ground.changes.push_back(change_of(model, "organ", {{"code", "o"}}));
    ground.changes.push_back(change_of(model, "project", {{"code", "p"}, {"organ", std::int64_t{-1}}}));
    for (std::int64_t i = 0; i < 2'300; ++i)
        ground.changes.push_back(change_of(model, "payment",
                                           {{"project", std::int64_t{-2}},
                                            {"day", Date::of(2026, 1, 1)->days + i % 200},
                                            {"amount", i},
                                            {"payee", "somebody "  + std::to_string(i)}}));
    ASSERT_TRUE((*made)->apply(ground).has_value());
    board::Draft gone;
    gone.channel = "demo";
    for (std::int64_t i = 0; i < 302; ++i) {
        board::Change change;
        change.verb = board::Verb::remove;
        change.type = model.find_type("payment");
        change.record = RecordId(2'300 - i);
        gone.changes.push_back(change);
    }
    const auto removed = (*made)->apply(gone);
    ASSERT_TRUE(removed.has_value()) << text_of(removed.error());
    std::string paper(400'000, 'f');
    const auto put = (*made)->put_attachment([&](char* out, std::size_t room) -> Result<std::size_t> {
        const std::size_t n = std::min(room, paper.size());
        paper.copy(out, n);
        paper.erase(0, n);
        return n;
    });
    ASSERT_TRUE(put.has_value()) << put.error().text();
    made->reset();
    auto store = store::open_sqlite(path, store::Access::write);
    ASSERT_TRUE(store.has_value() && (*store)->begin());
    ASSERT_TRUE((*store)->drop_attachment((*(*store)->attachment(put->hash))->id));
    ASSERT_TRUE((*store)->commit());
}

TEST(Flip, every_changed_byte_of_a_board_is_named_with_its_page_and_none_goes_unnoticed) {
    const char* said = std::getenv("YIPAN_TEST_LEVEL");
    const int flips = said && std::string(said) == "long" ? 1'000 : 100;
    property::Folder folder;
    const std::string path = folder.file("flip.board");
    make_board(path);
    if (HasFatalFailure()) return;
    const auto bytes = static_cast<std::int64_t>(fs::file_size(path));
    ASSERT_EQ(bytes % page_bytes, 0);
    {
        const auto sound = board::Board::verify_file(path);
        ASSERT_TRUE(sound.ok) << text_of(sound.problems);
        ASSERT_GE(sound.records, 2'000);
        ASSERT_EQ(sound.pages, bytes / page_bytes);
    }
    const auto stats = store::stats_of(path);
    ASSERT_TRUE(stats.has_value()) << stats.error().text();
    ASSERT_GT(stats->free_pages, 50);
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    std::mt19937_64 random(20261125);
    int named = 0, still_opened = 0;
    for (int i = 0; i < flips; ++i) {
        const auto at = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bytes));
        const auto bits = static_cast<unsigned char>(1 + random() % 255);
        unsigned char was = 0;
        ASSERT_EQ(::pread(fd, &was, 1, at), 1);
        const unsigned char now = was ^ bits;
        ASSERT_EQ(::pwrite(fd, &now, 1, at), 1);
        const std::string page = "page " + std::to_string(at / page_bytes + 1);
        const auto report = board::Board::verify_file(path);
        EXPECT_FALSE(report.ok) << "byte " << at << " of " << page << " went unnoticed";
        bool told = false;
        for (const Error& error : report.problems) told = told || error.where == page;
        EXPECT_TRUE(told) << "byte " << at << ": " << page << " is not named: " << text_of(report.problems);
        named += told;
        board::Options reading;
        reading.read_only = true;
        still_opened += board::Board::open(path, reading).has_value();
        ASSERT_EQ(::pwrite(fd, &was, 1, at), 1);
    }
    ::close(fd);
    const auto sound = board::Board::verify_file(path);
    EXPECT_TRUE(sound.ok) << text_of(sound.problems);
    std::printf("flip: %d random bytes of %lld pages, %lld of them free: %d named with their page, %d unnoticed; %d boards still opened for reading\n",
                flips, static_cast<long long>(bytes / page_bytes), static_cast<long long>(stats->free_pages), named, flips - named, still_opened);
}

// The two ends of a file: a piece cut off, a page at another page's place.
TEST(Flip, a_page_at_the_place_of_another_and_a_missing_end_are_named) {
    property::Folder folder;
    const std::string path = folder.file("flip.board");
    make_board(path);
    if (HasFatalFailure()) return;
    std::string page(page_bytes, '\0');
    {
        const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        ASSERT_EQ(::pread(fd, page.data(), page.size(), 5 * page_bytes), page_bytes);
        ASSERT_EQ(::pwrite(fd, page.data(), page.size(), 9 * page_bytes), page_bytes);
        ::close(fd);
    }
    const auto moved = board::Board::verify_file(path);
    EXPECT_FALSE(moved.ok);
    EXPECT_NE(text_of(moved.problems).find("page 10"), std::string::npos) << text_of(moved.problems);
    const std::string cut = folder.file("cut.board");
    make_board(cut);
    if (HasFatalFailure()) return;
    fs::resize_file(cut, fs::file_size(cut) - page_bytes);
    EXPECT_FALSE(board::Board::verify_file(cut).ok);
}

}  // namespace
}  // namespace yipan
