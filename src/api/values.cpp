#include "api/values.h"

#include <algorithm>
#include <charconv>

#include "record/check.h"
#include "record/input.h"

namespace yipan::api {
using model::FieldKind;

namespace {
constexpr std::int64_t exact_in_json = std::int64_t{1} << 53;

// JSON whose numbers have no exponent: json::serialize writes 117.35 as 1.1735E2.
std::string plainly(const json::value& value) {
    std::string out;
    if (value.is_double()) {
        char digits[64];
        const auto end = std::to_chars(digits, digits + sizeof digits, value.get_double(), std::chars_format::fixed);
        return end.ec == std::errc{} ? std::string(digits, end.ptr) : json::serialize(value);
    }
    if (value.is_array()) {
        for (const auto& item : value.get_array()) out += (out.empty() ? "[" : ",") + plainly(item);
        return out.empty() ? "[]" : out + "]";
    }
    if (value.is_object()) {
        for (const auto& [key, item] : value.get_object()) out += (out.empty() ? "{" : ",") + json::serialize(json::value(key)) + ":" + plainly(item);
        return out.empty() ? "{}" : out + "}";
    }
    return json::serialize(value);
}

json::value integer_json(std::int64_t n) {
    if (n > exact_in_json || n < -exact_in_json) return json::value(std::to_string(n));
    return json::value(n);
}
json::value attachment_json(const std::string& text) {
    // "sha256:<hex> <name>"
    const std::size_t blank = text.find(' ');
    return json::object{{"hash", text.substr(0, blank)}, {"name", blank == std::string::npos ? "" : text.substr(blank + 1)}};
}
}  // namespace

json::object receipt_json(const board::Receipt& r) {
    return {{"first", r.first.value}, {"last", r.last.value}, {"time", r.time.text()}, {"repeated", r.repeated}};
}
std::string receipt_text(const board::Receipt& r) {
    std::string out = "{\"first\":";
    out.append(std::to_string(r.first.value)).append(",\"last\":").append(std::to_string(r.last.value)).append(",\"time\":\"").append(r.time.text());
    return out.append(r.repeated ? "\",\"repeated\":true}" : "\",\"repeated\":false}");
}
json::object label_json(const model::Label& label) { return {{"hans", label.hans}, {"hant", label.hant}, {"en", label.en}}; }
json::value decimal_json(std::int64_t units, int scale) {
    return json::value(Decimal{units, static_cast<std::uint8_t>(scale)}.text());
}

bool Shower::sees(const record::Record& record) {
    if (!call_.who) return true;
    return call_.who->sees_all(record.type) || call_.who->may(access::Action::see, record, call_.world());
}

bool Shower::shows(const record::Record& record, int field) {
    if (!call_.who) return true;
    // One's own post and unit are named without a right to see them (session_routes.cpp).
    return call_.who->sees_always(record.type)[static_cast<std::size_t>(field)] || !sees(record) || call_.who->fields(access::Action::see, record, call_.world())[static_cast<std::size_t>(field)];
}

std::string Shower::title(const record::Record& record) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record.type)];
    const int field = type.title >= 0 ? type.title : type.key;
    if (field >= 0 && !record::is_unset(record.at(field)) && shows(record, field)) {
        const model::Field& f = type.fields[static_cast<std::size_t>(field)];
        const std::string text = record::display(model_, f, record.at(field), call_.language(), {});
        if (f.group != model::FieldGroup::personal || !call_.who) return text;
        const bool clear = call_.who->fields(access::Action::clear, record, call_.world())[static_cast<std::size_t>(field)];
        return clear ? text : access::masked(text);
    }
    std::string joined;
    for (const int f : type.natural_key) {
        const model::Field& part = type.fields[static_cast<std::size_t>(f)];
        if (part.group == model::FieldGroup::personal || !shows(record, f)) continue;
        std::string text;
        if (part.kind == FieldKind::reference) {
            const json::value shown = reference(part.target, RecordId(record::as_integer(record.at(f)) ? *record::as_integer(record.at(f)) : 0));
            if (shown.is_object() && shown.at("title").is_string()) text = std::string(shown.at("title").as_string());
        } else {
            text = record::display(model_, part, record.at(f), call_.language(), {});
        }
        if (!text.empty()) joined += (joined.empty() ? "" : " · ") + text;
    }
    return joined.empty() ? "#" + std::to_string(record.id.value) : joined;
}

json::value Shower::reference(int type, RecordId id) {
    if (id.value <= 0) return nullptr;
    const std::pair<int, std::int64_t> key{type, id.value};
    if (const auto known = references_.find(key); known != references_.end()) return known->second;
    references_[key] = json::object{{"id", id.value}, {"title", nullptr}};  // a circle of natural keys ends here
    const record::RecordPtr record = call_.snapshot().record(type, id);
    json::object out{{"id", id.value}, {"title", nullptr}};
    if (record && sees(*record)) {
        out["title"] = title(*record);
        if (record->voided) out["void"] = true;
    }
    return references_[key] = std::move(out);
}

json::value Shower::value(const model::Field& field, const record::Value& value, bool clear) {
    if (record::is_unset(value)) return nullptr;
    if (field.group == model::FieldGroup::personal && !clear)
        return json::object{{"masked", access::masked(record::display(model_, field, value, call_.language(), {}))}};
    const auto* n = record::as_integer(value);
    const auto* t = record::as_text(value);
    switch (field.kind) {
        case FieldKind::integer: return integer_json(*n);
        case FieldKind::decimal: return decimal_json(*n, field.scale);
        case FieldKind::money: return decimal_json(*n, 2);
        case FieldKind::date: return json::value(Date{static_cast<std::int32_t>(*n)}.text());
        case FieldKind::period: {
            const auto period = Period::decode(*n);
            return period ? json::value(period->text()) : json::value(nullptr);
        }
        case FieldKind::boolean: return json::value(*n != 0);
        case FieldKind::instant: return json::value(Instant{*n}.text());
        case FieldKind::reference: return reference(field.target, RecordId(*n));
        case FieldKind::references: {
            json::array list;
            for (const std::int64_t id : record::parse_id_list(*t).value_or(std::vector<std::int64_t>{}))
                list.push_back(reference(field.target, RecordId(id)));
            return list;
        }
        case FieldKind::attachment: return attachment_json(*t);
        case FieldKind::place: {
            boost::system::error_code bad;
            json::value place = json::parse(*t, bad);
            return bad ? json::value(*t) : place;
        }
        default: return n ? integer_json(*n) : json::value(*t);
    }
}

void Shower::values(const record::Record& record, json::object& into, const std::vector<int>& only, const std::vector<int>& unmasked) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record.type)];
    std::vector<bool> visible(type.fields.size(), true), clear(type.fields.size(), true);
    const bool personal = std::any_of(type.fields.begin(), type.fields.end(), [](const auto& f) { return f.group == model::FieldGroup::personal; });
    if (call_.who) {
        visible = call_.who->fields(access::Action::see, record, call_.world());
        if (personal) clear = call_.who->fields(access::Action::clear, record, call_.world());
    }
    for (const int f : unmasked) clear[static_cast<std::size_t>(f)] = true;
    json::object values;
    values.reserve(type.fields.size());
    json::array hidden;
    const auto show = [&](std::size_t f) {
        const model::Field& field = type.fields[f];
        if (visible[f])
            values[field.code] = value(field, record.values[f], clear[f]);
        else
            hidden.emplace_back(field.code);
    };
    if (only.empty())
        for (std::size_t f = 0; f < type.fields.size(); ++f) show(f);
    else
        for (const int f : only) show(static_cast<std::size_t>(f));
    into["values"] = std::move(values);
    into["hidden"] = std::move(hidden);
}

json::object Shower::row(const record::Record& record, const std::vector<int>& only) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record.type)];
    constexpr std::size_t members = 24;  // as many as a whole record has: room once, not grown four times
    json::object out;
    out.reserve(members);
    out["id"] = record.id.value;
    out["version"] = record.version;
    out["title"] = title(record);
    out["state"] = nullptr;
    if (type.state >= 0 && shows(record, type.state))
        if (const auto* state = record::as_text(record.at(type.state))) out["state"] = *state;
    if (record.voided) out["void"] = true;
    values(record, out, only);
    return out;
}

Result<record::Value> read_value(Call& call, const model::Field& field, const json::value& value, const record::Value& now) {
    const auto bad = [&](std::string message, std::string hint) {
        return fail(Code::invalid_input, field.code, std::move(message), std::move(hint));
    };
    if (value.is_null()) return record::Value{};
    const auto find = [&](int type, std::string_view key) -> Result<RecordId> {
        const auto id = call.snapshot().find(type, key);
        if (!call.who || (call.who->sees_all(type) && id)) return id;
        const record::RecordPtr r = id ? call.snapshot().record(type, *id) : nullptr;
        // What one may not see cannot be named either, nor told from what is not there: not by the nearest name either.
        if (!r || !call.who->may(access::Action::see, *r, call.world()))
            return fail(Code::not_found, "", "no " + call.model().types[static_cast<std::size_t>(type)].code + " \"" + std::string(key.substr(0, 60)) + "\"", call.who->sees_all(type) ? id.error().hint : "");
        return id;
    };
    // By number: the same words whether it is not there or not to be seen.
    const auto numbered = [&](RecordId id) -> Result<RecordId> {
        if (id.value == 0 || !call.who || field.target < 0 || call.who->sees_all(field.target)) return id;
        if (const auto* held = record::as_integer(now); field.kind == FieldKind::reference && held && *held == id.value) return id;
        if (const auto* held = record::as_text(now); field.kind == FieldKind::references && held) {
            const auto ids = record::parse_id_list(*held);
            if (ids && std::find(ids->begin(), ids->end(), id.value) != ids->end()) return id;
        }
        const record::RecordPtr r = call.snapshot().record(field.target, id);
        if (r && call.who->may(access::Action::see, *r, call.world())) return id;
        return fail(Code::not_found, field.code, "no " + call.model().types[static_cast<std::size_t>(field.target)].code + " with id " + std::to_string(id.value), "choose an existing one");
    };
    const auto one = [&](const json::value& v) -> Result<RecordId> {
        if (v.is_int64()) return numbered(RecordId(v.get_int64()));
        if (v.is_object() && v.get_object().if_contains("id") && v.at("id").is_int64()) return numbered(RecordId(v.at("id").get_int64()));
        if (v.is_string()) return find(field.target, v.get_string());
        return bad("not a record", "its id, {\"id\": 7}, or its key as text");
    };
    switch (field.kind) {
        case FieldKind::boolean:
            if (value.is_bool()) return record::Value(std::int64_t{value.get_bool()});
            break;
        case FieldKind::reference: {
            YIPAN_TRY(const RecordId id, one(value));
            return id.value == 0 ? record::Value{} : record::Value(id.value);
        }
        case FieldKind::references: {
            if (!value.is_array()) return bad("not a list of records", "[7, 9]");
            std::vector<std::int64_t> ids;
            for (const auto& v : value.get_array()) {
                YIPAN_TRY(const RecordId id, one(v));
                ids.push_back(id.value);
            }
            std::sort(ids.begin(), ids.end());
            ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
            return ids.empty() ? record::Value{} : record::Value(record::id_list_text(std::move(ids)));
        }
        case FieldKind::attachment:
            if (value.is_object())
                return record::parse_value(call.model(), field, member_text(value.get_object(), "hash") + " " + member_text(value.get_object(), "name"), find);
            break;
        case FieldKind::place:
            if (value.is_object()) return record::parse_value(call.model(), field, plainly(value), find);
            break;
        default: break;
    }
    if (value.is_int64()) return record::parse_value(call.model(), field, std::to_string(value.get_int64()), find);
    if (value.is_string()) {
        if (value.get_string().empty()) return record::Value{};
        return record::parse_value(call.model(), field, std::string_view(value.get_string()), find);
    }
    if (value.is_double()) return bad("a number with a point loses digits on its way", "write it as text: \"12.34\"");
    return bad("does not fit the field", "docs/api.md, Values");
}

std::optional<std::vector<int>> read_fields(const CallPtr& call, int type, std::string_view text, std::string_view name) {
    std::vector<int> out;
    Errors errors;
    const model::Type& shape = call->model().types[static_cast<std::size_t>(type)];
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        const std::string code(text.substr(0, comma));
        if (const int f = shape.find(code); f >= 0)
            out.push_back(f);
        else if (!code.empty())
            errors.push_back({Code::not_found, std::string(name), shape.code + " has no field \"" + code.substr(0, 60) + "\"", ""});
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    if (!errors.empty()) return call->problem(std::move(errors), 400), std::nullopt;
    return out;
}

}  // namespace yipan::api
