#include "demo_pen.h"

#include <algorithm>

#include "base/check.h"
#include "model/scalar.h"

namespace yipan::demo {
namespace {
constexpr const char* channel = "demo";

std::string_view next_word(std::string_view& rest) {
    const std::size_t start = std::min(rest.find_first_not_of(' '), rest.size());
    const std::size_t end = std::min(rest.find(' ', start), rest.size());
    const std::string_view word = rest.substr(start, end - start);
    rest.remove_prefix(end);
    return word;
}
}  // namespace

std::uint64_t Random::next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
int Random::between(int low, int high) {
    YIPAN_CHECK(low <= high);
    const auto span = static_cast<std::uint64_t>(high - low) + 1;
    return low + static_cast<int>((next() >> 32) * span >> 32);
}
Random Random::of(std::uint64_t seed, int kind, std::int64_t n) {
    Random mixed(seed + 0x632be59bd9b4e019u * static_cast<std::uint64_t>(kind));
    return Random(mixed.next() + 0xd1b54a32d192ed03u * static_cast<std::uint64_t>(n));
}

void Pen::wrong(std::string_view line, std::string message) {
    if (errors_.empty())
        errors_.push_back({Code::invalid_input, "demo: " + std::string(line), std::move(message),
                           "the demo belongs to the shipped modules"});
}

std::int64_t Pen::reference(int type, std::string_view name, std::string_view line, bool only_written) {
    auto at = names_.find(std::pair<int, std::string>(type, name));
    if (at == names_.end()) {
        wrong(line, "nothing is called " + std::string(name));
        return 0;
    }
    const std::uint64_t open_number = first_closed_ + closed_.size();
    if (at->second.id.value == 0 && at->second.draft == open_number && !only_written)
        return -static_cast<std::int64_t>(at->second.change) - 1;
    if (at->second.id.value == 0) flush();
    if (at->second.id.value == 0) wrong(line, std::string(name) + " is not written yet");
    return at->second.id.value;
}
RecordId Pen::target(int type, std::string_view name, std::string_view line) {
    return RecordId(reference(type, name, line, false));
}
std::int64_t Pen::id(int type, const std::string& name) { return failed() ? 0 : reference(type, name, name, true); }

record::Value Pen::value_of(const model::Field& field, std::string_view text, std::string_view line) {
    if (field.kind == model::FieldKind::reference) return reference(field.target, text, line, false);
    if (field.kind == model::FieldKind::references) {
        std::vector<std::int64_t> ids;
        for (std::size_t at = 0; at <= text.size();) {
            const std::size_t end = std::min(text.find(';', at), text.size());
            ids.push_back(reference(field.target, text.substr(at, end - at), line, true));
            at = end + 1;
        }
        std::sort(ids.begin(), ids.end());
        std::string list;
        for (const std::int64_t one : ids) list += (list.empty() ? "[" : ",") + std::to_string(one);
        return list + "]";
    }
    auto value = model::parse_scalar(field, text);
    if (value) return std::move(*value);
    wrong(line, value.error().text());
    return {};
}

void Pen::step(std::string_view line) {
    if (failed()) return;
    std::string_view rest = line;
    const std::string_view verb = next_word(rest);
    board::Change change;
    change.type = model_->find_type(next_word(rest));
    if (change.type < 0) return wrong(line, "no such type");
    const model::Type& type = model_->types[static_cast<std::size_t>(change.type)];
    std::string alias;
    if (verb == "create") {
        change.verb = board::Verb::create;
        if (const std::size_t at = rest.find_first_not_of(' '); at != rest.npos && rest[at] == '@')
            alias = next_word(rest);
    } else {
        change.verb = verb == "move" ? board::Verb::move : board::Verb::amend;
        change.record = target(change.type, next_word(rest), line);
        if (verb == "move") change.move = next_word(rest);
    }
    for (std::string_view word = next_word(rest); !word.empty(); word = next_word(rest)) {
        const std::size_t equals = word.find('=');
        if (equals == word.npos) return wrong(line, "not field=value: " + std::string(word));
        const std::string_view code = word.substr(0, equals), text = word.substr(equals + 1);
        if (code == "effective") {
            const auto day = Date::parse(text);
            if (!day) return wrong(line, day.error().text());
            change.effective = *day;
            continue;
        }
        const int field = type.find(code);
        if (field < 0) return wrong(line, "no field " + std::string(code));
        if (text.empty() && verb == "create") continue;
        change.set.emplace_back(field, value_of(type.fields[static_cast<std::size_t>(field)], text, line));
        if (verb == "create" && field == type.key && alias.empty()) alias = text;
    }
    open_.changes.push_back(std::move(change));
    if (!alias.empty()) name(open_.changes.back().type, std::move(alias));
}

void Pen::name(int type, std::string name) {
    if (failed()) return;
    waiting_.emplace_back(type, name);
    names_[{type, std::move(name)}] = {RecordId(), first_closed_ + closed_.size(), open_.changes.size() - 1};
}

void Pen::set(std::string_view field, record::Value value) {
    if (failed()) return;
    board::Change& change = open_.changes.back();
    const int index = model_->types[static_cast<std::size_t>(change.type)].find(field);
    if (index < 0) return wrong(field, "no such field");
    change.set.emplace_back(index, std::move(value));
}

void Pen::as(std::string_view post, std::string_view person) {
    by_act_ = false;
    if (failed()) return;
    const model::Identity& identity = model_->identity;
    post_ = post.empty() ? RecordId() : RecordId(reference(identity.post, post, post, true));
    actor_ = person.empty() ? RecordId() : RecordId(reference(identity.person, person, person, true));
}

void Pen::end() {
    if (open_.changes.empty()) return;
    open_.actor = actor_;
    open_.post = post_;
    open_.channel = channel;
    open_.by_act = by_act_;
    closed_changes_ += open_.changes.size();
    closed_.push_back(std::move(open_));
    open_ = {};
    if (closed_changes_ >= batch_changes) flush();
}

void Pen::flush() {
    if (failed() || closed_.empty()) return;
    const std::size_t drafts = closed_.size();
    std::vector<std::size_t> creates(drafts);
    for (std::size_t i = 0; i < drafts; ++i)
        creates[i] = static_cast<std::size_t>(
            std::count_if(closed_[i].changes.begin(), closed_[i].changes.end(),
                          [](const board::Change& c) { return c.verb == board::Verb::create; }));
    const auto receipts = board_.apply_batch(std::move(closed_));
    closed_.clear();
    for (std::size_t i = 0; i < drafts; ++i) {
        if (!receipts[i]) {
            errors_ = receipts[i].error();
            return;
        }
        records_ += static_cast<std::int64_t>(creates[i]);
    }
    std::vector<std::pair<int, std::string>> still;
    for (auto& waiting : waiting_) {
        Place& place = names_[waiting];
        if (place.draft >= first_closed_ + drafts)
            still.push_back(std::move(waiting));
        else
            place.id = receipts[static_cast<std::size_t>(place.draft - first_closed_)]->records[place.change];
    }
    waiting_ = std::move(still);
    done_ += static_cast<std::int64_t>(closed_changes_);
    closed_changes_ = 0;
    first_closed_ += drafts;
    if (progress_) progress_(std::min(done_, expected_), expected_);
}

Checked<std::int64_t> Pen::finish() {
    end();
    flush();
    if (failed()) return fail(errors_);
    if (progress_) progress_(expected_, expected_);
    return records_;
}

}  // namespace yipan::demo
