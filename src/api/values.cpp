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

void write_integer(JsonText& out, std::int64_t n) {
    if (n > exact_in_json || n < -exact_in_json) return out.value(std::to_string(n));
    out.value(n);
}
void write_attachment(JsonText& out, std::string_view text) {
    // "sha256:<hex> <name>"
    const std::size_t blank = text.find(' ');
    out.object();
    out.member("hash", text.substr(0, blank));
    out.member("name", blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1));
    out.end_object();
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
void write_label(JsonText& out, const model::Label& label) {
    out.object();
    out.member("hans", label.hans);
    out.member("hant", label.hant);
    out.member("en", label.en);
    out.end_object();
}
json::value decimal_json(std::int64_t units, int scale) {
    return json::value(Decimal{units, static_cast<std::uint8_t>(scale)}.text());
}

bool Shower::sees(const record::Record& record) {
    if (!call_.who) return true;
    return call_.who->sees_all(record.type) || call_.who->may(access::Action::see, record, call_.world());
}

bool Shower::shows(const record::Record& record, int field) {
    if (!call_.who) return true;
    access::Facing facing(*call_.who, record, call_.world());
    return shows(facing, field);
}
bool Shower::shows(access::Facing& facing, int field) const {
    const int type = facing.record().type;
    // One's own post and unit are named without a right to see them (session_routes.cpp).
    return call_.who->sees_always(type)[static_cast<std::size_t>(field)] || !(call_.who->sees_all(type) || facing.may(access::Action::see)) ||
           facing.fields(access::Action::see)[static_cast<std::size_t>(field)];
}

std::string Shower::title(const record::Record& record) {
    if (!call_.who) return title(record, nullptr);
    access::Facing facing(*call_.who, record, call_.world());
    return title(record, &facing);
}
std::string Shower::title(const record::Record& record, access::Facing* facing) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record.type)];
    const int field = type.title >= 0 ? type.title : type.key;
    const auto shown = [&](int f) { return !facing || shows(*facing, f); };
    if (field >= 0 && !record::is_unset(record.at(field)) && shown(field)) {
        const model::Field& f = type.fields[static_cast<std::size_t>(field)];
        std::string text = record::display(model_, f, record.at(field), call_.language(), {});
        if (f.group != model::FieldGroup::personal || !facing) return text;
        return facing->fields(access::Action::clear)[static_cast<std::size_t>(field)] ? text : access::masked(text);
    }
    std::string joined;
    for (const int f : type.natural_key) {
        const model::Field& part = type.fields[static_cast<std::size_t>(f)];
        if (part.group == model::FieldGroup::personal || !shown(f)) continue;
        std::string text;
        if (part.kind == FieldKind::reference) {
            if (const auto* id = record::as_integer(record.at(f)); id && *id > 0) text = named(part.target, RecordId(*id)).title.value_or("");
        } else {
            text = record::display(model_, part, record.at(f), call_.language(), {});
        }
        if (!text.empty()) joined += (joined.empty() ? "" : " · ") + text;
    }
    return joined.empty() ? "#" + std::to_string(record.id.value) : joined;
}

const Shower::Named& Shower::named(int type, RecordId id) {
    const auto [at, first] = named_.try_emplace({type, id.value}, Named{id.value, {}, false});  // a circle of natural keys ends here
    if (!first) return at->second;
    const record::RecordPtr record = call_.snapshot().record(type, id);
    if (record && sees(*record)) {
        at->second.title = title(*record);
        at->second.voided = record->voided;
    }
    return at->second;
}
json::value Shower::reference(int type, RecordId id) {
    if (id.value <= 0) return nullptr;
    const Named& named = this->named(type, id);
    json::object out{{"id", named.id}, {"title", nullptr}};
    if (named.title) out["title"] = *named.title;
    if (named.voided) out["void"] = true;
    return out;
}
void Shower::reference(JsonText& out, int type, RecordId id) {
    if (id.value <= 0) return out.value(nullptr);
    const Named& named = this->named(type, id);
    out.object();
    out.member("id", named.id);
    if (named.title) out.member("title", *named.title);
    else out.member("title", nullptr);
    if (named.voided) out.member("void", true);
    out.end_object();
}

json::value Shower::value(const model::Field& field, const record::Value& value, bool clear) {
    return tree_of([&](JsonText& out) { this->value(out, field, value, clear); });
}
void Shower::value(JsonText& out, const model::Field& field, const record::Value& value, bool clear) {
    if (record::is_unset(value)) return out.value(nullptr);
    if (field.group == model::FieldGroup::personal && !clear) {
        out.object();
        out.member("masked", access::masked(record::display(model_, field, value, call_.language(), {})));
        return out.end_object();
    }
    const auto* n = record::as_integer(value);
    const auto* t = record::as_text(value);
    switch (field.kind) {
        case FieldKind::integer: return write_integer(out, *n);
        case FieldKind::decimal: return out.value(Decimal{*n, static_cast<std::uint8_t>(field.scale)}.text());
        case FieldKind::money: return out.value(Decimal{*n, 2}.text());
        case FieldKind::date: return out.value(Date{static_cast<std::int32_t>(*n)}.text());
        case FieldKind::period: {
            const auto period = Period::decode(*n);
            return period ? out.value(period->text()) : out.value(nullptr);
        }
        case FieldKind::boolean: return out.value(*n != 0);
        case FieldKind::instant: return out.value(Instant{*n}.text());
        case FieldKind::reference: return reference(out, field.target, RecordId(*n));
        case FieldKind::references:
            out.array();
            for (const std::int64_t id : record::parse_id_list(*t).value_or(std::vector<std::int64_t>{})) reference(out, field.target, RecordId(id));
            return out.end_array();
        case FieldKind::attachment: return write_attachment(out, *t);
        case FieldKind::place: {
            boost::system::error_code bad;
            const json::value place = json::parse(*t, bad);
            return bad ? out.value(*t) : out.raw(*t);
        }
        default: return n ? write_integer(out, *n) : out.value(*t);
    }
}

void Shower::values(JsonText& out, const record::RecordPtr& record, const std::vector<int>& only, const std::vector<int>& unmasked) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record->type)];
    std::vector<bool> visible(type.fields.size(), true), clear(type.fields.size(), true);
    const bool personal = std::any_of(type.fields.begin(), type.fields.end(), [](const auto& f) { return f.group == model::FieldGroup::personal; });
    if (call_.who) {
        access::Facing& facing = call_.facing(record);
        visible = facing.fields(access::Action::see);
        if (personal) clear = facing.fields(access::Action::clear);
    }
    for (const int f : unmasked) clear[static_cast<std::size_t>(f)] = true;
    const auto each = [&](const auto& visit) {
        if (only.empty())
            for (std::size_t f = 0; f < type.fields.size(); ++f) visit(f);
        else
            for (const int f : only) visit(static_cast<std::size_t>(f));
    };
    out.key("values").object();
    each([&](std::size_t f) {
        if (visible[f]) value(out.key(type.fields[f].code), type.fields[f], record->values[f], clear[f]);
    });
    out.end_object();
    out.key("hidden").array();
    each([&](std::size_t f) {
        if (!visible[f]) out.value(type.fields[f].code);
    });
    out.end_array();
}

void Shower::row(JsonText& out, const record::RecordPtr& record, const std::vector<int>& only) {
    const model::Type& type = model_.types[static_cast<std::size_t>(record->type)];
    access::Facing* facing = call_.who ? &call_.facing(record) : nullptr;
    out.member("id", record->id.value);
    out.member("version", record->version);
    out.member("title", title(*record, facing));
    const auto* state = type.state >= 0 && (!facing || shows(*facing, type.state)) ? record::as_text(record->at(type.state)) : nullptr;
    if (state) out.member("state", *state);
    else out.member("state", nullptr);
    if (record->voided) out.member("void", true);
    values(out, record, only);
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
        if (const int f = shape.find(code); f >= 0) {
            if (std::find(out.begin(), out.end(), f) == out.end()) out.push_back(f);
        } else if (!code.empty())
            errors.push_back({Code::not_found, std::string(name), shape.code + " has no field \"" + code.substr(0, 60) + "\"", ""});
        if (comma == std::string_view::npos) break;
        text.remove_prefix(comma + 1);
    }
    if (!errors.empty()) return call->problem(std::move(errors), 400), std::nullopt;
    return out;
}

}  // namespace yipan::api
