#include "exchange/sheet_write.h"

#include <xlsxwriter.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/check.h"
#include "base/csv.h"
#include "base/utf8.h"
#include "exchange/columns.h"
#include "exchange/names.h"
#include "model/scalar.h"

namespace yipan::exchange {
namespace {

using Kind = model::FieldKind;
constexpr std::int64_t exact_max = 1'000'000'000'000'000;  // fifteen digits: more do not survive a spreadsheet

std::size_t at(int i) { return static_cast<std::size_t>(i); }

// A workbook being written. An unfinished one leaves nothing.
class Book {
  public:
    explicit Book(const std::string& path) : path_(path) {
        lxw_workbook_options options{};
        options.constant_memory = LXW_TRUE;
        options.use_zip64 = LXW_TRUE;
        book_ = workbook_new_opt(path.c_str(), &options);
    }
    ~Book() {
        if (!book_) return;
        workbook_close(book_);
        std::remove(path_.c_str());
    }
    Book(const Book&) = delete;
    Book& operator=(const Book&) = delete;
    bool ok() const { return book_ != nullptr; }
    lxw_workbook* raw() { return book_; }
    lxw_worksheet* sheet(const std::string& wanted) {
        std::string name;
        std::size_t characters = 0;
        constexpr std::size_t characters_max = 31;
        for (const char c : wanted) {
            if (std::strchr("[]:*?/\\'", c)) continue;
            if ((static_cast<unsigned char>(c) & 0xC0) != 0x80 && ++characters > characters_max) break;
            name += c;
        }
        lxw_worksheet* sheet = workbook_add_worksheet(book_, name.c_str());
        return sheet ? sheet : workbook_add_worksheet(book_, nullptr);
    }
    lxw_format* format(const char* number = nullptr) {
        lxw_format* format = workbook_add_format(book_);
        if (number) format_set_num_format(format, number);
        return format;
    }
    Status text(lxw_worksheet* sheet, std::int64_t row, std::size_t column, const std::string& text,
                lxw_format* format = nullptr) {
        if (text.empty() && !format) return {};
        const lxw_error error =
            text.empty()
                ? worksheet_write_blank(sheet, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column), format)
                : worksheet_write_string(sheet, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column),
                                         text.c_str(), format);
        return done(error, row, column);
    }
    Status number(lxw_worksheet* sheet, std::int64_t row, std::size_t column, double value, lxw_format* format) {
        return done(
            worksheet_write_number(sheet, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column), value, format),
            row, column);
    }
    Status boolean(lxw_worksheet* sheet, std::int64_t row, std::size_t column, bool value) {
        return done(
            worksheet_write_boolean(sheet, static_cast<lxw_row_t>(row), static_cast<lxw_col_t>(column), value, nullptr),
            row, column);
    }
    Status finish() {
        const lxw_error error = workbook_close(std::exchange(book_, nullptr));
        if (error == LXW_NO_ERROR) return {};
        std::remove(path_.c_str());
        return fail(Code::store_failed, path_, std::string("cannot be written to the end: ") + lxw_strerror(error),
                    "check the folder, the right to write there and the room on the disk");
    }

  private:
    Status done(lxw_error error, std::int64_t row, std::size_t column) const {
        if (error == LXW_NO_ERROR) return {};
        return fail(Code::limit_exceeded, path_ + ":" + std::to_string(row + 1) + ":" + std::to_string(column + 1),
                    std::string("a cell cannot be written: ") + lxw_strerror(error),
                    "a spreadsheet's cell holds at most 32,767 characters; export as CSV");
    }
    std::string path_;
    lxw_workbook* book_ = nullptr;
};

Result<std::unique_ptr<Book>> new_book(const std::string& path) {
    // The library says only at its end that the place cannot be written.
    std::FILE* probe = std::fopen(path.c_str(), "wb");
    if (!probe)
        return fail(Code::store_failed, path, std::string("cannot be written: ") + std::strerror(errno),
                    "check the folder and the right to write there");
    std::fclose(probe);
    auto book = std::make_unique<Book>(path);
    if (!book->ok()) return fail(Code::store_failed, path, "the workbook cannot be begun", "check the room in TMPDIR");
    return book;
}

Status write_machine_sheet(Book& book, const MachineSheet& machine) {
    lxw_worksheet* sheet = book.sheet(std::string(machine_sheet));
    const std::pair<const char*, const std::string*> rows[] = {
        {"kind", &machine.kind}, {"type", &machine.type}, {"model", &machine.model}, {"import", &machine.import}};
    std::int64_t row = 0;
    for (const auto& [key, value] : rows) {
        YIPAN_TRY_VOID(book.text(sheet, row, 0, key));
        YIPAN_TRY_VOID(book.text(sheet, row++, 1, *value));
    }
    YIPAN_TRY_VOID(book.text(sheet, row, 0, "columns"));
    for (std::size_t c = 0; c < machine.columns.size(); ++c)
        YIPAN_TRY_VOID(book.text(sheet, row, c + 1, machine.columns[c]));
    worksheet_hide(sheet);
    return {};
}

std::string number_format(const model::Field& field) {
    if (field.kind == Kind::money) return "#,##0.00";
    if (field.kind == Kind::decimal && field.scale > 0)
        return "0." + std::string(static_cast<std::size_t>(field.scale), '0');
    return field.kind == Kind::date ? "yyyy-mm-dd" : field.kind == Kind::instant ? "yyyy-mm-dd hh:mm:ss" : "0";
}

class RecordSheet {
    // Excel takes 255 characters in a header; "&" begins a code there.
    Status watermark() {
        constexpr std::size_t bytes_max = 200;
        if (options_.watermark.empty()) return {};
        std::string said;
        for (const char c : options_.watermark.substr(0, bytes_max)) said += c == '&' ? "&&" : std::string(1, c);
        while (find_invalid_utf8(said) != std::string_view::npos) said.pop_back();
        worksheet_set_header(sheet_, ("&R&8" + said).c_str());
        worksheet_set_footer(sheet_, ("&L&8" + said + "&R&P / &N").c_str());
        return {};
    }

  public:
    RecordSheet(Book& book, const model::Model& model, const model::Type& type, const std::vector<int>& fields,
                const ExportOptions& options)
        : book_(book), model_(model), type_(type), fields_(fields), options_(options) {
        sheet_ = book.sheet(type.label.in(options.language));
        for (const int field : fields) {
            const model::Field& f = type.fields[at(field)];
            const bool number =
                f.kind == Kind::money || f.kind == Kind::decimal || f.kind == Kind::integer || f.kind == Kind::date;
            // A cell of the format text stays one when it is edited: "=1+1" is not run, a code keeps its digits.
            formats_.push_back(book.format(number ? number_format(f).c_str() : "@"));
        }
    }
    Status heading() {
        lxw_format* bold = book_.format();
        format_set_bold(bold);
        for (std::size_t c = 0; c < fields_.size(); ++c) {
            const model::Field& f = type_.fields[at(fields_[c])];
            YIPAN_TRY_VOID(book_.text(
                sheet_, 0, c, options_.headings == Headings::codes ? f.code : f.label.in(options_.language), bold));
        }
        worksheet_freeze_panes(sheet_, 1, 0);
        return watermark();
    }
    Status row(std::int64_t row, const record::Record& record, const record::NameOf& key_of) {
        for (std::size_t c = 0; c < fields_.size(); ++c) YIPAN_TRY_VOID(cell(row, c, record, key_of));
        return {};
    }

  private:
    Status cell(std::int64_t row, std::size_t c, const record::Record& record, const record::NameOf& key_of) {
        const model::Field& f = type_.fields[at(fields_[c])];
        const record::Value& value = record.at(fields_[c]);
        if (const auto other = options_.instead ? options_.instead(record, fields_[c]) : std::nullopt)
            return other->empty() ? Status{} : book_.text(sheet_, row, c, guarded(*other));
        if (record::is_unset(value)) return {};
        const std::int64_t* n = record::as_integer(value);
        const bool number =
            f.kind == Kind::money || f.kind == Kind::decimal || f.kind == Kind::integer || f.kind == Kind::date;
        if (n && f.kind == Kind::boolean) return book_.boolean(sheet_, row, c, *n != 0);
        if (n && f.kind == Kind::date && *n > -25'509)  // the days spreadsheets agree on
            return book_.number(sheet_, row, c, static_cast<double>(*n + 25'569), formats_[c]);
        if (n && *n > -exact_max && *n < exact_max) {
            if (f.kind == Kind::integer) return book_.number(sheet_, row, c, static_cast<double>(*n), formats_[c]);
            if (f.kind == Kind::money || f.kind == Kind::decimal) {
                double unit = 1;
                for (int i = 0; i < (f.kind == Kind::money ? 2 : f.scale); ++i) unit *= 10;
                return book_.number(sheet_, row, c, static_cast<double>(*n) / unit, formats_[c]);
            }
        }
        std::string text = f.kind == Kind::choice && options_.headings == Headings::labels
                               ? record::display(model_, f, value, options_.language, key_of)
                               : record::plain_text(model_, f, value, key_of);
        return book_.text(sheet_, row, c, guarded(std::move(text)), number ? nullptr : formats_[c]);
    }
    static std::string guarded(std::string text) {
        if (without_guard(text).size() < text.size()) text.insert(text.begin(), '\'');  // its own apostrophe stays
        return text;
    }
    Book& book_;
    const model::Model& model_;
    const model::Type& type_;
    const std::vector<int>& fields_;
    const ExportOptions& options_;
    lxw_worksheet* sheet_ = nullptr;
    std::vector<lxw_format*> formats_;
};

// -- the template

struct Words {
    const char *instructions, *field, *meaning, *kind, *limits, *example, *required, *yes, *no, *note;
};
const Words& words(model::Language language) {
    static const Words hans{
        "填写说明", "字段", "含义", "类型", "限制",
        "示例",     "必填", "是",   "否",   "表头带 * 的列必填；不要改动表头；18 位代码等以文本填写"};
    static const Words hant{
        "填寫說明", "欄位", "含義", "類型", "限制",
        "示例",     "必填", "是",   "否",   "表頭帶 * 的列必填；不要改動表頭；18 位代碼等以文本填寫"};
    static const Words en{
        "Instructions", "field",
        "meaning",      "kind",
        "limits",       "example",
        "required",     "yes",
        "no",           "columns with * are required; leave the head as it is; type long codes as text"};
    return language == model::Language::hant ? hant : language == model::Language::en ? en : hans;
}

std::string kind_text(const model::Model& model, const model::Field& field, model::Language language) {
    const auto say = [&](const char* hans, const char* hant, const char* en) {
        return std::string(language == model::Language::hant ? hant : language == model::Language::en ? en : hans);
    };
    switch (field.kind) {
        case Kind::text: return say("文本", "文本", "text");
        case Kind::integer: return say("整数", "整數", "whole number");
        case Kind::decimal: return say("小数", "小數", "decimal");
        case Kind::money: return say("金额", "金額", "amount");
        case Kind::date: return say("日期", "日期", "date");
        case Kind::period: return say("期间", "期間", "period");
        case Kind::boolean: return say("是/否", "是/否", "yes/no");
        case Kind::instant: return say("时间", "時間", "point in time");
        case Kind::choice: return say("选项", "選項", "choice");
        case Kind::reference:
            return say("引用：", "引用：", "refers to ") + model.types[at(field.target)].label.in(language);
        case Kind::references:
            return say("引用多个（以 ; 分隔）：", "引用多個（以 ; 分隔）：", "refers to several (parted by ;) ") +
                   model.types[at(field.target)].label.in(language);
        case Kind::attachment: return say("附件", "附件", "attachment");
        case Kind::place: return say("位置（GeoJSON）", "位置（GeoJSON）", "place (GeoJSON)");
        case Kind::number: return say("文号", "文號", "document number");
    }
    return {};
}

std::string unit_of(const model::Field& field, model::Language language) {
    if (field.kind != Kind::money) return field.unit;
    if (field.currency.text() == "CNY") return language == model::Language::en ? "yuan" : "元";
    return std::string(field.currency.text());
}

std::string limits_of(const model::Field& field, model::Language language) {
    std::string out;
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
    if (field.required && !field.preset) add(words(language).required);
    if (field.unique) add(language == model::Language::en ? "unique" : "不可重复");
    if (field.min) add("≥ " + model::scalar_text(field, *field.min));
    if (field.max) add("≤ " + model::scalar_text(field, *field.max));
    if (field.kind == Kind::decimal)
        add(std::to_string(field.scale) + (language == model::Language::en ? " decimal places" : " 位小数"));
    if (field.kind == Kind::text)
        add("≤ " + std::to_string(field.max_chars) + (language == model::Language::en ? " characters" : " 字"));
    constexpr std::size_t listed_max = 40;
    std::string choices;
    for (std::size_t i = 0; i < field.choices.size() && i < listed_max; ++i)
        choices += (i ? " / " : "") + field.choices[i].label.in(language);
    if (field.choices.size() > listed_max) choices += " …";
    if (!choices.empty()) add(choices);
    if (field.preset) add((language == model::Language::en ? "default: " : "默认：") + *field.preset);
    return out;
}

std::string example_of(const model::Field& field, model::Language language) {
    switch (field.kind) {
        case Kind::integer: return "1200";
        case Kind::decimal: return "12.5";
        case Kind::money: return "1234.50";
        case Kind::date: return "2026-06-30";
        case Kind::period: {
            if (field.grains.empty()) return "2026-06";
            switch (field.grains.front()) {
                case PeriodKind::quarter: return "2026Q2";
                case PeriodKind::half: return "2026H1";
                case PeriodKind::year: return "2026";
                default: return "2026-06";
            }
        }
        case Kind::boolean: return words(language).yes;
        case Kind::instant: return "2026-07-01T09:00:00+08:00";
        case Kind::choice: return field.choices.empty() ? "" : field.choices.front().label.in(language);
        case Kind::place: return R"({"type":"Point","coordinates":[119.47,32.19]})";
        default: return {};
    }
}

class Template {
  public:
    Template(Book& book, board::Snapshot& snapshot, const model::Type& type, const TemplateOptions& options)
        : book_(book),
          snapshot_(snapshot),
          type_(type),
          options_(options),
          language_(options.language),
          names_(snapshot) {
        for (std::size_t i = 0; i < type.fields.size(); ++i)
            if (entered(type.fields[i])) fields_.push_back(static_cast<int>(i));
    }
    Status write() {
        data_ = book_.sheet(type_.label.in(language_));
        const lxw_worksheet* const none = nullptr;
        lxw_worksheet* help = book_.sheet(words(language_).instructions);
        YIPAN_CHECK(data_ != none && help != none);
        std::vector<std::vector<std::string>> lists;
        lxw_format* head = book_.format();
        format_set_bold(head);
        format_set_bg_color(head, 0xDDEBF7);
        for (std::size_t c = 0; c < fields_.size(); ++c) {
            const model::Field& field = type_.fields[at(fields_[c])];
            std::string text = field.label.in(language_);
            if (const std::string unit = unit_of(field, language_); !unit.empty()) text += "（" + unit + "）";
            if (field.required && !field.preset) text += "*";
            YIPAN_TRY_VOID(book_.text(data_, 0, c, text, head));
            worksheet_set_column(data_, static_cast<lxw_col_t>(c), static_cast<lxw_col_t>(c), 18, column_format(field));
            YIPAN_TRY(std::vector<std::string> list, list_of(field));
            if (!list.empty()) {
                validate(c, lists.size(), list.size());
                lists.push_back(std::move(list));
            }
        }
        worksheet_freeze_panes(data_, 1, 0);
        YIPAN_TRY_VOID(instructions(help));
        YIPAN_TRY_VOID(write_lists(lists));
        MachineSheet machine{"template", type_.code, model_mark(snapshot_.model()), "", {}};
        for (const int field : fields_) machine.columns.push_back(type_.fields[at(field)].code);
        YIPAN_TRY_VOID(write_machine_sheet(book_, machine));
        worksheet_activate(data_);
        return {};
    }

  private:
    lxw_format* column_format(const model::Field& field) {
        switch (field.kind) {
            case Kind::money:
            case Kind::decimal:
            case Kind::integer:
            case Kind::date: return book_.format(number_format(field).c_str());
            default: return book_.format("@");  // text: codes keep their digits
        }
    }
    Result<std::vector<std::string>> list_of(const model::Field& field) {
        std::vector<std::string> out;
        if (field.kind == Kind::boolean) return std::vector<std::string>{words(language_).yes, words(language_).no};
        if (field.kind == Kind::choice)
            for (const model::Choice& choice : field.choices) out.push_back(choice.label.in(language_));
        if (field.kind == Kind::reference) {
            YIPAN_TRY(const auto rows, snapshot_.list(field.target, "", 0, template_list_max));
            if (rows.more) return out;  // too many to choose from a list
            for (const record::RecordPtr& record : rows.rows)
                if (!options_.listed || options_.listed(*record)) out.push_back(names_.key_text(*record));
        }
        if (std::ssize(out) > template_list_max) out.clear();
        return out;
    }
    void validate(std::size_t column, std::size_t list, std::size_t size) {
        std::string letters;
        for (std::size_t n = list + 1; n > 0; n = (n - 1) / 26)
            letters.insert(letters.begin(), static_cast<char>('A' + (n - 1) % 26));
        const std::string formula = "=_lists!$" + letters + "$1:$" + letters + "$" + std::to_string(size);
        lxw_data_validation validation{};
        validation.validate = LXW_VALIDATION_TYPE_LIST_FORMULA;
        validation.value_formula = const_cast<char*>(formula.c_str());
        constexpr lxw_row_t last_row = 1'048'575;
        worksheet_data_validation_range(data_, 1, static_cast<lxw_col_t>(column), last_row,
                                        static_cast<lxw_col_t>(column), &validation);
    }
    Status write_lists(const std::vector<std::vector<std::string>>& lists) {
        lxw_worksheet* sheet = book_.sheet("_lists");
        worksheet_hide(sheet);
        std::size_t rows = 0;
        for (const auto& list : lists) rows = std::max(rows, list.size());
        for (std::size_t r = 0; r < rows; ++r)
            for (std::size_t c = 0; c < lists.size(); ++c)
                if (r < lists[c].size())
                    YIPAN_TRY_VOID(book_.text(sheet, static_cast<std::int64_t>(r), c, lists[c][r]));
        return {};
    }
    Status instructions(lxw_worksheet* sheet) {
        const Words& w = words(language_);
        lxw_format* bold = book_.format();
        format_set_bold(bold);
        YIPAN_TRY_VOID(book_.text(sheet, 0, 0, w.note));
        const char* heads[] = {w.field, w.meaning, w.kind, w.limits, w.example};
        for (std::size_t c = 0; c < std::size(heads); ++c) YIPAN_TRY_VOID(book_.text(sheet, 2, c, heads[c], bold));
        worksheet_set_column(sheet, 0, 2, 24, nullptr);
        worksheet_set_column(sheet, 3, 4, 48, nullptr);
        std::int64_t row = 3;
        for (const int index : fields_) {
            const model::Field& field = type_.fields[at(index)];
            const std::string unit = unit_of(field, language_);
            YIPAN_TRY_VOID(book_.text(sheet, row, 0, field.label.in(language_)));
            YIPAN_TRY_VOID(book_.text(sheet, row, 1, field.help.empty() ? field.code : field.help));
            YIPAN_TRY_VOID(
                book_.text(sheet, row, 2,
                           kind_text(snapshot_.model(), field, language_) + (unit.empty() ? "" : "（" + unit + "）")));
            YIPAN_TRY_VOID(book_.text(sheet, row, 3, limits_of(field, language_)));
            YIPAN_TRY_VOID(book_.text(sheet, row, 4, example_of(field, language_)));
            ++row;
        }
        return {};
    }
    Book& book_;
    board::Snapshot& snapshot_;
    const model::Type& type_;
    const TemplateOptions& options_;
    model::Language language_;
    Names names_;
    std::vector<int> fields_;
    lxw_worksheet* data_ = nullptr;
};

// -- failing rows

class FailingBook final : public FailingSheet {
  public:
    FailingBook(std::unique_ptr<Book> book, MachineSheet machine)
        : book_(std::move(book)), machine_(std::move(machine)) {}
    Status start(const std::vector<std::string>& head) {
        sheet_ = book_->sheet("failing rows");
        text_ = book_->format("@");
        red_ = book_->format("@");
        format_set_bg_color(red_, 0xFFC7CE);
        format_set_font_color(red_, 0x9C0006);
        lxw_format* bold = book_->format("@");
        format_set_bold(bold);
        columns_ = head.size();
        for (std::size_t c = 0; c < head.size(); ++c) {
            worksheet_set_column(sheet_, static_cast<lxw_col_t>(c), static_cast<lxw_col_t>(c),
                                 c + 1 == head.size() ? 60 : 18, text_);
            YIPAN_TRY_VOID(book_->text(sheet_, 0, c, head[c], bold));
        }
        worksheet_freeze_panes(sheet_, 1, 1);
        return {};
    }
    Status row(std::int64_t line, std::span<const Cell> cells, std::span<const char> red,
               const std::string& reason) override {
        ++row_;
        YIPAN_TRY_VOID(book_->text(sheet_, row_, 0, std::to_string(line), text_));
        for (std::size_t c = 0; c < cells.size() && c + 2 < columns_; ++c) {
            lxw_format* format = red[c] ? red_ : text_;
            if (cells[c].text.empty() && !red[c]) continue;
            YIPAN_TRY_VOID(book_->text(sheet_, row_, c + 1, seen(cells[c]), format));
        }
        constexpr std::size_t reason_max = 8'000;
        return book_->text(sheet_, row_, columns_ - 1,
                           reason.size() > reason_max ? reason.substr(0, reason_max) + " ..." : reason, red_);
    }
    Status finish() override {
        YIPAN_TRY_VOID(write_machine_sheet(*book_, machine_));
        return book_->finish();
    }

  private:
    std::unique_ptr<Book> book_;
    MachineSheet machine_;
    lxw_worksheet* sheet_ = nullptr;
    lxw_format *text_ = nullptr, *red_ = nullptr;
    std::size_t columns_ = 0;
    std::int64_t row_ = 0;
};

class FailingCsv final : public FailingSheet {
  public:
    static Result<std::unique_ptr<FailingSheet>> open(const std::string& path, const std::vector<std::string>& head) {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        if (!file)
            return fail(Code::store_failed, path, std::string("cannot be written: ") + std::strerror(errno),
                        "check the folder and the right to write there");
        auto csv = std::make_unique<FailingCsv>(path, file);
        for (const std::string& text : head) csv->writer_.text(text);
        YIPAN_TRY_VOID(csv->writer_.end_row());
        return std::unique_ptr<FailingSheet>(std::move(csv));
    }
    FailingCsv(std::string path, std::FILE* file)
        : path_(std::move(path)), file_(file), writer_([this](std::string_view bytes) -> Status {
              if (std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size()) return {};
              return fail(Code::store_failed, path_, "cannot be written to the end", "make room on the disk");
          }) {}
    ~FailingCsv() override {
        if (!file_) return;
        std::fclose(file_);
        std::remove(path_.c_str());
    }
    Status row(std::int64_t line, std::span<const Cell> cells, std::span<const char>,
               const std::string& reason) override {
        writer_.number(std::to_string(line));
        for (const Cell& cell : cells) {
            // A number that begins with - stays one; a text that begins like a formula is made harmless.
            if (cell.kind == CellKind::text)
                writer_.text(cell.text);
            else
                writer_.number(seen(cell));
        }
        writer_.text(reason);
        return writer_.end_row();
    }
    Status finish() override {
        YIPAN_TRY_VOID(writer_.finish());
        if (std::fclose(std::exchange(file_, nullptr)) == 0) return {};
        return fail(Code::store_failed, path_, "cannot be written to the end", "make room on the disk");
    }

  private:
    std::string path_;
    std::FILE* file_;
    CsvWriter writer_;
};

}  // namespace

Result<std::int64_t> export_xlsx(board::Snapshot& snapshot, int type, const std::string& path,
                                 const ExportOptions& options) {
    const model::Model& model = snapshot.model();
    const model::Type& declared = model.types[at(type)];
    const std::vector<int> fields = exported_fields(declared, options);
    YIPAN_TRY(const std::unique_ptr<Book> book, new_book(path));
    RecordSheet sheet(*book, model, declared, fields, options);
    Names names(snapshot);
    const record::NameOf key_of = names.key_function();
    YIPAN_TRY_VOID(sheet.heading());
    std::int64_t rows = 0;
    YIPAN_TRY_VOID(each_exported(snapshot, type, options, [&](const record::Record& record) -> Status {
        if (++rows > xlsx_export_rows_max)
            return fail(Code::limit_exceeded, path, "more than 1,048,575 rows do not fit on a sheet",
                        "filter them, or export as CSV");
        return sheet.row(rows, record, key_of);
    }));
    YIPAN_TRY_VOID(book->finish());
    return rows;
}

Status template_xlsx(board::Snapshot& snapshot, int type, const std::string& path, const TemplateOptions& options) {
    YIPAN_TRY(const std::unique_ptr<Book> book, new_book(path));
    YIPAN_TRY_VOID(Template(*book, snapshot, snapshot.model().types[at(type)], options).write());
    return book->finish();
}

Status plain_xlsx(const std::string& path, const PlainSheet& table) {
    constexpr std::size_t digits_kept = 15;  // of a number in a spreadsheet
    YIPAN_TRY(const std::unique_ptr<Book> book, new_book(path));
    lxw_worksheet* sheet = book->sheet(table.title);
    lxw_format* bold = book->format();
    format_set_bold(bold);
    lxw_format* wrapped = book->format();
    format_set_text_wrap(wrapped);
    lxw_format* number = book->format("General");
    worksheet_set_column(sheet, 0, 0, 6, nullptr);
    worksheet_set_column(sheet, 1, 4, 24, nullptr);
    worksheet_set_paper(sheet, 9);  // A4
    worksheet_fit_to_pages(sheet, 1, 0);
    YIPAN_TRY_VOID(book->text(sheet, 0, 0, table.title, bold));
    YIPAN_TRY_VOID(book->text(sheet, 1, 0, table.note));
    for (std::size_t c = 0; c < table.head.size(); ++c) YIPAN_TRY_VOID(book->text(sheet, 2, c, table.head[c], bold));
    std::int64_t at_row = 3;
    for (const auto& row : table.rows) {
        for (std::size_t c = 0; c < row.size(); ++c) {
            const auto value = Decimal::parse(row[c]);
            const bool as_number = value && row[c].size() <= digits_kept && !(row[c].size() > 1 && row[c][0] == '0' && row[c][1] != '.');
            YIPAN_TRY_VOID(as_number ? book->number(sheet, at_row, c, std::strtod(row[c].c_str(), nullptr), number) : book->text(sheet, at_row, c, row[c], wrapped));
        }
        ++at_row;
    }
    return book->finish();
}

Result<std::unique_ptr<FailingSheet>> FailingSheet::open(const std::string& path, const std::vector<std::string>& head,
                                                         const MachineSheet& machine) {
    if (!path.ends_with(".xlsx")) return FailingCsv::open(path, head);
    YIPAN_TRY(std::unique_ptr<Book> book, new_book(path));
    auto sheet = std::make_unique<FailingBook>(std::move(book), machine);
    YIPAN_TRY_VOID(sheet->start(head));
    return std::unique_ptr<FailingSheet>(std::move(sheet));
}

}  // namespace yipan::exchange
