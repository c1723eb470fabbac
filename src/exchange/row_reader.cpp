#include "exchange/row_reader.h"

#include <algorithm>

#include "base/csv.h"
#include "exchange/xlsx_formats.h"
#include "record/check.h"

namespace yipan::exchange {
namespace {

constexpr std::size_t cell_shown_max = 60;

std::string shown(std::string_view cell) {
    std::string text(cell.substr(0, cell_shown_max));
    while (!text.empty() && cell.size() > text.size() && (static_cast<unsigned char>(cell[text.size()]) & 0xC0) == 0x80)
        text.pop_back();
    return "\"" + text + (text.size() < cell.size() ? "…" : "") + "\"";
}

const model::Field& field_of(const model::Type& type, int field) {
    return type.fields[static_cast<std::size_t>(field)];
}

}  // namespace

RowReader::RowReader(board::Board& board, int type, std::string file_name)
    : board_(board),
      model_(board.model()),
      type_(model_->types[static_cast<std::size_t>(type)]),
      name_(std::move(file_name)),
      snapshot_(board.snapshot()),
      names_(*snapshot_),
      scratch_(type_.fields.size()) {
    refers_to_itself_ =
        std::any_of(type_.fields.begin(), type_.fields.end(), [&](const model::Field& f) { return f.target == type; });
}

Errors RowReader::open(std::span<const std::string_view> headings, std::uint64_t line, Unnamed unnamed) {
    const std::string where = name_ + ":" + std::to_string(line);
    Checked<std::vector<Column>> columns = read_headings(type_, headings, where, unnamed);
    if (!columns) return std::move(columns).error();
    columns_ = std::move(*columns);
    key_ = !type_.natural_key.empty() ? type_.natural_key
           : type_.key >= 0           ? std::vector<int>{type_.key}
                                      : std::vector<int>{};
    Errors errors;
    bool complete = true;
    for (const int field : key_) {
        if (std::any_of(columns_.begin(), columns_.end(), [&](const Column& c) { return c.field == field; })) continue;
        complete = false;
        if (!entered(field_of(type_, field))) continue;  // a number the board gives: rows without it are new
        errors.push_back(
            {Code::invalid_input, where,
             "the column " + field_of(type_, field).code + " is missing; it tells which " + type_.code + " a row means",
             "add it; yipan export --template shows all columns"});
    }
    if (!complete) key_.clear();
    for (std::size_t i = 0; i < type_.fields.size(); ++i) {
        const bool is_key = key_.size() == 1 && key_.front() == static_cast<int>(i);
        if (type_.fields[i].unique && !is_key) unique_lines_.emplace_back(static_cast<int>(i), KeyIndex());
    }
    return errors;
}

std::vector<std::string> RowReader::ignored_columns() const {
    std::vector<std::string> names;
    for (const Column& column : columns_) {
        const bool in_key = std::find(key_.begin(), key_.end(), column.field) != key_.end();
        if (!column.entered && column.field >= 0 && column.field != type_.state && !in_key)
            names.push_back(column.heading);
    }
    return names;
}

Status RowReader::index_existing(const board::Progress& progress) {
    if (key_.empty()) return {};
    std::int64_t seen = 0;
    return snapshot_->each(type_.index, [&](const record::RecordPtr& record) {
        std::uint64_t hash = 0;
        for (const int field : key_) hash = mixed(hash, record->at(field));
        records_.insert(hash, record->id.value);
        if (progress && ++seen % 65'536 == 0) progress(0, 1);
        return true;
    });
}

// Whoever does not see every record of the type is told of one he does not see, and of none that is like it, as little as
// of one that is not there. The permit is asked with the verb `read`; without a record: for all of the type.
bool RowReader::named_to(int type, const Result<RecordId>& found) const {
    static const board::Draft nobody;
    static const board::Change look = [] {
        board::Change change;
        change.verb = board::Verb::read;
        return change;
    }();
    const record::RecordPtr there = found ? snapshot_->record(type, *found) : nullptr;
    Errors unseen;
    rights_->permit({nobody, look, model_->types[static_cast<std::size_t>(type)], there.get(), nullptr}, snapshot_->resolver(), unseen);
    return unseen.empty();
}

Result<RecordId> RowReader::find_reference(int type, std::string_view name) {
    if (type == type_.index) {
        if (const auto above = pending_.find(name); above != pending_.end()) return RecordId{-(above->second + 1)};
    }
    Result<RecordId> found = names_.find(type, name);
    if (rights_ && rights_->permit && !named_to(type, found)) {
        const model::Type& declared = model_->types[static_cast<std::size_t>(type)];
        return fail(Code::not_found, "", "no " + declared.code + " \"" + std::string(name.substr(0, 60)) + "\"", "");
    }
    if (!found && type == type_.index && found.error().hint.empty()) {
        return fail(found.error().code, "", found.error().message,
                    "a row may refer to records on the board and to rows above it");
    }
    return found;
}

// What the kind of a spreadsheet's cell means for the field; the text to read, or why the cell is refused.
namespace {
bool is_measured(const model::Field& field) {
    return field.kind == model::FieldKind::decimal || field.kind == model::FieldKind::integer;
}
/// How many bytes the percent sign at the end takes; 0: the text is no number with one.
std::size_t percent_sign(std::string_view text) {
    for (const std::string_view sign : {"%", "％"}) {
        if (!text.ends_with(sign) || text.size() == sign.size()) continue;
        const std::string_view number = text.substr(0, text.size() - sign.size());
        return number.find_first_not_of("-0123456789.") == std::string_view::npos ? sign.size() : 0;
    }
    return 0;
}
Result<std::string> text_for(const model::Field& field, const Column& column, const Cell& cell) {
    using Kind = model::FieldKind;
    const auto refused = [](std::string message, std::string hint) {
        return fail(Code::invalid_input, "", std::move(message), std::move(hint));
    };
    const bool as_text = field.kind == Kind::text || field.kind == Kind::choice || field.kind == Kind::reference ||
                         field.kind == Kind::references || field.kind == Kind::number;
    switch (cell.kind) {
        case CellKind::error:
            return refused("the cell holds the spreadsheet's error " + std::string(cell.text.substr(0, 40)),
                           "correct the formula or type the value");
        case CellKind::formula:
            return refused("the cell holds a formula that was never computed",
                           "open the workbook, let it compute and save it, or type the value");
        case CellKind::date:
            // A month is often kept as its first day.
            if (field.kind == Kind::period && cell.text.size() == 10 && cell.text.ends_with("-01"))
                return std::string(cell.text.substr(0, 7));
            return std::string(cell.text);
        case CellKind::number:
        case CellKind::percent:
            if (as_text && cell.lost)
                return refused("the number " + std::string(cell.text.substr(0, 40)) +
                                   " has more digits than a spreadsheet keeps; the last ones are lost",
                               "format the cells as text before the code is typed, then type it again");
            if (cell.kind == CellKind::percent && column.percent) return shifted(cell.text, 2);
            // A truth value that only its format tells from a number.
            if (field.kind == Kind::boolean && (cell.text == "1" || cell.text == "0"))
                return cell.text == "1" ? "yes" : "no";
            break;
        case CellKind::text:
            if (const std::size_t sign = is_measured(field) ? percent_sign(cell.text) : 0; sign > 0) {
                const std::string_view number = cell.text.substr(0, cell.text.size() - sign);
                return column.percent ? std::string(number) : shifted(number, -2);
            }
            break;
        default: break;
    }
    if (column.power != 0) {
        std::string digits;
        for (const char c : cell.text)
            if (c != ',' && c != ' ') digits += c;
        const bool plain = !digits.empty() && digits.find_first_not_of("-0123456789.") == std::string::npos;
        if (plain) return shifted(digits, column.power);
    }
    return std::string(cell.text);
}
}  // namespace

void RowReader::read_cell(const Column& column, const Cell& given, const std::string& where, Row& row, Errors& errors) {
    const model::Field& field = field_of(type_, column.field);
    record::Value& slot = scratch_[static_cast<std::size_t>(column.field)];
    slot = {};
    const auto refused = [&](Error error) {
        error.where = where + ":" + column.heading;
        errors.push_back(std::move(error));
    };
    std::string made;
    std::string_view cell = given.text;
    if (guards_ && given.kind == CellKind::text) cell = without_guard(cell);
    if (given.kind != CellKind::text || column.power != 0 || (is_measured(field) && percent_sign(cell) > 0)) {
        Result<std::string> text = text_for(field, column, {cell, given.kind, given.lost});
        if (!text) return refused(std::move(text).error());
        made = std::move(*text);
        cell = made;
    }
    const auto find = [this](int type, std::string_view name) { return find_reference(type, name); };
    Result<record::Value> value = record::parse_value(*model_, field, cell, find);
    if (!value) {
        Error error = std::move(value).error();
        if (error.message.find(cell.substr(0, cell_shown_max)) == std::string::npos)
            error.message = shown(cell) + ": " + error.message;
        return refused(std::move(error));
    }
    slot = *value;
    if (record::is_unset(slot) && field.required && !field.preset) {
        errors.push_back({Code::invalid_input, where + ":" + column.heading,
                          "the cell is empty, but every " + type_.code + " needs a " + field.code,
                          field.label.hans + " / " + field.label.en});
        return;
    }
    if (column.entered) row.change.set.emplace_back(column.field, std::move(*value));
}

// Bounds, lengths, calendar kinds: what the declaration says of the values that stand in the row.
void RowReader::check_ranges(const std::string& where, Errors& errors) {
    probe_.type = type_.index;
    probe_.values.swap(scratch_);
    Errors found;
    record::check_values(*model_, probe_, where, found);
    probe_.values.swap(scratch_);
    for (Error& error : found) {
        for (const Column& column : columns_) {
            const model::Field& field = field_of(type_, column.field);
            if (error.where != record::field_place(where, field) ||
                record::is_unset(scratch_[static_cast<std::size_t>(column.field)]))
                continue;
            error.where = where + ":" + column.heading;
            errors.push_back(std::move(error));
            break;
        }
    }
}

RecordId RowReader::existing(const std::vector<record::Value>& values) {
    if (key_.empty()) return {};
    std::uint64_t hash = 0;
    for (const int field : key_) hash = mixed(hash, values[static_cast<std::size_t>(field)]);
    return RecordId{records_.find(hash).value_or(0)};
}

bool RowReader::perhaps_masked(const Column& column, std::string_view text) const {
    if (!rights_ || !rights_->masked || column.field < 0) return false;
    if (std::find(key_.begin(), key_.end(), column.field) != key_.end()) return false;
    const bool personal = field_of(type_, column.field).group == model::FieldGroup::personal;
    return text.empty() || (personal && text.find('*') != std::string_view::npos);
}

void RowReader::judge_new(const Row& row, const std::string& where, Errors& errors) const {
    for (std::size_t i = 0; i < type_.fields.size(); ++i) {
        const model::Field& field = type_.fields[i];
        if (!field.required || field.preset || !entered(field)) continue;
        if (std::any_of(columns_.begin(), columns_.end(),
                        [&](const Column& c) { return c.field == static_cast<int>(i); }))
            continue;
        errors.push_back({Code::invalid_input, where + ":" + field.code,
                          "the row is a new " + type_.code + ", which needs a " + field.code,
                          "add the column " + field.code + " (" + field.label.hans + ")"});
    }
    (void)row;
}

// A state may stand in a file that was exported, but it changes by moves only.
void RowReader::judge_fixed(const record::Record* record, std::span<const Cell> cells, const std::string& where,
                            Errors& errors) {
    for (std::size_t i = 0; i < columns_.size() && i < cells.size(); ++i) {
        if (columns_[i].field < 0 || columns_[i].field != type_.state || cells[i].text.empty()) continue;
        const record::Value& wanted = scratch_[static_cast<std::size_t>(type_.state)];
        const record::Value now = record ? record->at(type_.state) : record::Value{type_.initial_state};
        if (wanted == now) continue;
        errors.push_back({Code::invalid_input, where + ":" + columns_[i].heading,
                          shown(cells[i].text) + " is not the state the record has",
                          "states change by moves: leave the cell empty, then yipan set … --move"});
    }
}

bool RowReader::differs(const record::Record& record, const Row& row) const {
    return std::any_of(row.change.set.begin(), row.change.set.end(),
                       [&](const auto& set) { return record.at(set.first) != set.second; });
}

void RowReader::check_repeated(std::uint64_t line, const std::string& where, Errors& errors) {
    const auto twice = [&](int field, const KeyIndex& lines, std::uint64_t hash, const std::string& what) {
        errors.push_back({Code::duplicate, where + ":" + field_of(type_, field).code,
                          what + " stands in line " + std::to_string(lines.find(hash).value_or(0)) + " already",
                          "keep one of the two rows"});
    };
    if (!key_.empty()) {
        std::uint64_t hash = 0;
        for (const int field : key_) hash = mixed(hash, scratch_[static_cast<std::size_t>(field)]);
        if (!lines_.insert(hash, static_cast<std::int64_t>(line)))
            twice(key_.front(), lines_, hash, "the same " + type_.code);
    }
    for (auto& [field, lines] : unique_lines_) {
        const record::Value& value = scratch_[static_cast<std::size_t>(field)];
        if (record::is_unset(value)) continue;
        if (const std::uint64_t hash = mixed(0, value); !lines.insert(hash, static_cast<std::int64_t>(line)))
            twice(field, lines, hash, "the same " + field_of(type_, field).code);
    }
}

void RowReader::remember(const board::Change& change, std::uint64_t line) {
    std::fill(scratch_.begin(), scratch_.end(), record::Value{});
    for (const auto& [field, value] : change.set) scratch_[static_cast<std::size_t>(field)] = value;
    Errors ignored;
    check_repeated(line, "", ignored);
}

Checked<RowReader::Row> RowReader::read(std::span<const Cell> cells, std::uint64_t line, bool compare) {
    Row row;
    Errors errors;
    const std::string where = name_ + ":" + std::to_string(line);
    if (cells.size() != columns_.size()) {
        errors.push_back(
            {Code::invalid_input, where,
             "the row has " + std::to_string(cells.size()) + " cells, the heading " + std::to_string(columns_.size()),
             "a comma inside a value needs quotes around the value"});
        return fail(std::move(errors));
    }
    row.change.type = type_.index;
    row.change.where = where;
    row.change.set.reserve(columns_.size());
    std::fill(scratch_.begin(), scratch_.end(), record::Value{});
    std::vector<std::size_t> starred;  // read once the record is known
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (perhaps_masked(columns_[i], cells[i].text))
            starred.push_back(i);
        else if (columns_[i].field >= 0)
            read_cell(columns_[i], cells[i], where, row, errors);
        else if (!cells[i].text.empty())
            errors.push_back({Code::invalid_input, where + ":" + std::to_string(i + 1),
                              shown(cells[i].text) + " stands in a column without a heading",
                              "give the column a heading or empty it"});
    }
    const RecordId id = existing(scratch_);
    record::RecordPtr record;
    if (id.value != 0 && (compare || type_.state >= 0)) record = snapshot_->record(type_.index, id);
    for (const std::size_t i : starred)
        if (!record || !rights_->masked(*record, columns_[i].field, cells[i].text, snapshot_->resolver()))
            read_cell(columns_[i], cells[i], where, row, errors);
    if (!second_reading_) check_ranges(where, errors);
    if (!errors.empty()) return fail(std::move(errors));
    if (!second_reading_) check_repeated(line, where, errors);
    bool told = true;
    if (record && rights_ && rights_->compare) {
        told = rights_->compare(*record, row.change, snapshot_->resolver(), errors);
        if (!errors.empty()) return fail(std::move(errors));
    }
    judge_fixed(record.get(), cells, where, errors);
    if (id.value == 0) {
        judge_new(row, where, errors);
        // An empty cell of a new record takes the field's default.
        std::erase_if(row.change.set, [](const auto& set) { return record::is_unset(set.second); });
        row.change.verb = board::Verb::create;
    } else {
        row.change.verb = board::Verb::amend;
        row.change.record = id;
        row.version = record ? record->version : 0;
        row.fate = compare && told && record && !differs(*record, row) ? Fate::unchanged : Fate::amend;
    }
    if (!errors.empty()) return fail(std::move(errors));
    return row;
}

void RowReader::pending(const Row& row, std::size_t change_index) {
    if (!refers_to_itself_ || type_.key < 0 || row.fate != Fate::create) return;
    for (const auto& [field, value] : row.change.set) {
        if (field != type_.key) continue;
        pending_[record::plain_text(*model_, field_of(type_, field), value, names_.key_function())] =
            static_cast<std::int64_t>(change_index);
    }
}

void RowReader::written(const board::Receipt& receipt) {
    for (const auto& [name, index] : pending_) {
        const auto at = static_cast<std::size_t>(index);
        if (at < receipt.records.size()) names_.remember(type_.index, name, receipt.records[at]);
    }
    pending_.clear();
}

void RowReader::rewind() {
    second_reading_ = true;
    pending_.clear();
    lines_ = {};
}

void RowReader::refresh_snapshot() {
    // An old snapshot would keep the store's log from being folded back while the import writes.
    std::unique_ptr<board::Snapshot> newer = board_.snapshot();
    names_.rebind(*newer);
    snapshot_ = std::move(newer);
}

}  // namespace yipan::exchange
