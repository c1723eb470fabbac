#pragma once
// Tables on the terminal (Chinese characters take two columns) and records and values as JSON.
#include <string>
#include <vector>

#include "context.h"

namespace yipan::app {

/// Rows of equal length, the first is the heading; columns named in `right` are set flush right.
std::string table_text(const std::vector<std::vector<std::string>>& rows, const std::vector<std::size_t>& right = {});
/// Columns a text takes on a terminal.
std::size_t width_of(std::string_view text);

boost::json::object record_json(const model::Model& model, const record::Record& record, exchange::Names& names);
boost::json::object value_json(const model::Model& model, const figure::Ask& ask, const figure::Value& value,
                               exchange::Names& names);
boost::json::value label_json(const model::Label& label);

/// The file holds all of it, on the disk, or what it held before.
Status write_whole(const std::string& path, std::string_view text);

}  // namespace yipan::app
