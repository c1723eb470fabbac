#pragma once
// Attachments that lie beside a board, in "<board>.files/ab/<the other 62 digits>", named by their SHA-256: whatever has a
// name there has that content, so copies, links and repeated writes cannot disagree.
#include <string>
#include <vector>

#include "base/result.h"

namespace yipan::store {

std::string beside_folder(const std::string& board);
std::string beside_path(const std::string& board, const std::string& hash);
/// Makes the folders the file needs.
Status make_beside(const std::string& board, const std::string& hash);
/// Size of the file there; fails with not_found.
Result<std::int64_t> beside_bytes(const std::string& board, const std::string& hash);
/// From one board's files to another's, its hash compared on the way, durable when it returns. False: it was there
/// already. `former`: a board beside which it may lie on the same disk, to be linked.
Result<bool> copy_beside(const std::string& from, const std::string& to, const std::string& hash, std::int64_t bytes,
                         const std::string& former);
/// Hashes of all files there, and names of pieces that are not finished.
struct BesideFile {
    std::string path, hash;  // hash empty: a piece
    std::int64_t bytes = 0, changed_s = 0;
};
std::vector<BesideFile> beside_files(const std::string& board);

}  // namespace yipan::store
