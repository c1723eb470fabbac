#include "report/report.h"

#include <algorithm>
#include <set>

#include "record/input.h"
#include "report/source.h"

namespace yipan::report {
namespace {

// Facts entered as they are (docs/reports.md, `fact:`): a type of this name with these fields, where the model has one.
constexpr std::string_view fact_type = "reported_fact";

struct Bound {  // what a placeholder became
    bool has = false;
    Span span;
    std::string reason;
};

Bound none(std::string reason) { return {false, {}, std::move(reason)}; }

class Writer {
  public:
    Writer(board::Snapshot& snapshot, exchange::Names& names, const ReportAsk& ask)
        : snapshot_(snapshot),
          model_(snapshot.model()),
          names_(names),
          ask_(ask),
          sources_(snapshot, names, ask.zone, ask.eyes) {}

    Checked<Document> write() {
        const model::Report* report = model_.find_report(ask_.report);
        if (!report) {
            std::string all;
            for (const model::Report& known : model_.reports) all += (all.empty() ? "" : ", ") + known.code;
            return fail(Errors{{Code::not_found, "report", "there is no report \"" + ask_.report + "\"",
                                all.empty() ? "the board has none" : "the board has " + all}});
        }
        YIPAN_TRY(template_, parse_template(report->text, report->path));
        judge();
        find_unit();
        if (!errors_.empty()) return fail(std::move(errors_));
        read_facts();
        head();
        for (const Line& line : template_.lines) write_line(line);
        document_.sources = sources_.take();
        if (!errors_.empty()) return fail(std::move(errors_));
        return std::move(document_);
    }

  private:
    // Names that the model does not know are mistakes of the template, not missing data.
    void judge() {
        for (const Placeholder& p : template_.placeholders) {
            if (p.kind == PlaceholderKind::figure) {
                if (const Result<int> found = find_figure(model_, p.name); !found)
                    errors_.push_back({found.error().code, p.where, found.error().message, found.error().hint});
                if (const Result<Period> window = window_of(ask_.period, p.key("window"));
                    !window && window.error().message.find("no window") != std::string::npos) {
                    errors_.push_back({window.error().code, p.where, window.error().message, window.error().hint});
                }
            }
            if (p.kind == PlaceholderKind::row && p.name == "place") {
                if (const Result<int> found = find_figure(model_, p.key("by")); !found)
                    errors_.push_back({found.error().code, p.where, found.error().message, "place by=FIGURE"});
            }
            const bool scored =
                p.kind == PlaceholderKind::score || p.kind == PlaceholderKind::rank || p.kind == PlaceholderKind::peers;
            if (scored && !model_.schemes.contains(p.name))
                errors_.push_back(
                    {Code::not_found, p.where, "there is no scheme \"" + p.name + "\"", "a file under schemes/"});
            if (const std::string period = p.key("period"); !period.empty()) {
                if (const Result<Period> read = Period::parse(period); !read)
                    errors_.push_back({read.error().code, p.where, read.error().message, read.error().hint});
            }
        }
        const auto& kinds = template_.periods;
        if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), ask_.period.kind) == kinds.end()) {
            std::string all;
            for (const PeriodKind kind : kinds)
                all += (all.empty() ? "" : " or ") + std::string(period_kind_name(kind));
            errors_.push_back({Code::invalid_input, "period",
                               "the report " + ask_.report + " is not written for " + ask_.period.text(),
                               "it wants a " + all});
        }
    }

    void find_unit() {
        if (template_.unit_type.empty()) return;
        const Result<int> type = find_type(model_, template_.unit_type);
        if (!type) return errors_.push_back({type.error().code, ask_.report, type.error().message, type.error().hint});
        unit_type_ = *type;
        if (template_.timeless) return find_own_record();
        if (ask_.unit.empty()) return find_root();
        const Result<RecordId> id = find_record(snapshot_, names_, unit_type_, ask_.unit);
        if (!id) return errors_.push_back(id.error());
        unit_ = *id;
    }

    // A document of a record is there for who sees the record; to others it is not there.
    void find_own_record() {
        const model::Type& type = model_.types[static_cast<std::size_t>(unit_type_)];
        const Result<RecordId> id = ask_.unit.empty() ? Result<RecordId>(fail(Code::not_found, "unit", "", "")) : names_.find(unit_type_, ask_.unit);
        const record::RecordPtr record = id ? snapshot_.record(unit_type_, *id) : nullptr;
        if (!record || !ask_.eyes.see(*record))
            return errors_.push_back({Code::not_found, "unit", "没有这条记录 / there is no such " + type.code, "the document is of one " + type.code + ": name it"});
        unit_ = *id;
    }

    // Without a unit: the node that stands above others and below none.
    void find_root() {
        const Result<std::vector<RecordId>> roots = roots_of(snapshot_, unit_type_);
        if (!roots) return errors_.push_back(roots.error());
        if (roots->size() == 1) {
            unit_ = roots->front();
            return;
        }
        std::string some;
        for (std::size_t i = 0; i < roots->size() && i < 5; ++i)
            some += (i ? ", " : "") + names_.key_of(unit_type_, (*roots)[i]);
        errors_.push_back({Code::invalid_input, "unit", "the report needs a unit",
                           roots->empty() ? "--unit and the name of one" : "one of " + some});
    }

    void head() {
        document_.title = template_.label.empty() ? ask_.report : template_.label;
        document_.board_name = ask_.board_name;
        document_.board_note = ask_.board_note;
        document_.unit = unit_.value ? names_.title_of(unit_type_, unit_) : "";
        document_.period = template_.timeless ? "" : ask_.period.text_zh();
        document_.today = snapshot_.today().text();
        document_.position = snapshot_.position().value;
        document_.journal_size = ask_.journal_size;
        document_.journal_root = ask_.journal_root;
        document_.official = template_.official;
        document_.filed_as = template_.filed_as;
        document_.unit_type = unit_type_;
        document_.unit_id = unit_;
    }

    void read_facts() {
        const int type = model_.find_type(fact_type);
        if (type < 0) return;
        const model::Type& declared = model_.types[static_cast<std::size_t>(type)];
        fact_fields_ = {declared.find("item"),     declared.find("organ"),   declared.find("period"),
                        declared.find("quantity"), declared.find("measure"), declared.find("wording"),
                        declared.find("source")};
        if (std::any_of(fact_fields_.begin(), fact_fields_.end(), [](int field) { return field < 0; })) return;
        const Status walked = snapshot_.each(type, [&](const record::RecordPtr& record) {
            if (!ask_.eyes.see(*record)) return true;
            if (const std::string* item = record::as_text(record->at(fact_fields_[0]))) facts_.emplace(*item, record);
            return true;
        });
        if (!walked) errors_.push_back(walked.error());
    }

    Result<Period> period_of(const Placeholder& p) const {
        const std::string own = p.key("period");
        if (own.empty()) return ask_.period;
        return Period::parse(own);
    }

    Bound bind(const Placeholder& p) {
        switch (p.kind) {
            case PlaceholderKind::figure: return bind_figure(p);
            case PlaceholderKind::fact: return bind_fact(p);
            case PlaceholderKind::score:
            case PlaceholderKind::rank:
            case PlaceholderKind::peers: return bind_score(p);
            case PlaceholderKind::board: return bind_board(p);
            case PlaceholderKind::row: return bind_row(p);
            case PlaceholderKind::record: return bind_record(p);
        }
        return none("");
    }

    std::optional<figure::Ask> asked_figure(const Placeholder& p, std::string* reason = nullptr) {
        const Result<Period> base = period_of(p);
        const Result<Period> period = base ? window_of(*base, p.key("window")) : base;
        if (!period) {
            if (reason) *reason = period.error().message;
            return std::nullopt;
        }
        AskText text;
        text.figure = p.name;
        text.unit = p.key("unit");
        if (text.unit == "all")
            text.unit.clear();
        else if (text.unit.empty() && unit_.value)
            text.unit = names_.key_of(unit_type_, unit_),
            text.unit_type = model_.types[static_cast<std::size_t>(unit_type_)].code;
        if (has_period(model_, model_.find_figure(p.name))) text.period = period->text();
        for (const auto& [key, value] : p.keys) {
            if (key.starts_with("by.")) text.by.emplace_back(key.substr(3), value);
        }
        const Checked<figure::Ask> asked = read_ask(snapshot_, names_, text);
        if (!asked) {
            for (Error error : asked.error()) {
                error.message = p.text + ": " + error.message;
                error.where = p.where;
                errors_.push_back(std::move(error));
            }
            return std::nullopt;
        }
        return *asked;
    }

    Bound bind_figure(const Placeholder& p) {
        std::string reason;
        const std::optional<figure::Ask> asked = asked_figure(p, &reason);
        if (!asked) return none(reason);
        if (!ask_.eyes.see(*asked)) return none("不在可见范围");
        const figure::Value value = snapshot_.figure(*asked);
        if (!value.has) return none(value.why_none.empty() ? "no record contributes" : value.why_none);
        const model::Figure& figure = model_.figures[static_cast<std::size_t>(asked->figure)];
        const bool whole = !figure.derived() &&
                           (figure.reducer == model::Reducer::count || figure.reducer == model::Reducer::distinct);
        return {true,
                {written(value.number, p.as,
                         p.decimals >= 0 ? p.decimals
                         : whole         ? 0
                                         : 2),
                 sources_.of_figure(*asked), false},
                {}};
    }

    Bound bind_fact(const Placeholder& p) {
        const Result<Period> period = period_of(p);
        if (!period) return none(period.error().message);
        RecordId organ = unit_;
        const bool named = !p.key("organ").empty();
        const int organ_type = facts_.empty() ? -1
                                              : model_.types[static_cast<std::size_t>(model_.find_type(fact_type))]
                                                    .fields[static_cast<std::size_t>(fact_fields_[1])]
                                                    .target;
        if (named && organ_type >= 0) {
            const Result<RecordId> id = names_.find(organ_type, p.key("organ"));
            if (!id) return none(id.error().message);
            organ = *id;
        }
        std::vector<record::RecordPtr> found;
        for (auto [at, end] = facts_.equal_range(p.name); at != end; ++at) {
            const auto* encoded = record::as_integer(at->second->at(fact_fields_[2]));
            if (!encoded || *encoded != period->encoded()) continue;
            const auto* of = record::as_integer(at->second->at(fact_fields_[1]));
            if (of && *of == organ.value) return write_fact(p, *at->second);
            if (!named) found.push_back(at->second);
        }
        if (found.size() == 1) return write_fact(p, *found.front());
        if (found.empty()) return none(period->text_zh() + "没有上报 " + p.name);
        return none(std::to_string(found.size()) + " organs reported \"" + p.name + "\"; name one with organ=");
    }

    Bound write_fact(const Placeholder& p, const record::Record& fact) {
        const auto text_at = [&](std::size_t i) {
            const std::string* text = record::as_text(fact.at(fact_fields_[i]));
            return text ? *text : std::string();
        };
        const std::string show = p.key("show");
        std::string text;
        if (show == "text") {
            text = text_at(5);
        } else if (show == "measure") {
            text = text_at(4);
        } else if (const auto* units = record::as_integer(fact.at(fact_fields_[3]))) {
            const model::Field& field =
                model_.types[static_cast<std::size_t>(fact.type)].fields[static_cast<std::size_t>(fact_fields_[3])];
            text = written({*units, static_cast<std::uint8_t>(field.scale)}, p.as, p.decimals >= 0 ? p.decimals : 2);
        }
        if (text.empty())
            return none("the reported fact \"" + p.name + "\" has no " + (show.empty() ? "quantity" : show));
        if (show == "measure") return {true, {text, -1, false}, {}};
        const int source = sources_.of_record(fact, "上报：" + names_.title_of(fact), text, "来源：" + text_at(6));
        return {true, {text, source, true}, {}};
    }

    const Assessment* assessment(const std::string& scheme, const Period& period, std::string& reason) {
        const std::string key = scheme + " " + period.text();
        if (!assessments_.contains(key)) assessments_.emplace(key, assess(snapshot_, names_, scheme, period));
        const Checked<Assessment>& made = assessments_.at(key);
        if (made) return &*made;
        reason = made.error().front().text();
        return nullptr;
    }

    // The assessed record: named, or of the same key as the report's unit, or the one that says it is ours.
    std::string assessed_unit(const Placeholder& p, const Assessment& made) {
        if (!p.key("unit").empty()) return p.key("unit");
        if (unit_.value && made.units.contains(names_.key_of(unit_type_, unit_)))
            return names_.key_of(unit_type_, unit_);
        return own_unit(snapshot_, made);
    }

    Bound bind_score(const Placeholder& p) {
        const Result<Period> period = period_of(p);
        if (!period) return none(period.error().message);
        std::string reason;
        const Assessment* made = assessment(p.name, *period, reason);
        if (!made) return none(reason);
        // A score of one compares all: whoever may not see the others' figures is told no score.
        for (const auto& [indicator, asked] : made->asks) {
            if (!ask_.eyes.figure) break;
            for (const auto& [unit_code, id] : made->units) {
                figure::Ask one = asked;
                one.unit = id.value;
                if (!ask_.eyes.see(one)) return none("不在可见范围");
            }
        }
        const std::string code = assessed_unit(p, *made);
        const score::UnitOutcome* unit = made->outcome.unit(code);
        if (p.kind == PlaceholderKind::peers) {
            const auto ranked = std::count_if(made->outcome.units.begin(), made->outcome.units.end(),
                                              [](const auto& u) { return u.rank.has_value(); });
            if (ranked == 0) return none("no unit could be ranked");
            return {true, {std::to_string(ranked), sources_.of_score(*made, code), false}, {}};
        }
        if (!unit)
            return none(code.empty() ? "the report's unit is not assessed by " + p.name
                                     : "there is no assessed unit \"" + code + "\"");
        if (p.kind == PlaceholderKind::rank) {
            if (!unit->rank) return none(unit->reason.empty() ? "没有位次" : unit->reason);
            const double rank = *unit->rank;
            const auto whole = static_cast<std::int64_t>(rank);
            return {true,
                    {static_cast<double>(whole) == rank ? std::to_string(whole) : std::to_string(whole) + ".5",
                     sources_.of_score(*made, code), false},
                    {}};
        }
        std::optional<double> score = unit->total;
        if (const std::string node = p.key("node"); !node.empty() && made->outcome.node(node) != 0) {
            const int at = made->outcome.node(node);
            if (at < 0) return none("the scheme " + p.name + " has no node \"" + node + "\"");
            score = unit->cells[static_cast<std::size_t>(at)].score;
        }
        if (!score) return none(unit->reason.empty() ? "没有得分" : unit->reason);
        const int decimals = p.decimals >= 0 ? p.decimals : made->outcome.display;
        char exact[64];
        std::snprintf(exact, sizeof exact, "%.9f", *score);
        const Result<Decimal> number = Decimal::parse(exact);
        if (!number) return none(number.error().message);
        return {true, {written(*number, p.as, decimals), sources_.of_score(*made, code), false}, {}};
    }

    // The unit's title alone, without its key.
    std::string own_title() {
        const record::RecordPtr record = snapshot_.record(unit_type_, unit_);
        const int title = model_.types[static_cast<std::size_t>(unit_type_)].title;
        const std::string* own = record && title >= 0 ? record::as_text(record->at(title)) : nullptr;
        return own ? *own : names_.title_of(unit_type_, unit_);
    }

    static std::string day_zh(Date day) { return std::to_string(day.year()) + "年" + std::to_string(day.month()) + "月" + std::to_string(day.day()) + "日"; }
    Bound bind_board(const Placeholder& p) {
        const auto text = [](std::string t) { return Bound{true, {std::move(t), -1, false}, {}}; };
        if (p.name == "name") return text(ask_.board_name);
        if (p.name == "note") return ask_.board_note.empty() ? none("the board has no note") : text(ask_.board_note);
        if (p.name == "unit") {
            return text(unit_.value ? own_title() : "");
        }
        if (p.name == "period") return text(document_.period);
        if (p.name == "year") return text(std::to_string(ask_.period.year));
        if (p.name == "today") return text(document_.today);
        if (p.name == "day") {
            return text(day_zh(snapshot_.today()));
        }
        if (p.name == "number") return ask_.number.empty() ? none("没有文号") : text(ask_.number);
        if (p.name == "position") return text(std::to_string(document_.position));
        if (p.name == "root") return text(document_.journal_root);
        errors_.push_back({Code::invalid_model, p.where, "\"" + p.name + "\" is nothing the board can tell",
                           "name, note, unit, period, year, today, day, number, position or root"});
        return none("");
    }

    // The field of the record the report is about, along a path: "task.lead".
    Bound bind_record(const Placeholder& p) {
        int type = unit_type_;
        record::RecordPtr at = unit_.value ? snapshot_.record(type, unit_) : nullptr;
        std::string_view rest = p.name;
        while (at) {
            const std::string_view step = rest.substr(0, rest.find('.'));
            const int index = model_.types[static_cast<std::size_t>(type)].find(step);
            if (index < 0) {
                errors_.push_back({Code::invalid_model, p.where, "a " + model_.types[static_cast<std::size_t>(type)].code + " has no field \"" + std::string(step) + "\"", ""});
                return none("");
            }
            const model::Field& field = model_.types[static_cast<std::size_t>(type)].fields[static_cast<std::size_t>(index)];
            if (!ask_.eyes.see(*at)) return none("不在可见范围");
            if (step.size() == rest.size()) {
                if (record::is_unset(at->at(index))) return none("没有填写");
                if (field.group != model::FieldGroup::plain) return none("个人信息和附件不印在公文里");
                std::string text = record::display(model_, field, at->at(index), model::Language::hans, names_.title_function());
                if (const auto* days = record::as_integer(at->at(index)); template_.official && field.kind == model::FieldKind::date && days) text = day_zh(Date{static_cast<std::int32_t>(*days)});
                // The number of a document leads to the record that has it, and so to the entry that gave it.
                const int source = template_.timeless && field.kind == model::FieldKind::number ? sources_.of_record(*at, names_.title_of(*at), text, "") : -1;
                return {true, {std::move(text), source, false}, {}};
            }
            rest.remove_prefix(step.size() + 1);
            const auto* id = field.kind == model::FieldKind::reference ? record::as_integer(at->at(index)) : nullptr;
            if (!id) return none("没有填写");
            type = field.target;
            at = snapshot_.record(type, RecordId{*id});
        }
        return none("没有这条记录");
    }

    // Of a row written for every unit below: which unit, and its place by a figure among the rows.
    Bound bind_row(const Placeholder& p) {
        if (!row_) {
            errors_.push_back({Code::invalid_model, p.where, p.text + " stands outside a row", "a line that begins with |*"});
            return none("");
        }
        if (p.name == "name") return {true, {own_title(), -1, false}, {}};
        if (p.name == "no") return {true, {std::to_string(row_->no), -1, false}, {}};
        if (p.name == "place") {
            if (!row_->place) return none("没有可比的数");
            return {true, {std::to_string(*row_->place), row_->source, false}, {}};
        }
        errors_.push_back({Code::invalid_model, p.where, "\"" + p.name + "\" is nothing a row can tell", "name, no or place by=FIGURE"});
        return none("");
    }

    struct Row {
        RecordId unit;
        std::int64_t no = 0;
        std::optional<std::int64_t> place;
        std::optional<Decimal> value;
        int source = -1;
    };

    // One row for every unit directly below that has something to say, the best by `by` first; equal values share a place.
    void write_each(const Line& line) {
        const RecordId own = unit_;
        const Result<std::vector<RecordId>> units = unit_.value ? units_below(snapshot_, names_, unit_type_, unit_, ask_.period.last_day())
                                                                : Result<std::vector<RecordId>>(std::vector<RecordId>{});
        if (!units) return errors_.push_back(units.error());
        const Placeholder* by = nullptr;
        for (const Piece& piece : line.pieces)
            if (piece.placeholder >= 0) {
                const Placeholder& p = template_.placeholders[static_cast<std::size_t>(piece.placeholder)];
                if (p.kind == PlaceholderKind::row && p.name == "place") by = &p;
            }
        std::vector<Row> rows;
        for (const RecordId unit : *units) {
            unit_ = unit;
            Row row{unit, 0, std::nullopt, std::nullopt, -1};
            if (by) {
                Placeholder figure = *by;
                figure.kind = PlaceholderKind::figure;
                figure.name = by->key("by");
                figure.keys.erase("by");
                if (const auto asked = asked_figure(figure); asked && ask_.eyes.see(*asked)) {
                    const figure::Value value = snapshot_.figure(*asked);
                    if (value.has) row.value = value.number, row.source = sources_.of_figure(*asked);
                }
            }
            rows.push_back(row);
        }
        std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
            return a.value && (!b.value || *b.value < *a.value);
        });
        for (Row& row : rows)
            if (row.value)
                row.place = 1 + std::count_if(rows.begin(), rows.end(), [&](const Row& o) { return o.value && *row.value < *o.value; });
        std::int64_t no = 0;
        for (Row& row : rows) {
            unit_ = row.unit;
            row.no = no + 1;
            row_ = &row;
            no += write_row(line);
        }
        row_ = nullptr;
        unit_ = own;
    }
    // A dash where a number has no value; no row at all where nothing but zeros would stand.
    bool write_row(const Line& line) {
        Block block;
        block.kind = LineKind::row;
        bool something = false;
        std::int64_t numbers = 0;
        for (const Piece& piece : line.pieces) {
            if (piece.placeholder < 0) {
                block.spans.push_back({piece.text, -1, false, true});
                continue;
            }
            Bound bound = bind(template_.placeholders[static_cast<std::size_t>(piece.placeholder)]);
            if (!bound.has) bound.span = {"—", -1, false};
            numbers += bound.span.source >= 0;
            something = something || (bound.span.source >= 0 && bound.span.text.find_first_not_of("0.%,") != std::string::npos);
            block.spans.push_back(std::move(bound.span));
        }
        if (!something) return false;
        document_.numbers += numbers;
        document_.blocks.push_back(std::move(block));
        return true;
    }

    void write_line(const Line& line) {
        if (line.each) return write_each(line);
        Block block;
        block.kind = line.kind;
        block.level = line.level;
        block.mark = line.mark;
        const bool stays = line.kind == LineKind::heading || line.kind == LineKind::note;
        bool complete = true;
        std::int64_t numbers = 0;
        for (const Piece& piece : line.pieces) {
            if (piece.placeholder < 0) {
                block.spans.push_back({piece.text, -1, false, true});
                continue;
            }
            const Placeholder& p = template_.placeholders[static_cast<std::size_t>(piece.placeholder)];
            Bound bound = bind(p);
            if (bound.has) {
                numbers += bound.span.source >= 0;
                block.spans.push_back(std::move(bound.span));
            } else if (stays) {
                block.spans.push_back({p.kind == PlaceholderKind::board ? "" : "—", -1, false});
            } else {
                complete = false;
                document_.left_out.push_back({line.source, p.text, std::move(bound.reason)});
            }
        }
        if (!complete && !stays) return;
        document_.numbers += numbers;
        document_.blocks.push_back(std::move(block));
    }

    board::Snapshot& snapshot_;
    const model::Model& model_;
    exchange::Names& names_;
    const ReportAsk& ask_;
    Sources sources_;
    Template template_;
    int unit_type_ = -1;
    RecordId unit_;
    const Row* row_ = nullptr;  // the row being written
    std::multimap<std::string, record::RecordPtr> facts_;
    std::vector<int> fact_fields_;
    std::map<std::string, Checked<Assessment>> assessments_;
    Document document_;
    Errors errors_;
};

}  // namespace

Result<ReportAsk> ask_of(board::Board& board, board::Snapshot& snapshot) {
    ReportAsk ask;
    ask.board_name = board.name();
    ask.board_note = board.note();
    ask.zone = board.zone().name();
    ask.journal_size = snapshot.position().value;
    YIPAN_TRY(const Digest root, snapshot.root());
    ask.journal_root = hex(root);
    return ask;
}

Checked<Document> write_report(board::Snapshot& snapshot, exchange::Names& names, const ReportAsk& ask) {
    return Writer(snapshot, names, ask).write();
}

}  // namespace yipan::report
