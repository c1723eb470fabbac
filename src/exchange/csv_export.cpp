#include "exchange/csv_export.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/csv.h"
#include "exchange/columns.h"
#include "exchange/names.h"

namespace yipan::exchange {
namespace {

constexpr std::int64_t page_rows = 5'000;

// A file that is only left behind when it was finished.
class OutFile {
  public:
    static Result<std::unique_ptr<OutFile>> open(const std::string& path, OutEncoding encoding) {
        auto out = std::make_unique<OutFile>();
        out->path_ = path;
        out->file_ = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
        if (!out->file_)
            return fail(Code::store_failed, path, std::string("cannot be written: ") + std::strerror(errno),
                        "check the folder and the right to write there");
        if (encoding == OutEncoding::gb18030) {
            UErrorCode status = U_ZERO_ERROR;
            out->utf8_.reset(ucnv_open("UTF-8", &status));
            out->gb18030_.reset(ucnv_open("gb18030", &status));
            if (U_FAILURE(status))
                return fail(Code::store_failed, path, "the encoding GB 18030 is not available", "write UTF-8 instead");
        }
        return out;
    }
    ~OutFile() {
        if (!file_ || file_ == stdout) return;
        std::fclose(file_);
        std::remove(path_.c_str());
    }
    Status write(std::string_view bytes) {
        if (!gb18030_) return put(bytes);
        const char* from = bytes.data();
        const char* const end = from + bytes.size();
        char room[8192];
        UErrorCode status = U_BUFFER_OVERFLOW_ERROR;
        while (status == U_BUFFER_OVERFLOW_ERROR) {
            status = U_ZERO_ERROR;
            char* to = room;
            ucnv_convertEx(gb18030_.get(), utf8_.get(), &to, room + sizeof room, &from, end, pivot_, &pivot_from_,
                           &pivot_to_, pivot_ + std::size(pivot_), fresh_, false, &status);
            fresh_ = false;
            YIPAN_TRY_VOID(put({room, static_cast<std::size_t>(to - room)}));
        }
        if (U_FAILURE(status)) return fail(Code::store_failed, path_, "a text could not be written in GB 18030");
        return {};
    }
    Status finish() {
        const bool flushed = std::fflush(file_) == 0 && !std::ferror(file_);
        const bool closed = file_ == stdout || std::fclose(file_) == 0;
        if (flushed && closed) {
            file_ = nullptr;
            return {};
        }
        if (closed) file_ = nullptr, std::remove(path_.c_str());
        return full();
    }

  private:
    Status put(std::string_view bytes) {
        if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return {};
        return full();
    }
    tl::unexpected<Error> full() const {
        return fail(Code::store_failed, path_, std::string("cannot be written to the end: ") + std::strerror(errno),
                    "make room on the disk; the unfinished file is removed");
    }
    struct Close {
        void operator()(UConverter* converter) const { ucnv_close(converter); }
    };
    std::string path_;
    std::FILE* file_ = nullptr;
    std::unique_ptr<UConverter, Close> utf8_, gb18030_;
    UChar pivot_[1024];
    UChar* pivot_from_ = pivot_;
    UChar* pivot_to_ = pivot_;
    bool fresh_ = true;
};

bool is_number(model::FieldKind kind) {
    return kind == model::FieldKind::integer || kind == model::FieldKind::decimal || kind == model::FieldKind::money;
}

class Exporter {
  public:
    Exporter(const model::Type& type, OutFile& file, const ExportOptions& options)
        : type_(type),
          options_(options),
          writer_([&file](std::string_view bytes) { return file.write(bytes); }, csv_options(options.encoding)),
          fields_(exported_fields(type, options)) {}
    Status heading(Headings headings, model::Language language) {
        for (const int field : fields_) {
            const model::Field& f = type_.fields[static_cast<std::size_t>(field)];
            writer_.text(headings == Headings::codes ? f.code : f.label.in(language));
        }
        return writer_.end_row();
    }
    Status row(const model::Model& model, const record::Record& record, const record::NameOf& key_of) {
        for (const int field : fields_) {
            const model::Field& f = type_.fields[static_cast<std::size_t>(field)];
            if (const auto other = options_.instead ? options_.instead(record, field) : std::nullopt) {
                writer_.text(*other);
                continue;
            }
            const std::string text = record::plain_text(model, f, record.at(field), key_of);
            if (is_number(f.kind))
                writer_.number(text);
            else
                writer_.text(text);
        }
        return writer_.end_row();
    }
    Status finish() { return writer_.finish(); }

  private:
    static CsvWriterOptions csv_options(OutEncoding encoding) {
        CsvWriterOptions csv;
        csv.byte_order_mark = encoding == OutEncoding::utf8;
        return csv;
    }
    const model::Type& type_;
    const ExportOptions& options_;
    CsvWriter writer_;
    std::vector<int> fields_;
};

// Hands every record that passes the filter to `visit`, in pages when there is a filter.
Status each_filtered(board::Snapshot& snapshot, int type, const std::string& filter,
                     const std::function<Status(const record::Record&)>& visit) {
    Status status;
    const auto take = [&](const record::RecordPtr& record) {
        status = visit(*record);
        return status.has_value();
    };
    if (filter.empty()) {
        YIPAN_TRY_VOID(snapshot.each(type, take));
        return status;
    }
    for (std::int64_t offset = 0;; offset += page_rows) {
        YIPAN_TRY(const board::Snapshot::ListResult page, snapshot.list(type, filter, offset, page_rows));
        for (const record::RecordPtr& record : page.rows) {
            if (!take(record)) return status;
        }
        if (!page.more) return {};
    }
}

}  // namespace

std::vector<int> exported_fields(const model::Type& type, const ExportOptions& options) {
    if (!options.fields.empty()) return options.fields;
    std::vector<int> fields;
    for (std::size_t i = 0; i < type.fields.size(); ++i)
        if (options.everything || entered(type.fields[i])) fields.push_back(static_cast<int>(i));
    return fields;
}

Status each_exported(board::Snapshot& snapshot, int type, const ExportOptions& options,
                     const std::function<Status(const record::Record&)>& visit) {
    std::int64_t total = 0, rows = 0;
    if (options.progress && !options.rows) {
        YIPAN_TRY(total, snapshot.count(type, options.filter));
    }
    const auto counted = [&](const record::Record& record) -> Status {
        if (++rows % 4096 == 0 && options.progress) options.progress(rows, std::max(total, rows));
        return visit(record);
    };
    return options.rows ? options.rows(counted) : each_filtered(snapshot, type, options.filter, counted);
}

Result<std::int64_t> export_csv(board::Snapshot& snapshot, int type, const std::string& path,
                                const ExportOptions& options) {
    const model::Model& model = snapshot.model();
    const model::Type& declared = model.types[static_cast<std::size_t>(type)];
    YIPAN_TRY(const std::unique_ptr<OutFile> file, OutFile::open(path, options.encoding));
    Names names(snapshot);
    const record::NameOf key_of = names.key_function();
    Exporter exporter(declared, *file, options);
    YIPAN_TRY_VOID(exporter.heading(options.headings, options.language));
    std::int64_t rows = 0;
    YIPAN_TRY_VOID(each_exported(snapshot, type, options, [&](const record::Record& record) -> Status {
        ++rows;
        return exporter.row(model, record, key_of);
    }));
    YIPAN_TRY_VOID(exporter.finish());
    YIPAN_TRY_VOID(file->finish());
    return rows;
}

Status export_template(const model::Type& type, const std::string& path, Headings headings, model::Language language) {
    ExportOptions options;
    options.everything = false;
    YIPAN_TRY(const std::unique_ptr<OutFile> file, OutFile::open(path, OutEncoding::utf8));
    Exporter exporter(type, *file, options);
    YIPAN_TRY_VOID(exporter.heading(headings, language));
    YIPAN_TRY_VOID(exporter.finish());
    return file->finish();
}

}  // namespace yipan::exchange
