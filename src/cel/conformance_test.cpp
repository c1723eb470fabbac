// The conformance cases of the standard, in shared/data/cel-conformance (not part of the repository).
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "cel/json_lines.h"

namespace yipan::cel {
namespace {
namespace json = boost::json;

/// Exact by type; maps ignore order; NaN is "NaN".
bool same(const json::value& a, const json::value& b) {
    if (!a.is_object() || !b.is_object() || a.as_object().size() != 1 || b.as_object().size() != 1) return false;
    const auto& x = *a.as_object().begin();
    const auto& y = *b.as_object().begin();
    if (x.key() != y.key()) return false;
    if (x.key() == "list") {
        const auto& p = x.value().as_array();
        const auto& q = y.value().as_array();
        if (p.size() != q.size()) return false;
        for (std::size_t i = 0; i < p.size(); ++i)
            if (!same(p[i], q[i])) return false;
        return true;
    }
    if (x.key() == "map") {
        const auto& p = x.value().as_array();
        const auto& q = y.value().as_array();
        if (p.size() != q.size()) return false;
        for (const auto& entry : p) {
            bool found = false;
            for (const auto& other : q)
                found = found || (same(entry.as_array()[0], other.as_array()[0]) &&
                                  same(entry.as_array()[1], other.as_array()[1]));
            if (!found) return false;
        }
        return true;
    }
    if (x.key() == "double" && x.value().is_number() && y.value().is_number())
        return x.value().to_number<double>() == y.value().to_number<double>();
    return x.value() == y.value();
}

// file/section/name of cases we may fail, each with its reason in docs/cel.md.
const std::set<std::string> unsupported = {};

TEST(Conformance, every_case_gives_the_value_or_the_error_of_the_standard) {
    const std::filesystem::path folder = YIPAN_SOURCE_DIR "/../shared/data/cel-conformance";
    if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the conformance cases are not on this machine: " << folder;
    int cases = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
        if (file.path().extension() != ".jsonl") continue;
        std::ifstream in(file.path());
        for (std::string line; std::getline(in, line);) {
            const json::object want = json::parse(line).as_object();
            const json::object got = json::parse(answer_line(line)).as_object();
            const std::string id = std::string(want.at("file").as_string()) + "/" +
                                   std::string(want.at("section").as_string()) + "/" +
                                   std::string(want.at("name").as_string());
            ++cases;
            const bool ok = want.contains("want_error")
                                ? got.contains("error")
                                : got.contains("value") && same(got.at("value"), want.at("want_value"));
            if (unsupported.contains(id)) continue;
            EXPECT_TRUE(ok) << id << "\n  " << want.at("expr") << "\n  want "
                            << (want.contains("want_error") ? want.at("want_error") : want.at("want_value"))
                            << "\n  got  " << json::serialize(got);
        }
    }
    EXPECT_GE(cases, 1000) << "cases are missing";
}
}  // namespace
}  // namespace yipan::cel
