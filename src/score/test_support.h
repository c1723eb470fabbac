#pragma once
// For the tests of this room only: files of the shared folder and of tests/data, shipped schemes, a plain grid.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>

#include "score/csv.h"
#include "score/score.h"

namespace yipan::score {

inline std::optional<std::string> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}
inline std::optional<std::string> read_shared(const std::string& name) {
    return read_file(std::string(YIPAN_SOURCE_DIR) + "/../shared/data/" + name);
}
inline std::optional<std::string> read_test_data(const std::string& name) {
    return read_file(std::string(YIPAN_SOURCE_DIR) + "/tests/data/score/" + name);
}

inline Scheme shipped(const std::string& name) {
    const std::string path = std::string(YIPAN_SOURCE_DIR) + "/schemes/" + name + ".yaml";
    const auto text = read_file(path);
    if (!text) {
        ADD_FAILURE() << path << " is not there";
        std::abort();
    }
    auto scheme = parse_scheme(*text, name + ".yaml");
    if (!scheme) {
        ADD_FAILURE() << text_of(scheme.error());
        std::abort();
    }
    return std::move(*scheme);
}

/// Parses a scheme that must be right.
inline Scheme scheme_of(const std::string& yaml) {
    auto scheme = parse_scheme(yaml, "test.yaml");
    if (!scheme) {
        ADD_FAILURE() << text_of(scheme.error());
        std::abort();
    }
    return std::move(*scheme);
}

/// Quick table: units named by the first entry, columns by code.
inline Table table_of(const std::vector<std::string>& units,
                      std::map<std::string, std::vector<std::optional<double>>> columns) {
    Table out;
    for (const std::string& unit : units) out.units.push_back({unit, unit, {}, {}});
    out.columns = std::move(columns);
    return out;
}

/// A grid of text split by hand, apart from the reader under test (fields may be quoted, without line ends inside).
struct Grid {
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::optional<double> number(std::size_t row, const std::string& column) const {
        for (std::size_t i = 0; i < header.size(); ++i)
            if (header[i] == column && !rows[row][i].empty() && rows[row][i] != "NA")
                return std::strtod(rows[row][i].c_str(), nullptr);
        return std::nullopt;
    }
};
inline Grid grid_of(const std::string& text) {
    Grid out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> fields{""};
        bool quoted = false;
        for (char c : line) {
            if (c == '"')
                quoted = !quoted;
            else if (c == ',' && !quoted)
                fields.emplace_back();
            else if (c != '\r')
                fields.back() += c;
        }
        if (out.header.empty())
            out.header = fields;
        else
            out.rows.push_back(fields);
    }
    return out;
}

}  // namespace yipan::score
