// The main job: the demo board's half year. Lights, score and rank of the zone, and the half-year report in which every
// number leads to its records. The board is made when it is missing or was made from another model.
#include <filesystem>
#include <fstream>

#include "demo_board.h"
#include "output.h"
#include "progress.h"
#include "report/light.h"
#include "report_commands.h"

namespace yipan::app {
namespace json = boost::json;
namespace {

constexpr std::size_t worst_shown = 6;
constexpr const char* scheme_code = "wanjiang";
constexpr const char* report_code = "half_year";

Checked<void> make_if_needed(const std::string& path, const std::string& stamp_path) {
    const demo::Options defaults;
    std::ifstream stamp(stamp_path);
    const std::string made_of{std::istreambuf_iterator<char>(stamp), {}};
    if (std::filesystem::exists(path) && made_of == demo_stamp(defaults)) return {};
    std::fprintf(stderr, "making the demo board %s\n", path.c_str());
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
    Bar bar("demo");
    demo::Options options = defaults;
    options.progress = bar.progress();
    YIPAN_TRY(const std::int64_t records, make_demo(path, options));
    (void)records;
    std::ofstream(stamp_path) << demo_stamp(defaults);
    return {};
}

class MainJob {
  public:
    MainJob(Context& context, board::Board& board, std::string folder)
        : context_(context),
          board_(board),
          folder_(std::move(folder)),
          snapshot_(board.snapshot()),
          model_(snapshot_->model()),
          names_(*snapshot_),
          period_(report::last_half(snapshot_->today())) {}

    int run() {
        out_ = {{"board", board_json(board_, snapshot_->position())},
                {"period", period_.text()},
                {"today", snapshot_->today().text()}};
        say(banner(board_) + "\n" + snapshot_->today().text() + " · " + period_text() + " · " +
            word("台账序号 ", "臺賬序號 ", "journal entry ") + std::to_string(snapshot_->position().value) + "\n\n");
        if (const int code = lights()) return code;
        if (const int code = score()) return code;
        if (const int code = report()) return code;
        if (context_.json) print_json(out_);
        return 0;
    }

  private:
    /// What the program itself says, in the language asked for (what the board says has its own labels).
    std::string word(const char* hans, const char* hant, const char* en) const {
        const model::Language language = context_.language();
        return language == model::Language::hans ? hans : language == model::Language::hant ? hant : en;
    }
    std::string period_text() const {
        return context_.language() == model::Language::en ? period_.text() : period_.text_zh();
    }

    void say(const std::string& text) const {
        if (!context_.json) print(text);
    }

    int lights() {
        Bar bar("lights");
        const auto counts = report::count_lights(*snapshot_, snapshot_->today(), period_, worst_shown, bar.progress());
        if (!counts) return refuse(context_, counts.error());
        std::vector<std::vector<std::string>> rows{{word("亮灯", "亮燈", "light"), word("红", "紅", "red"),
                                                    word("黄", "黃", "yellow"), word("绿", "綠", "green")}};
        json::array list;
        std::vector<report::Lamp> worst;
        for (const report::LightCount& counted : *counts) {
            const model::Light& light = model_.lights[static_cast<std::size_t>(counted.light)];
            const auto number = [&](model::Colour colour) {
                return counted.by_colour[static_cast<std::size_t>(colour)];
            };
            list.push_back({{"light", light.code},
                            {"red", number(model::Colour::red)},
                            {"yellow", number(model::Colour::yellow)},
                            {"green", number(model::Colour::green)}});
            worst.insert(worst.end(), counted.worst.begin(), counted.worst.end());
            if (number(model::Colour::red) + number(model::Colour::yellow) + number(model::Colour::green) == 0)
                continue;
            rows.push_back({light.label.in(context_.language()), std::to_string(number(model::Colour::red)),
                            std::to_string(number(model::Colour::yellow)),
                            std::to_string(number(model::Colour::green))});
        }
        out_["lights"] = std::move(list);
        say(table_text(rows, {1, 2, 3}) + "\n");
        // A few of each light, the furthest behind first.
        std::vector<std::vector<std::string>> few{{word("最落后", "最落後", "furthest behind"), "",
                                                   word("滞后", "滯後", "behind"), word("亮灯", "亮燈", "light")}};
        json::array worst_list;
        for (const report::Lamp& lamp : worst) {
            const std::string name = lamp_name(lamp);
            const model::Light& light = model_.lights[static_cast<std::size_t>(lamp.light)];
            const std::string behind =
                lamp.behind ? report::written(*lamp.behind, report::As::number, lamp.behind->scale > 0 ? 1 : 0) : "";
            worst_list.push_back({{"light", light.code},
                                  {"of", name},
                                  {"colour", report::colour_name(lamp.colour)},
                                  {"behind", behind}});
            if (lamp.colour == model::Colour::red && few.size() <= worst_shown) {
                few.push_back({std::string(report::colour_name(lamp.colour, context_.language())), name, behind,
                               light.label.in(context_.language())});
            }
        }
        out_["worst"] = std::move(worst_list);
        if (few.size() > 1) say(table_text(few, {2}) + "\n");
        return 0;
    }

    std::string lamp_name(const report::Lamp& lamp) {
        return lamp.record.value > 0 ? names_.title_of(lamp.type, lamp.record)
                                     : names_.title_of(lamp.ask.unit_type, RecordId{lamp.ask.unit});
    }

    int score() {
        const Checked<report::Assessment> made = report::assess(*snapshot_, names_, scheme_code, period_);
        if (!made) return refuse(context_, made.error());
        const std::string own = report::own_unit(*snapshot_, *made);
        std::vector<std::vector<std::string>> rows{
            {word("位次", "位次", "rank"), word("开发区", "開發區", "zone"), word("得分", "得分", "score")}};
        for (const score::UnitOutcome& unit : made->outcome.units) {
            const bool ours = unit.unit.code == own;
            char total[64] = "-";
            if (unit.total) std::snprintf(total, sizeof total, "%.*f", made->outcome.display, *unit.total);
            const std::string rank = unit.rank ? std::to_string(static_cast<int>(*unit.rank)) : "-";
            rows.push_back({rank, (ours ? "→ " : "  ") + unit.unit.name, total});
            if (!ours) continue;
            out_["score"] = unit.total ? json::value(*unit.total) : json::value(nullptr);
            out_["rank"] = unit.rank ? json::value(*unit.rank) : json::value(nullptr);
            out_["peers"] = made->outcome.units.size();
            const std::string peers = std::to_string(made->outcome.units.size()),
                              label = made->outcome.label[static_cast<std::size_t>(context_.language())];
            summary_ = label + ": " + unit.unit.name + word(" 得分 ", " 得分 ", " scores ") + total +
                       word("，", "，", ", rank ") +
                       word((peers + " 个开发区中列第 " + rank + " 位").c_str(),
                            (peers + " 個開發區中列第 " + rank + " 位").c_str(), (rank + " of " + peers).c_str()) +
                       "\n";
        }
        std::stable_sort(rows.begin() + 1, rows.end(), [](const auto& a, const auto& b) {
            return std::atoi(a[0].c_str()) < std::atoi(b[0].c_str());
        });
        say(table_text(rows, {0, 2}) + summary_);
        json::array notes;
        for (const std::string& note : made->outcome.notes) {
            notes.push_back(json::value(note));
            say(note + "\n");
        }
        out_["notes"] = std::move(notes);
        say("\n");
        return 0;
    }

    int report() {
        json::array files;
        std::string paths;
        for (const char* ending : {".html", ".md"}) {
            const std::string path = folder_ + "/" + report_code + "_" + period_.text() + ending;
            Errors errors;
            const Result<report::Document> document = write_report_file(board_, report_code, "", period_, path, errors);
            if (!errors.empty()) return refuse(context_, errors);
            if (!document) return refuse(context_, document.error());
            files.push_back(json::value(path));
            if (paths.empty()) {
                const std::string bound = std::to_string(document->numbers),
                                  left = std::to_string(document->left_out.size());
                say(word(("半年报告: " + bound + " 个数可查来源，" + left + " 处因无数据未列出").c_str(),
                         ("半年報告: " + bound + " 個數可查來源，" + left + " 處因無數據未列出").c_str(),
                         ("half-year report: " + bound + " numbers lead to their sources, " + left +
                          " left out for want of data")
                             .c_str()) +
                    "\n");
                out_["numbers"] = document->numbers;
                out_["left_out"] = document->left_out.size();
            }
            paths += (paths.empty() ? "" : "  ") + path;
        }
        out_["report"] = std::move(files);
        say(board_.note() + "\n" + paths + "\n");
        return 0;
    }

    Context& context_;
    board::Board& board_;
    std::string folder_;
    std::unique_ptr<board::Snapshot> snapshot_;
    const model::Model& model_;
    exchange::Names names_;
    Period period_;
    json::object out_;
    std::string summary_;
};

}  // namespace

int main_job(Context& context, const std::string& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem)
        return refuse(context, Error{Code::store_failed, folder, "the folder cannot be made: " + problem.message(),
                                     "another --folder"});
    const std::string path = folder + "/demo.board";
    try {
        if (const Checked<void> made = make_if_needed(path, folder + "/demo.stamp"); !made)
            return refuse(context, made.error());
        const auto board = open_board(context, path, Access::read);
        if (!board) return context.exit_code;
        return MainJob(context, *board, folder).run();
    } catch (const std::exception& failure) {
        return refuse(context, Error{Code::store_failed, folder, failure.what(), ""});
    }
}

}  // namespace yipan::app
