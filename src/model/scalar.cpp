#include "model/scalar.h"

#include <algorithm>
#include <charconv>

#include "base/date.h"
#include "base/nearest.h"

namespace yipan::model {
namespace {
constexpr std::size_t text_bytes_max = 400'000;  // 100,000 characters of four bytes
constexpr std::size_t shown_bytes_max = 60;

std::string shown(std::string_view text) {
    if (text.size() <= shown_bytes_max) return "\"" + std::string(text) + "\"";
    std::size_t cut = shown_bytes_max;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // not inside a character
    return "\"" + std::string(text.substr(0, cut)) + "...\"";
}
// Blanks as spreadsheets leave them: also the no-break and the ideographic space.
std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks[] = {" ", "\t", "\r", "\n", "\xC2\xA0", "\xE3\x80\x80"};
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view blank : blanks) {
            if (text.substr(0, blank.size()) == blank) text.remove_prefix(blank.size()), again = true;
            if (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank)
                text.remove_suffix(blank.size()), again = true;
        }
    }
    return text;
}
// U+FF01..FF5E: the full-width forms of ASCII that Chinese input methods leave behind.
bool has_full_width(std::string_view text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i)
        if (text[i] == '\xEF' && (text[i + 1] == '\xBC' || text[i + 1] == '\xBD')) return true;
    return false;
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool valid_utf8(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        const auto c = static_cast<unsigned char>(s[i]);
        const std::size_t more = c < 0x80                ? 0
                                 : c >= 0xC2 && c < 0xE0 ? 1
                                 : c >= 0xE0 && c < 0xF0 ? 2
                                 : c >= 0xF0 && c < 0xF5 ? 3
                                                         : 9;
        if (more == 9 || i + more >= s.size()) return false;
        for (std::size_t k = 1; k <= more; ++k)
            if ((static_cast<unsigned char>(s[i + k]) & 0xC0) != 0x80) return false;
        const auto second = more ? static_cast<unsigned char>(s[i + 1]) : 0u;
        if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second >= 0xA0) || (c == 0xF0 && second < 0x90) ||
            (c == 0xF4 && second >= 0x90))
            return false;
        i += more + 1;
    }
    return true;
}

struct Reading {
    const Field& field;
    std::string_view text;
    tl::unexpected<Error> wrong(std::string_view what, std::string hint) const {
        if (has_full_width(text)) hint = "write half-width digits and signs" + (hint.empty() ? "" : "; " + hint);
        return fail(Code::invalid_input, field.code, shown(text) + " is not " + std::string(what), std::move(hint));
    }
};

// Takes the commas out of "1,234,567.50"; commas that do not part groups of three are refused, not ignored.
std::optional<std::string> without_separators(std::string_view text) {
    if (text.find(',') == std::string_view::npos) return std::string(text);
    const std::size_t start = !text.empty() && text[0] == '-' ? 1 : 0;
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(start, point - start);
    const std::size_t first = whole.find(',');
    if (first == std::string_view::npos || first == 0 || first > 3 || (whole.size() - first) % 4 != 0)
        return std::nullopt;
    std::string out(text.substr(0, start));
    for (std::size_t i = 0; i < whole.size(); ++i) {
        const bool comma = i >= first && (i - first) % 4 == 0;
        if (comma != (whole[i] == ',') || (!comma && !is_digit(whole[i]))) return std::nullopt;
        if (!comma) out += whole[i];
    }
    if (text.find(',', point) != std::string_view::npos) return std::nullopt;
    return out + std::string(text.substr(point));
}

Result<Scalar> read_integer(const Reading& in) {
    const auto digits = without_separators(in.text);
    if (!digits) return in.wrong("a whole number", "commas stand only between groups of three digits, e.g. 1,234");
    std::int64_t value = 0;
    const char* end = digits->data() + digits->size();
    const auto read = std::from_chars(digits->data(), end, value);
    if (read.ec == std::errc::result_out_of_range)
        return in.wrong("a number of 64 bits", "at most 9223372036854775807");
    if (read.ec != std::errc() || read.ptr != end)
        return in.wrong("a whole number", in.field.unit.empty() ? "digits only, e.g. 1200"
                                                                : "digits only, without the unit " + in.field.unit);
    return value;
}

Result<Scalar> read_decimal(const Reading& in) {
    const int scale = in.field.scale;
    const std::string places = "at most " + std::to_string(scale) + " decimal places";
    const auto digits = without_separators(in.text);
    if (!digits) return in.wrong("a number", "commas stand only between groups of three digits, e.g. 1,234.5");
    const auto value = Decimal::parse(*digits);
    if (!value)
        return in.wrong("a number", in.field.unit.empty() ? "digits and a point, e.g. 12.5"
                                                          : "the number only, without the unit " + in.field.unit);
    const Decimal small = value->normalised();
    if (small.scale > scale)
        return fail(Code::invalid_input, in.field.code, shown(in.text) + " has too many decimal places", places);
    const auto units = small.rescaled(scale, Rounding::half_up);
    if (!units) return in.wrong("a number of 64 bits", places);
    return units->units;
}

Result<Scalar> read_money(const Reading& in) {
    const auto digits = without_separators(in.text);
    if (!digits) return in.wrong("an amount", "commas stand only between groups of three digits, e.g. 1,234.50");
    const auto value = Money::parse_yuan(*digits, in.field.currency);
    if (value) return value->fen;
    return in.wrong("an amount", "an amount in " + std::string(in.field.currency.text()) +
                                     " with at most two decimal places, e.g. 1234.50, without sign or unit");
}

Result<Scalar> read_date(const Reading& in) {
    std::string text(in.text);
    constexpr std::pair<std::string_view, std::string_view> words[] = {{"年", "-"}, {"月", "-"}, {"日", ""}};
    for (const auto& [word, sign] : words)
        if (const auto at = text.find(word); at != std::string::npos) text.replace(at, word.size(), sign);
    for (const std::size_t at : {std::size_t{5}, std::size_t{8}})  // 2026-6-3 -> 2026-06-03
        if (text.size() > at && is_digit(text[at]) && (text.size() == at + 1 || !is_digit(text[at + 1])))
            text.insert(at, "0");
    if (const auto date = Date::parse(text)) return std::int64_t{date->days};
    return in.wrong("a day of the calendar", "write YYYY-MM-DD, e.g. 2026-06-30");
}

Result<Scalar> read_period(const Reading& in) {
    const auto period = Period::parse(in.text);
    if (!period) return in.wrong("a period", "e.g. 2026-06, 2026Q2, 2026H1, 2026 or 2026-01..06");
    const auto& grains = in.field.grains;
    if (grains.empty() || std::find(grains.begin(), grains.end(), period->kind) != grains.end())
        return period->encoded();
    std::vector<std::string_view> names;
    for (const PeriodKind grain : grains) names.push_back(period_kind_name(grain));
    std::string hint = "this field takes:";
    for (const std::string_view name : names) hint += " " + std::string(name);
    return fail(Code::invalid_input, in.field.code,
                shown(in.text) + " is a " + std::string(period_kind_name(period->kind)), hint);
}

Result<Scalar> read_boolean(const Reading& in) {
    std::string lower(in.text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower == "yes" || lower == "true" || lower == "是") return std::int64_t{1};
    if (lower == "no" || lower == "false" || lower == "否") return std::int64_t{0};
    return in.wrong("yes or no", "write yes or no, 是 or 否, true or false");
}

Result<Scalar> read_instant(const Reading& in) {
    if (const auto instant = Instant::parse(in.text)) return instant->micros;
    return in.wrong("a point in time", "write it as 2026-07-01T09:00:00+08:00");
}

Result<Scalar> read_choice(const Reading& in) {
    for (const Choice& choice : in.field.choices)
        if (in.text == choice.code) return choice.code;
    for (const Choice& choice : in.field.choices)
        if (in.text == choice.label.hans || in.text == choice.label.hant || in.text == choice.label.en)
            return choice.code;
    constexpr std::size_t listed_max = 30;
    std::vector<std::string_view> codes;
    std::string hint = "one of:";
    for (const Choice& choice : in.field.choices) {
        if (codes.size() < listed_max) hint += " " + choice.code;
        codes.push_back(choice.code);
    }
    if (codes.size() > listed_max) hint += " ... (" + std::to_string(codes.size()) + " in all)";
    const std::string near = nearest(in.text, codes);
    return in.wrong("a choice of this field", near.empty() ? hint : "did you mean " + near + "; " + hint);
}

// "sha256:<64 hex digits> <file name>"
Result<Scalar> read_attachment(const Reading& in) {
    constexpr std::string_view prefix = "sha256:";
    constexpr std::size_t hex_digits = 64;
    const std::size_t name_at = prefix.size() + hex_digits + 1;
    const std::string_view hex = in.text.substr(std::min(prefix.size(), in.text.size()), hex_digits);
    const bool good = in.text.substr(0, prefix.size()) == prefix && in.text.size() > name_at &&
                      in.text[name_at - 1] == ' ' &&
                      std::all_of(hex.begin(), hex.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
    if (!good) return in.wrong("an attachment", "sha256:<64 small hex digits>, a blank and the file's name");
    return std::string(in.text);
}

Result<Scalar> read_text(const Reading& in) {
    if (in.text.size() > text_bytes_max)
        return fail(Code::limit_exceeded, in.field.code, "the text is longer than 400,000 bytes",
                    "shorten it or attach it");
    if (!valid_utf8(in.text))
        return fail(Code::invalid_input, in.field.code, "the text is not UTF-8", "save the file as UTF-8");
    if (in.text.find('\0') != std::string_view::npos)
        return fail(Code::invalid_input, in.field.code, "the text holds a zero character", "remove it");
    return std::string(in.text);
}
}  // namespace

Result<Scalar> parse_scalar(const Field& field, std::string_view text) {
    if (text.empty()) return Scalar{};
    if (!valid_utf8(text))
        return fail(Code::invalid_input, field.code, "the text is not UTF-8", "save the file as UTF-8");
    if (field.kind == FieldKind::text) return read_text({field, text});
    const Reading in{field, trimmed(text)};
    if (in.text.empty()) return Scalar{};
    switch (field.kind) {
        case FieldKind::integer: return read_integer(in);
        case FieldKind::decimal: return read_decimal(in);
        case FieldKind::money: return read_money(in);
        case FieldKind::date: return read_date(in);
        case FieldKind::period: return read_period(in);
        case FieldKind::boolean: return read_boolean(in);
        case FieldKind::instant: return read_instant(in);
        case FieldKind::choice: return read_choice(in);
        case FieldKind::attachment: return read_attachment(in);
        case FieldKind::number: return read_text(in);
        case FieldKind::place: {
            auto place = parse_place(field.shape, in.text);
            if (!place) return fail(Code::invalid_input, field.code, place.error().message, place.error().hint);
            return std::move(*place);
        }
        case FieldKind::text:
        case FieldKind::reference:
        case FieldKind::references: break;
    }
    return fail(Code::invalid_input, field.code, "a reference is not a plain value",
                "the records it names must be known");
}

std::string scalar_text(const Field& field, const Scalar& value) {
    if (const std::string* text = std::get_if<std::string>(&value)) return *text;
    const std::int64_t* stored = std::get_if<std::int64_t>(&value);
    if (!stored) return {};
    switch (field.kind) {
        case FieldKind::decimal: return Decimal{*stored, static_cast<std::uint8_t>(field.scale)}.text();
        case FieldKind::money: return Money{*stored, field.currency}.yuan_text();
        case FieldKind::date: return Date{static_cast<std::int32_t>(*stored)}.text();
        case FieldKind::instant: return Instant{*stored}.text();
        case FieldKind::boolean: return *stored != 0 ? "yes" : "no";
        case FieldKind::period: {
            const auto period = Period::decode(*stored);
            return period ? period->text() : std::to_string(*stored);
        }
        default: return std::to_string(*stored);
    }
}

}  // namespace yipan::model
