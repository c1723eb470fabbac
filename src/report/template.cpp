#include "report/template.h"

#include <algorithm>
#include <charconv>

#include "base/nearest.h"
#include "base/yaml.h"

namespace yipan::report {
namespace {

constexpr std::size_t template_bytes_max = std::size_t{1} << 20;
constexpr std::size_t lines_max = 5'000;
constexpr std::size_t placeholders_max = 2'000;

constexpr std::string_view marks[] = {"head", "number", "to", "signed", "day", "copies", "printed"};

struct Word {
    std::string text;
    std::size_t at = 0;
};

// Blanks separate words; a part in double quotes keeps its blanks.
std::vector<Word> words_of(std::string_view text) {
    std::vector<Word> words;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == '\t') {
            ++i;
            continue;
        }
        Word word{{}, i};
        bool quoted = false;
        for (; i < text.size() && (quoted || (text[i] != ' ' && text[i] != '\t')); ++i) {
            if (text[i] == '"')
                quoted = !quoted;
            else
                word.text += text[i];
        }
        words.push_back(std::move(word));
    }
    return words;
}

std::optional<PlaceholderKind> kind_named(std::string_view name) {
    if (name == "figure") return PlaceholderKind::figure;
    if (name == "fact") return PlaceholderKind::fact;
    if (name == "score") return PlaceholderKind::score;
    if (name == "rank") return PlaceholderKind::rank;
    if (name == "peers") return PlaceholderKind::peers;
    if (name == "board") return PlaceholderKind::board;
    if (name == "row") return PlaceholderKind::row;
    if (name == "record") return PlaceholderKind::record;
    return std::nullopt;
}

std::vector<std::string_view> keys_of(PlaceholderKind kind) {
    switch (kind) {
        case PlaceholderKind::figure: return {"window", "period", "unit", "as", "decimals"};
        case PlaceholderKind::fact: return {"organ", "period", "show", "as", "decimals"};
        case PlaceholderKind::score: return {"node", "period", "unit", "as", "decimals"};
        case PlaceholderKind::rank:
        case PlaceholderKind::peers: return {"period", "unit"};
        case PlaceholderKind::row: return {"by", "window"};
        case PlaceholderKind::record:
        case PlaceholderKind::board: return {};
    }
    return {};
}

class Parser {
  public:
    Parser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Checked<Template> parse() {
        if (text_.size() > template_bytes_max)
            return fail(Errors{{Code::limit_exceeded, file_, "a report template has at most 1 MiB"}});
        std::size_t from = head();
        while (from < text_.size() && errors_.size() < 100) {
            const std::size_t end = std::min(text_.find('\n', from), text_.size());
            std::string_view line = text_.substr(from, end - from);
            if (line.ends_with('\r')) line.remove_suffix(1);
            ++line_;
            if (!line.starts_with("%%")) read_line(line);
            from = end + 1;
        }
        if (template_.lines.size() > lines_max || template_.placeholders.size() > placeholders_max) {
            errors_.push_back(
                {Code::limit_exceeded, file_, "a report template has at most 5,000 lines and 2,000 placeholders"});
        }
        if (!errors_.empty()) return fail(std::move(errors_));
        return std::move(template_);
    }

  private:
    std::string place(std::size_t column) const {
        return file_ + ":" + std::to_string(line_) + ":" + std::to_string(column + 1);
    }
    void problem(std::size_t column, std::string message, std::string hint = {}) {
        errors_.push_back({Code::invalid_model, place(column), std::move(message), std::move(hint)});
    }

    // The head between two lines of "---"; returns where the text begins.
    std::size_t head() {
        if (!text_.starts_with("---\n") && !text_.starts_with("---\r\n")) return 0;
        const std::size_t begin = text_.find('\n') + 1;
        const std::size_t end = text_.find("\n---", begin - 1);
        if (end == std::string_view::npos) {
            errors_.push_back({Code::invalid_model, file_ + ":1:1", "the head is not closed", "a second line of ---"});
            return text_.size();
        }
        // One empty line in front keeps the line numbers of the file.
        const Checked<yaml::Node> node = yaml::parse("\n" + std::string(text_.substr(begin, end - begin)), file_);
        if (!node)
            errors_.insert(errors_.end(), node.error().begin(), node.error().end());
        else if (node->is_map())
            read_head(*node);
        const std::size_t after = std::min(text_.find('\n', end + 1), text_.size() - 1) + 1;
        line_ = static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(after), '\n'));
        return after;
    }

    void read_head(const yaml::Node& node) {
        for (std::size_t i = 0; i < node.keys.size(); ++i) {
            const std::string& key = node.keys[i].text;
            const yaml::Node& value = node.items[i];
            if (key == "label" && value.is_list() && !value.items.empty())
                template_.label = value.items.front().text;
            else if (key == "unit" && value.is_scalar())
                template_.unit_type = value.text;
            else if (key == "periods" && value.is_list())
                read_periods(value);
            else if (key == "layout" && value.is_scalar() && value.text == "official")
                template_.official = true;
            else if (key == "filed_as" && value.is_scalar())
                template_.filed_as = value.text;
            else
                errors_.push_back({Code::invalid_model, yaml::place(file_, node.keys[i]),
                                   "\"" + key + "\" is not understood here",
                                   "label: [三种], periods: [half, year], unit: type, layout: official, filed_as: type"});
        }
    }

    void read_periods(const yaml::Node& list) {
        template_.timeless = list.items.empty();
        for (const yaml::Node& item : list.items) {
            bool known = false;
            for (const PeriodKind kind : {PeriodKind::month, PeriodKind::quarter, PeriodKind::half, PeriodKind::year,
                                          PeriodKind::year_to_date}) {
                if (period_kind_name(kind) == item.text) template_.periods.push_back(kind), known = true;
            }
            if (!known)
                errors_.push_back({Code::invalid_model, yaml::place(file_, item),
                                   "\"" + item.text + "\" is no kind of period",
                                   "month, quarter, half, year, year_to_date"});
        }
    }

    void read_line(std::string_view text) {
        Line line;
        line.source = std::string(text);
        std::size_t skip = 0;
        if (text.find_first_not_of(" \t") == std::string_view::npos) {
            line.kind = LineKind::blank;
        } else if (text.starts_with('#')) {
            line.kind = LineKind::heading;
            while (skip < text.size() && text[skip] == '#') ++skip;
            line.level = static_cast<int>(std::min<std::size_t>(skip, 6));
        } else if (text.starts_with('>')) {
            line.kind = LineKind::note, skip = 1;
        } else if (text.starts_with("- ")) {
            line.kind = LineKind::item, skip = 2;
        } else if (text.starts_with("|*")) {
            line.kind = LineKind::row, line.each = true;
            text.remove_prefix(1);  // the bar that opens the row is the star's place
            return read_each(text, line);
        } else if (text.starts_with('|')) {
            line.kind = LineKind::row;
        } else if (text.starts_with('@')) {
            line.kind = LineKind::mark;
            skip = std::min(text.find(' '), text.size());
            line.mark = std::string(text.substr(1, skip - 1));
            if (std::find(std::begin(marks), std::end(marks), line.mark) == std::end(marks))
                return problem(0, "\"@" + line.mark + "\" is no part of an official document",
                               did_you_mean(line.mark, {marks, marks + std::size(marks)}, "@head, @number, @to, @signed, @day, @copies or @printed"));
        }
        while (skip < text.size() && text[skip] == ' ') ++skip;
        read_pieces(text, skip, line);
        template_.lines.push_back(std::move(line));
    }

    void read_each(std::string_view text, Line& line) {
        const std::string plain = " |" + std::string(text.substr(1));  // columns stay those of the file
        read_pieces(plain, 1, line);
        template_.lines.push_back(std::move(line));
    }

    void read_pieces(std::string_view text, std::size_t from, Line& line) {
        while (from < text.size()) {
            const std::size_t open = text.find("{{", from);
            if (open > from) line.pieces.push_back({std::string(text.substr(from, open - from)), -1});
            if (open == std::string_view::npos) return;
            const std::size_t close = text.find("}}", open);
            if (close == std::string_view::npos)
                return problem(open, "the placeholder is not closed", "}} on the same line");
            read_placeholder(text.substr(open, close + 2 - open), open, line);
            from = close + 2;
        }
    }

    void read_placeholder(std::string_view text, std::size_t column, Line& line) {
        Placeholder made;
        made.text = std::string(text);
        made.where = place(column);
        const std::vector<Word> words = words_of(text.substr(2, text.size() - 4));
        const std::size_t colon = words.empty() ? std::string::npos : words.front().text.find(':');
        const auto kind = colon == std::string::npos
                              ? std::nullopt
                              : kind_named(std::string_view(words.front().text).substr(0, colon));
        if (!kind || colon + 1 == words.front().text.size()) {
            return problem(column, "\"" + made.text + "\" is no placeholder",
                           "{{ figure:CODE }}, fact:, score:, rank:, peers:, board:, row: or record:, see docs/reports.md");
        }
        made.kind = *kind;
        made.name = words.front().text.substr(colon + 1);
        for (std::size_t i = 1; i < words.size(); ++i) read_key(words[i], column + 2 + words[i].at, made);
        line.pieces.push_back({{}, static_cast<int>(template_.placeholders.size())});
        template_.placeholders.push_back(std::move(made));
    }

    void read_key(const Word& word, std::size_t column, Placeholder& made) {
        const std::size_t equal = word.text.find('=');
        if (equal == std::string::npos) return problem(column, "\"" + word.text + "\" has no value", "key=value");
        const std::string key = word.text.substr(0, equal), value = word.text.substr(equal + 1);
        const std::vector<std::string_view> known = keys_of(made.kind);
        const bool dimension = made.kind == PlaceholderKind::figure && key.starts_with("by.");
        if (!dimension && std::find(known.begin(), known.end(), key) == known.end()) {
            std::string all;
            for (const std::string_view k : known) all += (all.empty() ? "" : ", ") + std::string(k);
            return problem(column, "\"" + key + "\" is no key of this placeholder",
                           did_you_mean(key, known, all.empty() ? "it has none" : all));
        }
        if (key == "as") {
            const auto as = as_named(value);
            if (!as)
                return problem(column, "\"" + value + "\" is no way to print a number",
                               "number, plain, yi, wan, percent, growth or lead");
            made.as = *as;
        } else if (key == "decimals") {
            const auto [end, bad] = std::from_chars(value.data(), value.data() + value.size(), made.decimals);
            if (bad != std::errc{} || end != value.data() + value.size() || made.decimals < 0 || made.decimals > 9)
                problem(column, "\"" + value + "\" is no number of decimals", "0 to 9");
        } else {
            made.keys[key] = value;
        }
    }

    std::string_view text_;
    std::string file_;
    int line_ = 0;
    Template template_;
    Errors errors_;
};

}  // namespace

std::string Placeholder::key(std::string_view k) const {
    const auto found = keys.find(k);
    return found == keys.end() ? std::string() : found->second;
}

Checked<Template> parse_template(std::string_view text, const std::string& file) { return Parser(text, file).parse(); }

}  // namespace yipan::report
