#pragma once
// A whole verification: pages, journal, tree, rows, and the figures against their recomputation. `verify`, `drill` and
// `restore` say the same things about it.
#include "context.h"
#include "recompute.h"

namespace yipan::app {

struct Verified {
    board::VerifyReport report;
    std::unique_ptr<board::Board> board;  // none when the file does not open
    bool unreadable = false, in_database = false;
    Position position;                  // of the figures compared
    std::optional<Recomputed> figures;  // none when the records cannot be read to their end
    bool ok() const { return report.ok && figures && figures->differences == 0; }
};
Verified verify_board(const std::string& path, const board::Progress& progress = {});

boost::json::object verified_json(const Verified& done);
/// "verified: ..." and the root, two lines; a third for what the write-ahead log holds beside the board.
std::string verified_text(const Verified& done);

}  // namespace yipan::app
