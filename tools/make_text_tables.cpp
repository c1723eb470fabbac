// Makes the tables of base/text.cpp while building, from what Debian ships: OpenCC's dictionaries (as text) and
// Unihan's readings, together with our own phrases. Prints C++ to the output file; any oddity of an input ends the
// build.
//   make_text_tables TSCharacters.txt TSPhrases.txt Unihan_Readings.txt pinyin_phrases.txt out.cpp
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/text_tables.h"
#include "base/utf8.h"

namespace {
using yipan::tables::block_bits;
using yipan::tables::code_point_end;
constexpr std::size_t block_size = std::size_t{1} << block_bits;

[[noreturn]] void stop(const std::string& why) {
    std::cerr << "make_text_tables: " << why << "\n";
    std::exit(1);
}

std::u32string decode(std::string_view text) {
    if (yipan::find_invalid_utf8(text) != std::string_view::npos) stop("not UTF-8: " + std::string(text));
    std::u32string out;
    for (std::size_t at = 0; at < text.size();) out += yipan::next_code_point(text, at);
    return out;
}
std::string encode(const std::u32string& text) {
    std::string out;
    for (const char32_t c : text) yipan::append_utf8(out, c);
    return out;
}
std::vector<std::string> words(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> out;
    for (std::string word; in >> word;) out.push_back(word);
    return out;
}
std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream in(path);
    if (!in) stop("cannot read " + path);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        if (!line.empty() && line[0] != '#') out.push_back(line);
    }
    if (out.empty()) stop("nothing in " + path);
    return out;
}

// ------------------------------------------------------------------------------------------------ folding

/// Characters that mean the same in a search. TSCharacters joins each traditional character with its first simplified
/// one; TSPhrases joins what differs by context (憑藉 is 凭借 though 藉 alone stays), because a key that depended on
/// context could not be searched for parts.
class SearchClasses {
  public:
    SearchClasses(const std::string& characters, const std::string& phrases) {
        for (const std::string& line : lines_of(characters)) {
            const auto w = words(line);
            if (w.size() < 2) stop("odd line in TSCharacters: " + line);
            const char32_t from = decode(w[0]).at(0);
            const char32_t to = decode(w[1]).at(0);
            simplified_[from] = to;
            weight_[to] += from != to;
            join(from, to);
        }
        if (simplified_.size() < 3000) stop("TSCharacters is too short");
        for (const std::string& line : lines_of(phrases)) {
            const auto w = words(line);
            const std::u32string from = decode(w.at(0));
            const std::u32string to = decode(w.at(1));
            for (std::size_t i = 0; from.size() == to.size() && i < from.size(); ++i) join(from[i], to[i]);
        }
        std::map<char32_t, std::vector<char32_t>> classes;
        for (const auto& [c, unused] : parent_) classes[root(c)].push_back(c);
        for (const auto& [unused, members] : classes) {
            const char32_t best = *std::max_element(members.begin(), members.end(), [&](char32_t a, char32_t b) {
                return std::pair(weight_[a], b) < std::pair(weight_[b], a);  // most traditional forms, then lowest
            });
            for (const char32_t c : members) folded_[c] = best;
        }
    }
    char32_t fold(char32_t c) const {
        const auto it = folded_.find(c);
        return it == folded_.end() ? c : it->second;
    }
    const std::map<char32_t, char32_t>& simplified() const { return simplified_; }

  private:
    char32_t root(char32_t c) {
        if (!parent_.contains(c)) parent_[c] = c;
        while (parent_[c] != c) c = parent_[c];
        return c;
    }
    void join(char32_t a, char32_t b) {
        const char32_t ra = root(a);
        parent_[ra] = root(b);
    }
    std::map<char32_t, char32_t> parent_, folded_, simplified_;
    std::map<char32_t, int> weight_;
};

std::u32string folded(const SearchClasses& classes, char32_t c) {
    UErrorCode error = U_ZERO_ERROR;
    static const icu::Normalizer2* const casefold = icu::Normalizer2::getNFKCCasefoldInstance(error);
    const icu::UnicodeString plain = casefold->normalize(icu::UnicodeString(static_cast<UChar32>(c)), error);
    if (U_FAILURE(error)) stop("ICU cannot fold");
    std::u32string out;
    for (int i = 0; i < plain.length(); i = plain.moveIndex32(i, 1))
        out += classes.fold(static_cast<char32_t>(plain.char32At(i)));
    return out;
}

// ------------------------------------------------------------------------------------------------ pinyin

struct Syllable {
    std::string plain;  // ü is v
    int tone = 5;       // 5 neutral
    bool operator==(const Syllable&) const = default;
};

/// "lǜ" -> lv 4.
Syllable syllable_of(const std::string& marked) {
    UErrorCode error = U_ZERO_ERROR;
    const icu::UnicodeString apart =
        icu::Normalizer2::getNFDInstance(error)->normalize(icu::UnicodeString::fromUTF8(marked), error);
    if (U_FAILURE(error)) stop("ICU cannot decompose");
    Syllable out;
    for (int i = 0; i < apart.length(); ++i) {
        const char16_t c = apart[i];
        const std::u16string_view marks = u"\u0304\u0301\u030C\u0300";
        if (const auto tone = marks.find(c); tone != std::u16string_view::npos) {
            out.tone = static_cast<int>(tone) + 1;
        } else if (c == u'\u0308') {
            out.plain.back() = 'v';
        } else if (c == u'\u0302') {
            // ê, an interjection; the plain letter serves
        } else if (c >= 'a' && c <= 'z') {
            out.plain += static_cast<char>(c);
        } else {
            stop("odd reading " + marked);
        }
    }
    return out;
}

/// Readings of each character, the most usual first: kMandarin, then by frequency (kHanyuPinlu), then what the two
/// school dictionaries have; kHanyuPinyin, full of ancient readings, only where nothing else is known.
class Readings {
  public:
    explicit Readings(const std::string& path) {
        std::map<char32_t, std::map<std::string, std::string>> raw;
        for (const std::string& line : lines_of(path)) {
            const auto tab = line.find('\t');
            const auto tab2 = line.find('\t', tab + 1);
            if (tab2 == std::string::npos || !line.starts_with("U+")) stop("odd line in Unihan_Readings: " + line);
            raw[static_cast<char32_t>(std::stoul(line.substr(2, tab - 2), nullptr, 16))]
               [line.substr(tab + 1, tab2 - tab - 1)] = line.substr(tab2 + 1);
        }
        for (auto& [c, fields] : raw) {
            std::vector<Syllable>& list = readings_[c];
            for (const std::string& w : words(fields["kMandarin"])) add(list, syllable_of(w));
            for (const std::string& w : words(fields["kHanyuPinlu"])) add(list, syllable_of(w.substr(0, w.find('('))));
            add_dictionary(list, fields["kTGHZ2013"]);
            add_dictionary(list, fields["kXHC1983"]);
            if (list.empty()) add_dictionary(list, fields["kHanyuPinyin"]);
            if (list.empty()) readings_.erase(c);
        }
        if (readings_.size() < 30'000) stop("Unihan_Readings is too short");
    }
    /// A reading stands for its simplified or traditional twin as well.
    void share(char32_t a, char32_t b) {
        const std::vector<Syllable> of_a = readings_[a];
        for (const Syllable& s : readings_[b]) add(readings_[a], s);
        for (const Syllable& s : of_a) add(readings_[b], s);
    }
    /// The toned reading meant by "xing" or "xing2"; one nobody knows becomes known.
    Syllable resolve(char32_t c, const std::string& text, const std::string& line) {
        Syllable out{text, 0};
        if (const char last = text.back(); last >= '1' && last <= '5')
            out = {text.substr(0, text.size() - 1), last - '0'};
        for (const Syllable& known : readings_[c]) {
            if (known.plain == out.plain && (out.tone == 0 || known.tone == out.tone)) return known;
        }
        if (out.tone == 0) stop("a reading Unihan does not have needs its tone: " + line);
        readings_[c].push_back(out);
        return out;
    }
    const std::map<char32_t, std::vector<Syllable>>& all() const { return readings_; }

  private:
    static void add(std::vector<Syllable>& list, const Syllable& s) {
        if (std::find(list.begin(), list.end(), s) == list.end()) list.push_back(s);
    }
    static void add_dictionary(std::vector<Syllable>& list, const std::string& field) {
        for (const std::string& entry : words(field)) {
            std::istringstream in(entry.substr(entry.find(':') + 1));
            for (std::string one; std::getline(in, one, ',');) add(list, syllable_of(one));
        }
    }
    std::map<char32_t, std::vector<Syllable>> readings_;
};

// ------------------------------------------------------------------------------------------------ output

/// Two-stage table: a block of equal content is stored once.
class Stages {
  public:
    void put(char32_t c, std::uint32_t value) { flat_[c] = value; }
    void print(std::ostream& out, const std::string& name, const std::string& type) const {
        std::map<std::vector<std::uint32_t>, std::size_t> seen;
        std::vector<std::size_t> first;
        std::vector<std::uint32_t> second;
        for (std::size_t at = 0; at < flat_.size(); at += block_size) {
            const std::vector<std::uint32_t> block(flat_.begin() + at, flat_.begin() + at + block_size);
            const auto [it, fresh] = seen.try_emplace(block, seen.size());
            if (fresh) second.insert(second.end(), block.begin(), block.end());
            first.push_back(it->second);
        }
        list(out, "const std::uint16_t " + name + "_blocks[]", first);
        list(out, "const " + type + " " + name + "_values[]", second);
    }
    template <class T>
    static void list(std::ostream& out, const std::string& what, const T& values) {
        out << what << " = {";
        std::size_t n = 0;
        for (const auto v : values) out << (n++ % 24 == 0 ? "\n" : "") << v << ",";
        out << "};\n";
    }

  private:
    std::vector<std::uint32_t> flat_ = std::vector<std::uint32_t>(code_point_end);
};

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

void print_folding(std::ostream& out, const SearchClasses& classes) {
    Stages stages;
    std::map<std::string, std::uint32_t> texts;
    std::vector<std::string> ordered;
    for (char32_t c = 1; c < code_point_end; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        const std::u32string to = folded(classes, c);
        if (to.size() == 1) {
            stages.put(c, to[0] == c ? 0 : static_cast<std::uint32_t>(to[0]));
            continue;
        }
        const auto [it, fresh] = texts.try_emplace(encode(to), static_cast<std::uint32_t>(ordered.size()));
        if (fresh) ordered.push_back(it->first);
        stages.put(c, yipan::tables::fold_text_first + it->second);
    }
    stages.print(out, "fold", "std::uint32_t");
    out << "const char* const fold_texts[] = {\n";
    for (const std::string& text : ordered) out << quoted(text) << ",\n";
    out << "};\n";
}

struct Phrase {
    std::u32string text;  // folded
    std::vector<Syllable> readings;
    bool operator<(const Phrase& other) const { return text < other.text; }
};

/// "厦门 xia men"; a single character with its reading makes that its first choice.
std::vector<Phrase> read_phrases(const std::string& path, const SearchClasses& classes, Readings& readings,
                                 std::map<char32_t, Syllable>& best) {
    std::set<Phrase> out;
    for (const std::string& line : lines_of(path)) {
        const auto w = words(line);
        const std::u32string text = decode(w.at(0));
        if (w.size() != text.size() + 1) stop("as many syllables as characters, please: " + line);
        Phrase phrase;
        for (std::size_t i = 0; i < text.size(); ++i) {
            phrase.text += classes.fold(text[i]);
            phrase.readings.push_back(readings.resolve(text[i], w[i + 1], line));
        }
        if (text.size() == 1) {
            best[text[0]] = phrase.readings[0];
            continue;
        }
        if (text.size() > yipan::tables::phrase_length_max) stop("a phrase too long: " + line);
        if (!out.insert(phrase).second) stop("a phrase twice: " + line);
    }
    return {out.begin(), out.end()};
}

void print_pinyin(std::ostream& out, const SearchClasses& classes, Readings& readings,
                  const std::string& phrases_path) {
    std::map<char32_t, Syllable> best;
    const std::vector<Phrase> phrases = read_phrases(phrases_path, classes, readings, best);
    for (const auto& [from, to] : classes.simplified()) readings.share(from, to);

    std::map<std::string, std::size_t> plain;  // all syllables in order
    for (const auto& [c, list] : readings.all()) {
        for (const Syllable& s : list) plain.try_emplace(s.plain, 0);
    }
    std::vector<std::string> names;
    for (auto& [name, index] : plain) {
        index = names.size();
        names.push_back(name);
    }
    const auto toned = [&](const Syllable& s) { return plain.at(s.plain) * 8 + static_cast<std::size_t>(s.tone); };

    // A reading set: the best syllable with its tone first, then the other plain ones; the empty set is number 0.
    std::map<std::vector<std::size_t>, std::uint32_t> sets;
    std::vector<std::size_t> set_begin = {0, 0};
    std::vector<std::size_t> set_items;
    Stages stages;
    for (const auto& [c, list] : readings.all()) {
        if (list.empty()) continue;
        if (c >= code_point_end) stop("a character beyond the table");
        const auto chosen = best.find(c);
        const auto twin = classes.simplified().find(c);
        const auto twin_chosen = twin == classes.simplified().end() ? best.end() : best.find(twin->second);
        const Syllable first = chosen != best.end()        ? chosen->second
                               : twin_chosen != best.end() ? twin_chosen->second
                                                           : list[0];
        std::vector<std::size_t> set = {toned(first)};
        for (const Syllable& s : list) {
            const std::size_t item = plain.at(s.plain) * 8;
            if (s.plain != first.plain && std::find(set.begin(), set.end(), item) == set.end()) set.push_back(item);
        }
        const auto [it, fresh] = sets.try_emplace(set, static_cast<std::uint32_t>(sets.size() + 1));
        if (fresh) {
            set_items.insert(set_items.end(), set.begin(), set.end());
            set_begin.push_back(set_items.size());
        }
        stages.put(c, it->second);
    }
    if (sets.size() > 65'000 || names.size() * 8 > 65'000) stop("16 bits do not hold the readings");
    stages.print(out, "reading", "std::uint16_t");
    Stages::list(out, "const std::uint16_t reading_set_begin[]", set_begin);
    Stages::list(out, "const std::uint16_t reading_set_items[]", set_items);
    out << "const std::string_view syllables[] = {\n";
    for (const std::string& name : names) out << quoted(name) << ",";
    out << "};\n";

    std::vector<std::size_t> begin = {0};
    std::vector<std::size_t> characters, items;
    for (const Phrase& p : phrases) {
        for (const char32_t c : p.text) characters.push_back(c);
        for (const Syllable& s : p.readings) items.push_back(toned(s));
        begin.push_back(items.size());
    }
    Stages::list(out, "const std::uint16_t phrase_begin[]", begin);
    Stages::list(out, "const char32_t phrase_characters[]", characters);
    Stages::list(out, "const std::uint16_t phrase_items[]", items);

    // Open addressing by the first character: where its phrases are in the sorted list.
    constexpr std::size_t slots = yipan::tables::phrase_slots;
    std::array<std::size_t, slots> key{}, low{}, high{};
    std::size_t used = 0;
    for (std::size_t i = 0; i < phrases.size(); ++i) {
        const char32_t c = phrases[i].text[0];
        std::size_t slot = yipan::tables::phrase_slot(c);
        while (key[slot] != 0 && key[slot] != c) slot = (slot + 1) % slots;
        used += key[slot] == 0;
        if (key[slot] == 0) low[slot] = i;
        key[slot] = c;
        high[slot] = i + 1;
    }
    if (used * 2 > slots) stop("more phrases than slots: make phrase_slots larger");
    Stages::list(out, "const char32_t phrase_keys[]", key);
    Stages::list(out, "const std::uint16_t phrase_low[]", low);
    Stages::list(out, "const std::uint16_t phrase_high[]", high);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) stop("five file names");
    const SearchClasses classes(argv[1], argv[2]);
    Readings readings(argv[3]);
    std::ofstream out(argv[5]);
    out << "// Made by tools/make_text_tables.\n#include \"base/text_tables.h\"\nnamespace yipan::tables {\n";
    print_folding(out, classes);
    print_pinyin(out, classes, readings, argv[4]);
    out << "}\n";
    out.close();
    if (!out) stop("cannot write the tables");
}
