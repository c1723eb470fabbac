// scenario_test [--restart | --batch | --verify] [--must-fail] [--database ADDRESS] --modules FOLDER FILES...
// Runs every file, prints what did not answer as written, and ends with "N passed, M failed, K skipped".
// --must-fail: the files are canaries: each must report the one failure that its line "#! text" names.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "driver.h"

int main(int argc, char** argv) {
    using namespace yipan::scenario;  // the whole program is these few lines
    Mode mode = Mode::plain;
    bool must_fail = false;
    std::string modules, database;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--restart")
            mode = Mode::restart;
        else if (word == "--batch")
            mode = Mode::batch;
        else if (word == "--verify")
            mode = Mode::verify;
        else if (word == "--restored")
            mode = Mode::restored;
        else if (word == "--must-fail")
            must_fail = true;
        else if (word == "--database" && i + 1 < argc)
            database = argv[++i];
        else if (word == "--modules" && i + 1 < argc)
            modules = argv[++i];
        else
            files.push_back(word);
    }
    if (files.empty() || modules.empty()) {
        std::fprintf(stderr,
                     "usage: scenario_test [--restart|--batch|--verify|--restored] [--must-fail] [--database ADDRESS] --modules FOLDER FILES...\n");
        return 2;
    }
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("yipan_scenario_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::string board = (folder / "scenario.board").string();
    if (!database.empty()) {
        board = database + (database.find('?') == std::string::npos ? '?' : '&') + "board=scenario_" + std::to_string(::getpid());
        ::setenv("XDG_STATE_HOME", folder.c_str(), 1);  // what lies beside the board goes with the folder
    }
    int passed = 0, failed = 0;
    for (const std::string& file : files) {
        const auto scenario = read_scenario(file, modules);
        Outcome outcome;
        if (scenario)
            outcome = Driver(mode, modules, board).run(*scenario);
        else
            outcome.failures.push_back(yipan::text_of(scenario.error()));
        bool good = outcome.failures.empty();
        if (must_fail) {
            // Failing for another reason would not show that the driver notices this one.
            good = scenario && !scenario->must_fail.empty() && outcome.failures.size() == 1 &&
                   outcome.failures.front().find(scenario->must_fail) != std::string::npos;
        }
        ++(good ? passed : failed);
        if (good) continue;
        std::printf("FAILED %s (%d steps run)\n", file.c_str(), outcome.steps);
        for (const std::string& failure : outcome.failures) std::printf("  %s\n", failure.c_str());
        if (must_fail) std::printf("  expected just the failure \"%s\"\n", scenario ? scenario->must_fail.c_str() : "");
    }
    std::filesystem::remove_all(folder);
    std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
