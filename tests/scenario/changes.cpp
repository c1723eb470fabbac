// Steps that change the board: create, amend, move, remove, draft, each of them perhaps to be refused.
#include <algorithm>

#include "driver.h"
#include "record/input.h"

namespace yipan::scenario {
namespace {
constexpr std::size_t batch_drafts_max = 256;
}  // namespace

bool Driver::is_change(const std::string& verb) const {
    static constexpr std::string_view verbs[] = {"create", "amend",   "move",  "remove", "draft",
                                                 "void",   "restore", "erase", "merge"};
    return std::find(std::begin(verbs), std::end(verbs), verb) != std::end(verbs);
}

void Driver::change(const Step& step) {
    // A step that is to be refused, and a repeated one, stand alone.
    const bool alone = mode_ != Mode::batch || step.refuse || !step.idempotency_key.empty();
    if (alone) flush();
    if (stopped_) return;
    Pending pending;
    Errors errors = build(step, pending);
    const bool unknown_yet = !waiting_.empty() && std::any_of(errors.begin(), errors.end(),
                                                              [](const Error& e) { return e.code == Code::not_found; });
    if (unknown_yet) {  // it names a record of the batch: that must be written first
        flush();
        if (stopped_) return;
        pending = {};
        errors = build(step, pending);
    }
    if (step.refuse) return refused(step, std::move(pending), std::move(errors));
    if (!errors.empty()) {
        failed(step.place, "expected to be accepted, got: " + text_of(errors));
        stopped_ = true;
        return;
    }
    if (!alone) {
        waiting_.push_back(std::move(pending));
        if (waiting_.size() >= batch_drafts_max) flush();
        return;
    }
    const Checked<board::Receipt> receipt = board_->apply(pending.draft);
    if (!receipt) {
        failed(step.place, "expected to be accepted, got: " + text_of(receipt.error()));
        stopped_ = true;
        return;
    }
    learn(pending, *receipt);
    check_board(step.place);
}

void Driver::refused(const Step& step, Pending pending, Errors errors) {
    const Position before = position();
    // What cannot even be read is refused here already; otherwise the board must say no.
    if (errors.empty()) {
        const Checked<board::Receipt> receipt = board_->apply(std::move(pending.draft));
        if (receipt) {
            failed(step.place, "expected to be refused, got: accepted as entry " + std::to_string(receipt->last.value));
            stopped_ = true;
            return;
        }
        errors = receipt.error();
    }
    if (position() != before)
        failed(step.place, "expected nothing to be written, got: the journal went from " +
                               std::to_string(before.value) + " to " + std::to_string(position().value));
    check_expected(step, errors);
    check_board(step.place);
}

// "CODE [at FIELD] [: fragment]"
void Driver::check_expected(const Step& step, const Errors& errors) {
    for (const std::string& text : step.expected) {
        const std::size_t colon = text.find(": ");
        const std::string fragment = colon == std::string::npos ? "" : text.substr(colon + 2);
        const std::string head = text.substr(0, colon);
        const std::size_t at = head.find(" at ");
        const std::string code = head.substr(0, at), field = at == std::string::npos ? "" : head.substr(at + 4);
        const bool found = std::any_of(errors.begin(), errors.end(), [&](const Error& error) {
            const std::string last =
                error.where.substr(error.where.rfind(':') == std::string::npos ? 0 : error.where.rfind(':') + 1);
            return code_name(error.code) == code && (field.empty() || last == field) &&
                   (fragment.empty() || error.message.find(fragment) != std::string::npos ||
                    error.hint.find(fragment) != std::string::npos);
        });
        if (found) continue;
        std::string got;
        for (const Error& error : errors)
            got += (got.empty() ? "" : "; ") + std::string(code_name(error.code)) + " at " + error.text();
        failed(step.place, "expected the error \"" + text + "\", got: " + got);
    }
}

Errors Driver::build(const Step& step, Pending& pending) {
    Errors errors;
    own_.clear();
    pending.place = step.place;
    pending.draft.actor = actor_;
    pending.draft.post = post_;
    pending.draft.channel = "scenario";
    pending.draft.idempotency_key = step.idempotency_key;
    if (step.verb() != "draft") {
        build_change(step, pending, errors);
    } else {
        for (const Step& inner : step.changes) build_change(inner, pending, errors);
    }
    own_.clear();
    return errors;
}

void Driver::build_change(const Step& step, Pending& pending, Errors& errors) {
    const std::string& verb = step.verb();
    const bool create = verb == "create";
    const std::size_t fixed = create ? 2 : verb == "move" || verb == "merge" ? 4 : 3;
    if (!is_change(verb) || verb == "draft" || step.words.size() < fixed) {
        errors.push_back({Code::usage, step.place,
                          "\"" + verb + "\" wants " +
                              (create           ? "a type"
                               : verb == "move" ? "a type, a record and a move"
                                                : "a type and a record")});
        return;
    }
    const Result<int> type_index = report::find_type(*model_, step.words[1].text);
    if (!type_index) return errors.push_back(type_index.error());
    const model::Type& type = model_->types[static_cast<std::size_t>(*type_index)];
    board::Change change;
    change.type = *type_index;
    change.where = step.place;
    change.verb = create              ? board::Verb::create
                  : verb == "amend"   ? board::Verb::amend
                  : verb == "move"    ? board::Verb::move
                  : verb == "void"    ? board::Verb::invalidate
                  : verb == "restore" ? board::Verb::restore
                  : verb == "erase"   ? board::Verb::erase
                  : verb == "merge"   ? board::Verb::merge
                                      : board::Verb::remove;
    if (!create) {
        const Result<RecordId> record = find(*type_index, step.words[2].text);
        if (!record) return errors.push_back(record.error());
        change.record = *record;
    }
    if (verb == "move") change.move = step.words[3].text;
    if (verb == "merge") {
        const Result<RecordId> into = find(*type_index, step.words[3].text);
        if (!into) return errors.push_back(into.error());
        change.into = *into;
    }
    std::string alias;
    std::map<int, std::string> texts;
    for (std::size_t i = fixed; i < step.words.size(); ++i) {
        if (create && i == 2 && step.words[i].text.starts_with('@'))
            alias = step.words[i].text;
        else
            read_field(step, type, step.words[i], change, texts, errors);
    }
    std::vector<std::string> names = create ? names_of(type, texts, alias) : std::vector<std::string>{};
    for (const std::string& name : names) own_[{*type_index, name}] = std::ssize(pending.draft.changes);
    pending.names.push_back(std::move(names));
    pending.draft.changes.push_back(std::move(change));
}

void Driver::read_field(const Step& step, const model::Type& type, const Word& word, board::Change& change,
                        std::map<int, std::string>& texts, Errors& errors) {
    const std::size_t equal = word.text.find('=');
    const std::string code = word.text.substr(0, equal),
                      text = equal == std::string::npos ? "" : word.text.substr(equal + 1);
    if (equal == std::string::npos)
        return errors.push_back({Code::usage, step.place, "\"" + word.text + "\" is no field=value"});
    if (code == "effective") {
        const Result<Date> date = Date::parse(text);
        if (!date) return errors.push_back(date.error());
        change.effective = *date;
        return;
    }
    const int field = type.find(code);
    if (code == "version" && field < 0) {
        change.expected_version = std::atoi(text.c_str());
        return;
    }
    if (code == "reason" && field < 0) return void(change.note = text);
    if (code == "basis" && field < 0) return void(change.note = text);
    if (code == "decided_by" && field < 0) return void(change.decider = text);
    if (code == "groups" && field < 0) return void(change.groups = record::groups_named(text));
    if (field < 0)
        return errors.push_back(
            {Code::not_found, step.place + ":" + code, type.code + " has no field \"" + code + "\""});
    texts[field] = text;
    const auto find_name = [this](int target, std::string_view name) { return find(target, name); };
    Result<record::Value> value =
        record::parse_value(*model_, type.fields[static_cast<std::size_t>(field)], text, find_name);
    if (!value) {
        Error error = value.error();
        error.where = step.place + ":" + code;
        return errors.push_back(std::move(error));
    }
    change.set.emplace_back(field, std::move(*value));
}

std::vector<std::string> Driver::names_of(const model::Type& type, const std::map<int, std::string>& texts,
                                          const std::string& alias) const {
    std::vector<std::string> names;
    if (!alias.empty()) names.push_back(alias);
    if (const auto key = texts.find(type.key); type.key >= 0 && key != texts.end()) names.push_back(key->second);
    std::string joined;
    for (const int field : type.natural_key) {
        const auto text = texts.find(field);
        if (text == texts.end()) return names;
        joined += (joined.empty() ? "" : "/") + text->second;
    }
    if (!joined.empty()) names.push_back(joined);
    return names;
}

Result<RecordId> Driver::find(int type, std::string_view name) {
    const std::pair<int, std::string> wanted{type, std::string(name)};
    if (const auto own = own_.find(wanted); own != own_.end()) return RecordId{-(own->second + 1)};
    if (const auto known = names_.find(wanted); known != names_.end()) return known->second;
    const auto snapshot = board_->snapshot();
    return snapshot->find(type, name);
}

}  // namespace yipan::scenario
