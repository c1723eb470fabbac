#include "exchange/csv_table.h"

#include <filesystem>

namespace yipan::exchange {

Result<std::unique_ptr<CsvTable>> CsvTable::open(const std::string& path, const std::string& name) {
    auto table = std::make_unique<CsvTable>();
    table->file_.reset(std::fopen(path.c_str(), "rb"));
    if (!table->file_)
        return fail(Code::not_found, path, "the file cannot be opened", "check the path and the right to read it");
    std::error_code unknown;
    const auto size = std::filesystem::file_size(path, unknown);
    table->total_ = unknown ? 0 : static_cast<std::int64_t>(size);
    ByteSource counted = [inner = bytes_of_file(table->file_.get()),
                          raw = table.get()](std::span<char> room) -> Result<std::size_t> {
        Result<std::size_t> got = inner(room);
        if (got) raw->done_ += static_cast<std::int64_t>(*got);
        return got;
    };
    CsvOptions csv;
    csv.name = name;
    table->reader_ = std::make_unique<CsvReader>(std::move(counted), csv);
    return table;
}

Result<bool> CsvTable::next() {
    YIPAN_TRY(const bool more, reader_->next());
    cells_.clear();
    if (more)
        for (const std::string_view text : reader_->row()) cells_.push_back({text});
    return more;
}

}  // namespace yipan::exchange
