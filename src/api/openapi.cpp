// The contract in OpenAPI 3.1, made from the routes and the model as this reader may see it.
#include "api/call.h"
#include "api/values.h"
#include "base/hash.h"

namespace yipan::api {
namespace {
using model::FieldKind;

json::object schema_ref(const std::string& name) { return {{"$ref", "#/components/schemas/" + name}}; }
json::object json_body(json::value schema) { return {{"application/json", json::object{{"schema", std::move(schema)}}}}; }
json::object of_type(std::string_view type) { return {{"type", type}}; }

// What the query of a route may say; everything is optional.
std::string_view query_of(std::string_view pattern) {
    if (pattern == "/records/{type}") return "filter q sort fields offset limit total sums void";
    if (pattern == "/search" || pattern == "/pick/{type}" || pattern == "/directory/{what}") return "q limit";
    if (pattern == "/figures/{code}") return "unit unit_type period by as_known definition forest tree";
    if (pattern == "/figures/{code}/why") return "unit unit_type period by as_known definition forest tree offset limit";
    if (pattern == "/figures/{code}/series") return "unit unit_type kind from to";
    if (pattern == "/figures/{code}/difference") return "unit unit_type period by from to";
    if (pattern == "/lights") return "unit colour light period offset limit";
    if (pattern == "/board") return "period";
    if (pattern == "/map") return "layer";
    if (pattern == "/schemes/{code}") return "period variant";
    if (pattern == "/flow/tables/{form}" || pattern == "/flow/tables/{form}/table.xlsx") return "unit period";
    if (pattern == "/reports/{code}") return "unit period format";
    if (pattern == "/acts") return "before limit";
    if (pattern == "/flow/ballots") return "status";
    return "";
}

json::array parameters_of(std::string_view pattern) {
    json::array out;
    for (std::size_t from = pattern.find('{'); from != std::string_view::npos; from = pattern.find('{', from + 1))
        out.push_back({{"name", pattern.substr(from + 1, pattern.find('}', from) - from - 1)}, {"in", "path"}, {"required", true}, {"schema", of_type("string")}});
    std::string_view query = query_of(pattern);
    while (!query.empty()) {
        const std::size_t blank = query.find(' ');
        out.push_back({{"name", query.substr(0, blank)}, {"in", "query"}, {"schema", of_type("string")}});
        query = blank == std::string_view::npos ? std::string_view() : query.substr(blank + 1);
    }
    return out;
}

std::string name_of(std::string_view method, std::string_view path) {
    std::string out;
    for (const char c : method) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    bool up = true;
    for (const char c : path) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter) out += up && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        up = !letter;
    }
    return out;
}

json::object field_schema(const model::Model& model, const model::Field& f) {
    json::object out;
    const auto reference = [&] {
        return json::object{{"description", "a record of " + model.types[static_cast<std::size_t>(f.target)].code + ": its id, its key, or {id, title}"},
                            {"oneOf", json::array{of_type("integer"), of_type("string"), schema_ref("Reference"), of_type("null")}}};
    };
    switch (f.kind) {
        case FieldKind::integer: out["type"] = json::array{"integer", "string", "null"}; break;
        case FieldKind::boolean: out["type"] = json::array{"boolean", "null"}; break;
        case FieldKind::decimal:
        case FieldKind::money:
            out["type"] = json::array{"string", "null"};
            out["description"] = f.kind == FieldKind::money ? "an exact amount in " + std::string(f.currency.text()) : "an exact number with at most " + std::to_string(f.scale) + " decimals";
            break;
        case FieldKind::date: out["type"] = json::array{"string", "null"}, out["format"] = "date"; break;
        case FieldKind::instant: out["type"] = json::array{"string", "null"}, out["format"] = "date-time"; break;
        case FieldKind::period: out["type"] = json::array{"string", "null"}, out["description"] = "2026-06, 2026Q2, 2026H1, 2026, 2026-01..06"; break;
        case FieldKind::choice: {
            json::array codes;
            for (const auto& c : f.choices) codes.emplace_back(c.code);
            codes.emplace_back(nullptr);
            out["enum"] = std::move(codes);
            break;
        }
        case FieldKind::reference: out = reference(); break;
        case FieldKind::references: out["type"] = json::array{"array", "null"}, out["items"] = reference(); break;
        case FieldKind::attachment: out["oneOf"] = json::array{schema_ref("Attachment"), of_type("null")}; break;
        case FieldKind::place: out["type"] = json::array{"object", "null"}, out["description"] = "a GeoJSON geometry"; break;
        case FieldKind::text: out["type"] = json::array{"string", "null"}, out["maxLength"] = f.max_chars; break;
        case FieldKind::number: out["type"] = json::array{"string", "null"}; break;
    }
    if (f.group == model::FieldGroup::personal) {
        json::object masked{{"type", "object"}, {"required", json::array{"masked"}}, {"properties", json::object{{"masked", of_type("string")}}}};
        out = json::object{{"oneOf", json::array{std::move(out), std::move(masked)}}};
    }
    out["title"] = f.label.en.empty() ? f.label.hans : f.label.en;
    if (f.system || f.computed || f.kind == FieldKind::number) out["readOnly"] = true;
    return out;
}

json::object schemas_of(const CallPtr& call) {
    const model::Model& model = call->model();
    const auto properties = [](std::initializer_list<std::pair<std::string_view, json::value>> list) {
        json::object out{{"type", "object"}, {"properties", json::object{}}};
        for (const auto& [name, schema] : list) out["properties"].as_object()[name] = schema;
        return out;
    };
    json::object out;
    json::object fault = properties({{"code", of_type("string")}, {"where", of_type("string")}, {"message", of_type("string")}, {"hint", of_type("string")}});
    out["Fault"] = std::move(fault);
    out["Problem"] = properties({{"type", of_type("string")}, {"title", of_type("string")}, {"status", of_type("integer")}, {"detail", of_type("string")}, {"code", of_type("string")},
                                 {"errors", json::object{{"type", "array"}, {"items", schema_ref("Fault")}}}});
    out["Reference"] = properties({{"id", of_type("integer")}, {"title", json::object{{"type", json::array{"string", "null"}}}}});
    out["Attachment"] = properties({{"hash", of_type("string")}, {"name", of_type("string")}, {"bytes", of_type("integer")}});
    out["Receipt"] = properties({{"first", of_type("integer")}, {"last", of_type("integer")}, {"time", json::object{{"type", "string"}, {"format", "date-time"}}}, {"repeated", of_type("boolean")}});
    for (const model::Type& type : model.types) {
        if (!call->who->may_ever(type.index, access::Action::see)) continue;
        json::object fields;
        for (const model::Field& f : type.fields) fields[f.code] = field_schema(model, f);
        out["values." + type.code] = json::object{{"type", "object"}, {"title", type.label.en.empty() ? type.label.hans : type.label.en}, {"properties", std::move(fields)}};
        out["record." + type.code] = properties({{"id", of_type("integer")}, {"version", of_type("integer")}, {"title", of_type("string")}, {"values", schema_ref("values." + type.code)},
                                                 {"hidden", json::object{{"type", "array"}, {"items", of_type("string")}}}});
    }
    return out;
}

json::object responses_of(std::string_view success, json::value schema) {
    json::object out;
    out[success] = success == "204" ? json::object{{"description", "done"}} : json::object{{"description", "the answer"}, {"content", json_body(std::move(schema))}};
    out["default"] = json::object{{"description", "a refusal, with all mistakes at once"}, {"content", json::object{{"application/problem+json", json::object{{"schema", schema_ref("Problem")}}}}}};
    return out;
}

json::object operation_of(const Route& route, const std::string& path) {
    json::object out{{"operationId", name_of(route.method, path)}, {"summary", route.says}};
    std::string_view tag = route.pattern.substr(1);
    tag = tag.substr(0, tag.find('/'));
    out["tags"] = json::array{tag};
    json::array parameters = parameters_of(path.find('{') == std::string::npos && query_of(route.pattern).empty() ? std::string_view(path) : route.pattern);
    out["parameters"] = std::move(parameters);
    json::array security;
    if (route.needs != Needs::nothing) security.push_back(json::object{{"session", json::array{}}});
    if (route.needs == Needs::post) security.push_back(json::object{{"token", json::array{}}});
    out["security"] = std::move(security);
    if (route.body_bytes_max > 0 && route.method != "GET")
        out["requestBody"] = json::object{{"content", json_body(of_type("object"))}, {"description", "at most " + std::to_string(route.body_bytes_max) + " bytes"}};
    out["responses"] = responses_of("200", json::object{});
    return out;
}

// Lists and records of each type, with the type's own fields.
void add_types(const CallPtr& call, json::object& paths) {
    const model::Model& model = call->model();
    for (const model::Type& type : model.types) {
        if (!call->who->may_ever(type.index, access::Action::see)) continue;
        const std::string list = "/records/" + type.code, one = list + "/{id}";
        const json::object written{{"type", "object"}, {"properties", json::object{{"values", schema_ref("values." + type.code)}, {"children", of_type("object")}, {"dry_run", of_type("boolean")}}}};
        const json::object receipt{{"type", "object"}, {"properties", json::object{{"receipt", schema_ref("Receipt")}, {"record", schema_ref("record." + type.code)}}}};
        for (const Route& route : call->service.routes()) {
            const bool of_list = route.pattern == "/records/{type}", of_one = route.pattern == "/records/{type}/{id}";
            if (!of_list && !of_one) continue;
            json::object operation = operation_of(route, of_list ? list : one);
            json::array parameters;
            for (auto& p : operation["parameters"].as_array())
                if (p.at("name").as_string() != "type") parameters.push_back(std::move(p));
            if (route.method == "PATCH" || route.method == "DELETE")
                parameters.push_back({{"name", "If-Match"}, {"in", "header"}, {"required", true}, {"schema", of_type("string")}, {"description", "the record's ETag: \"v3\""}});
            if (route.method == "POST" || route.method == "PATCH") {
                parameters.push_back({{"name", "Idempotency-Key"}, {"in", "header"}, {"schema", of_type("string")}});
                operation["requestBody"] = json::object{{"required", true}, {"content", json_body(written)}};
                operation["responses"] = responses_of(route.method == "POST" ? "201" : "200", receipt);
            } else if (route.method == "GET") {
                json::object answer{{"type", "object"}, {"properties", json::object{{"position", of_type("integer")}}}};
                if (of_list) {
                    answer["properties"].as_object()["rows"] = json::object{{"type", "array"}, {"items", schema_ref("record." + type.code)}};
                    answer["properties"].as_object()["more"] = of_type("boolean");
                } else {
                    answer["properties"].as_object()["record"] = schema_ref("record." + type.code);
                }
                operation["responses"] = responses_of("200", std::move(answer));
            }
            operation["parameters"] = std::move(parameters);
            operation["tags"] = json::array{type.code};
            std::string method(route.method);
            for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
            paths[of_list ? list : one].is_object() ? void() : void(paths[of_list ? list : one] = json::object{});
            paths[of_list ? list : one].as_object()[method] = std::move(operation);
        }
    }
}

void openapi(const CallPtr& call) {
    json::object paths;
    for (const Route& route : call->service.routes()) {
        if (route.pattern.starts_with('!')) continue;
        const std::string path(route.pattern);
        std::string method(route.method);
        for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
        if (!paths.contains(path)) paths[path] = json::object{};
        paths[path].as_object()[method] = operation_of(route, path);
    }
    add_types(call, paths);
    json::object out{{"openapi", "3.1.0"},
                     {"info", json::object{{"title", call->service.board().name()}, {"version", "0.1.0"}, {"description", "Made from the board's routes and model as whoever asks may see it. docs/api.md says the rest."}}},
                     {"servers", json::array{json::object{{"url", "/b/" + call->service.settings().code + "/api"}}}},
                     {"paths", std::move(paths)},
                     {"components", json::object{{"schemas", schemas_of(call)},
                                                 {"securitySchemes", json::object{{"session", json::object{{"type", "apiKey"}, {"in", "cookie"}, {"name", "yipan_session"}}},
                                                                                  {"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}}}}};
    const std::string body = json::serialize(out);
    const std::string tag = "\"" + hex(sha256(body)).substr(0, 16) + "\"";
    net::Response r;
    r.with("Content-Type", "application/json").with("ETag", tag).with("Cache-Control", "private, no-cache");
    if (call->request.header("if-none-match") == tag) r.status = 304;
    else r.body = body;
    call->ok_with(std::move(r));
}
}  // namespace

void add_openapi_route(std::vector<Route>& r) { r.push_back({"GET", "/openapi.json", Needs::post, By::reader, "read", true, 0, openapi, "this document"}); }

}  // namespace yipan::api
