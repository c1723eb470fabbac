#include "verified.h"

#include "store/open.h"

namespace yipan::app {
namespace json = boost::json;

Verified verify_board(const std::string& path, const board::Progress& progress) {
    Verified out;
    out.in_database = store::is_address(path);
    board::Options reading;
    reading.read_only = true;
    auto opened = board::Board::open(path, reading);
    if (!opened) {
        out.unreadable = true;
        out.report = board::Board::verify_file(path, progress);
        return out;
    }
    out.board = std::move(*opened);
    const auto snapshot = out.board->snapshot();
    out.position = snapshot->position();
    out.report = out.board->verify(progress);
    const Result<Recomputed> figures = recompute_cells(*snapshot, progress);
    if (figures) {
        out.figures = *figures;
        if (figures->differences != 0)
            out.report.problems.push_back({Code::corrupt, "figures",
                                           std::to_string(figures->differences) +
                                               " cells differ from their recomputation; first: " + figures->first,
                                           "restore a backup that verifies"});
    } else {
        out.report.problems.push_back(figures.error());
    }
    return out;
}

json::object verified_json(const Verified& done) {
    const board::VerifyReport& report = done.report;
    json::array problems;
    for (const Error& error : report.problems)
        problems.push_back({{"code", code_name(error.code)}, {"where", error.where}, {"message", error.message}});
    json::object out{{"ok", done.ok()},
                     {"pages", report.pages},
                     {"damaged_pages", report.damaged_pages},
                     {"log_frames", report.log_frames},
                     {"entries", report.entries},
                     {"records", report.records},
                     {"nodes", report.nodes},
                     {"attachments", report.attachments},
                     {"attachment_bytes", report.attachment_bytes},
                     {"root", hex(report.root)}};
    if (done.figures) {
        out["cells"] = done.figures->cells;
        out["differences"] = done.figures->differences;
    }
    if (!report.log_note.empty()) out["log_note"] = report.log_note;
    json::array missing;
    for (const std::string& file : report.archives_missing) missing.emplace_back(file);
    if (report.archived) out["archived_bodies_not_read"] = report.archived, out["archives_not_at_hand"] = std::move(missing);
    out["problems"] = std::move(problems);
    return out;
}

std::string missing_text(const board::VerifyReport& report) {
    if (report.archived == 0) return "";
    std::string out = std::to_string(report.archived) + " bodies were not read: they are archived in ";
    for (const std::string& file : report.archives_missing) out += (&file == &report.archives_missing.front() ? "" : ", ") + file;
    return out + ", not at hand. Their commitments, the tree, every other body, all present records and figures were.\n";
}

std::string verified_text(const Verified& done) {
    const board::VerifyReport& report = done.report;
    return std::string(done.ok() ? "verified" : "NOT verified") + ": " +
           (done.in_database ? "rows in a database" : report.pages ? std::to_string(report.pages) + " pages" : "no page checksums in this format") + ", " +
           std::to_string(report.entries) + " entries, " + std::to_string(report.records) + " records, " +
           std::to_string(report.nodes) + " tree nodes, " +
           (report.attachments ? std::to_string(report.attachments) + " attachments, " : "") +
           (done.figures ? std::to_string(done.figures->cells) + " figure cells" : "figures not compared") + "\nroot " +
           hex(report.root) + "\n" + missing_text(report) + (report.log_note.empty() ? "" : "log: " + report.log_note + "\n");
}

}  // namespace yipan::app
