#pragma once
// The demo board: a fictional merged zone of true size, the same for the same seed, its clock frozen at 2026-07-01
// 09:00 +08:00. Places, bodies, people, enterprises and every number are invented; the board's note says so on every
// output. About 63,000 records at scale 1; scale multiplies the enterprises (scale 200: more than ten million records),
// written in batches of bounded size, so memory does not grow with it.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "board/board.h"

namespace yipan::demo {

constexpr int scale_max = 2000;

struct Options {
    std::uint64_t seed = 1;
    int scale = 1;             // 1..scale_max
    std::string_view holidays;  // the shipped arrangements (date,kind,name), imported with the rest
    board::Progress progress;  // changes done, changes expected
};

/// What the board is created with: name, note, zone, frozen clock, salts by seed.
board::Board::Birth birth(std::vector<model::SourceFile> model, const Options& options);
/// Fills a board just created with birth() and the shipped modules; returns the number of records made. Stops at the
/// first refusal.
Checked<std::int64_t> write_demo(board::Board& board, const Options& options);

/// Persons worth trying, by key, with a sentence each in 簡, 繁 and English.
struct Telling {
    std::string person, says[3];
};
std::vector<Telling> telling_people();

}  // namespace yipan::demo
