// Steps that change the model: edit, migrate, reshape, step_back.
#include <algorithm>
#include <filesystem>

#include "driver.h"
#include "store/open.h"

namespace yipan::scenario {
namespace {
// A line break is written \\n in a scenario and arrives as two characters.
std::string lines(std::string text) {
    for (std::size_t at = 0; (at = text.find("\\n", at)) != std::string::npos; ++at) text.replace(at, 2, "\n");
    return text;
}
}  // namespace

bool Driver::is_reshaping(const std::string& verb) const {
    return verb == "edit" || verb == "migrate" || verb == "reshape" || verb == "step_back";
}

// edit PATH "old text" "new text": in the files of the present model; the old text stands there once.
void Driver::edit(const Step& step) {
    if (step.words.size() != 4) return failed(step.place, "edit wants a file, a text and what takes its place");
    if (edited_.empty()) edited_ = model_->files;
    const std::string path = step.words[1].text, old = lines(step.words[2].text), fresh = lines(step.words[3].text);
    const auto file =
        std::find_if(edited_.begin(), edited_.end(), [&](const model::SourceFile& f) { return f.path == path; });
    if (file == edited_.end()) {
        if (!old.empty()) return failed(step.place, "the model has no file " + path);
        edited_.push_back({path, fresh});
        return;
    }
    const std::size_t at = file->text.find(old);
    if (old.empty() || at == std::string::npos || file->text.find(old, at + 1) != std::string::npos)
        return failed(step.place, "\"" + old + "\" does not stand once in " + path);
    file->text.replace(at, old.size(), fresh);
}

void Driver::reshape(const Step& step) {
    if (step.verb() == "edit") return edit(step);
    if (step.verb() == "migrate") {
        if (step.words.size() != 2) return failed(step.place, "migrate wants one migration in quotes");
        migrations_ += "  - " + step.words[1].text + "\n";
        return;
    }
    board::ModelChange change;
    change.back = step.verb() == "step_back";
    change.actor = actor_;
    change.post = post_;
    change.channel = "scenario";
    change.files = edited_.empty() ? model_->files : edited_;
    if (!migrations_.empty()) change.migration = model::SourceFile{"migration.yaml", "migrations:\n" + migrations_};
    const Position before = position();
    const auto preview = board_->preview_model(change);
    const auto done = board_->change_model(change);
    // What the preview said is what happens.
    Errors errors = done ? Errors{} : done.error();
    if (preview ? preview->refused != errors : done || preview.error() != errors)
        failed(step.place, "the preview and the change disagree: " +
                               text_of(preview ? preview->refused : preview.error()) + " / " + text_of(errors));
    if (step.refuse) {
        if (done) failed(step.place, "expected to be refused, got: accepted as model " + std::to_string(done->version));
        if (position() != before) failed(step.place, "expected nothing to be written");
        check_expected(step, errors);
        if (!done) edited_.clear(), migrations_.clear();
        return check_board(step.place);
    }
    if (!done) {
        failed(step.place, "expected to be accepted, got: " + text_of(errors));
        stopped_ = true;
        return;
    }
    // Names of records by the new numbers of their types.
    const model::ModelPtr former = std::exchange(model_, board_->model());
    std::map<std::string, std::string> renamed;
    if (change.migration)
        if (const auto read = model::read_migrations(*change.migration))
            for (const auto& m : *read)
                if (m.verb == model::Migration::Verb::rename_type) renamed[m.from] = m.to;
    Names names;
    for (auto& [key, id] : names_) {
        const std::string& code = former->types[static_cast<std::size_t>(key.first)].code;
        const int now = model_->find_type(renamed.contains(code) ? renamed[code] : code);
        if (now >= 0) names[{now, key.second}] = id;
    }
    names_ = std::move(names);
    edited_.clear();
    migrations_.clear();
    std::map<std::pair<std::string, figure::CellKey>, std::pair<__int128, std::int64_t>> cells;
    const auto snapshot = board_->snapshot();
    snapshot->each_cell([&](const figure::CellKey& key, __int128 sum, std::int64_t count) {
        figure::CellKey k = key;
        k.figure = 0;
        cells[{model_->figures[static_cast<std::size_t>(key.figure)].code, k}] = {sum, count};
    });
    if (preview)
        for (const auto& f : preview->figures) {
            for (const auto& c : f.first) {
                figure::CellKey k = c.key;
                k.figure = 0;
                const auto now = cells[{f.code, k}];
                if (now.first != c.sum_after || now.second != c.count_after)
                    failed(step.place, "the preview promised other cells of " + f.code);
            }
            std::int64_t n = 0;
            for (const auto& [key, value] : cells) n += key.first == f.code && value.second != 0;
            if (n != f.cells_after) failed(step.place, "the preview promised another number of cells of " + f.code);
        }
    check_board(step.place);
    if (mode_ == Mode::verify) check_replay(step.place);
}

// I7 over a change of the model: the journal repeated gives the same dump.
void Driver::check_replay(const std::string& place) {
    const std::string copy = path_ + ".replayed";
    store::discard(copy, store::Made::by_us);
    const auto text = [](board::Board& board) {
        std::string out;
        if (const auto ok = board.dump([&](std::string_view line) { out.append(line).append("\n"); }); !ok)
            out = ok.error().text();
        return out;
    };
    const auto replayed = board::Board::replay(path_, copy);
    if (!replayed)
        failed(place, "the journal cannot be replayed: " + text_of(replayed.error()));
    else if (text(**replayed) != text(*board_))
        failed(place, "the replayed journal gives another dump");
    store::discard(copy, store::Made::by_us);
}

}  // namespace yipan::scenario
