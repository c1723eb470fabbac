#include "store/postgres/tables.h"

#include <map>
#include <set>

#include "base/decimal.h"
#include "store/postgres/holder.h"
#include "store/schema.h"

namespace yipan::store::postgres {
namespace {
using model::FieldKind;
constexpr std::size_t name_max = 63;  // bytes

const char* type_name(const EngineTable& table, const EngineColumn& column) {
    switch (column.kind) {
        case EngineColumn::Kind::integer: return "bigint";
        case EngineColumn::Kind::blob: return "bytea";
        default: break;
    }
    // A caller's own key may hold any bytes.
    return std::string_view(table.name) == "yipan_receipt" ? "bytea" : "text COLLATE \"C\"";
}
std::string field_type(const model::Field& field) { return model::stored_as_integer(field.kind) ? "bigint" : "text COLLATE \"C\""; }

std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
}
std::string shortened(const std::string& name, std::size_t bytes) {
    std::size_t end = std::min(name.size(), bytes);
    while (end > 0 && end < name.size() && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    return name.substr(0, end);
}

std::string period(const std::string& c) {
    const std::string year = "lpad((" + c + "/10000)::text, 4, '0')", index = "(" + c + "%100)",
                      two = "lpad(" + index + "::text, 2, '0')";
    return "CASE " + c + "/100%100 WHEN 1 THEN " + year + "||'-'||" + two + " WHEN 2 THEN " + year + "||'Q'||" + index +
           " WHEN 3 THEN " + year + "||'H'||" + index + " WHEN 4 THEN " + year + " WHEN 5 THEN " + year + "||'-01..'||" + two + " END";
}
std::string shown(const model::Model& model, const model::Field& field, const std::vector<std::string>& physical) {
    const std::string c = "t." + quoted(field.code);
    switch (field.kind) {
        case FieldKind::money: return "round(" + c + "/100.0, 2)";
        case FieldKind::decimal:
            return field.scale == 0 ? c : "round(" + c + "/" + std::to_string(power_of_ten(field.scale)) + ".0, " + std::to_string(field.scale) + ")";
        case FieldKind::date: return "date '1970-01-01' + " + c + "::integer";
        case FieldKind::instant: return "to_timestamp(" + c + "/1000000.0)";
        case FieldKind::boolean: return "CASE " + c + " WHEN 1 THEN '是' WHEN 0 THEN '否' END";
        case FieldKind::period: return period(c);
        case FieldKind::choice: {
            if (field.choices.empty()) return c;
            std::string out = "CASE " + c;
            for (const auto& choice : field.choices) out += " WHEN " + literal(choice.code) + " THEN " + literal(choice.label.hans);
            return out + " ELSE " + c + " END";
        }
        case FieldKind::reference: {
            const model::Type& target = model.types[static_cast<std::size_t>(field.target)];
            const int name = target.title >= 0 ? target.title : target.key;
            if (name < 0) return c;
            const model::Field& of = target.fields[static_cast<std::size_t>(name)];
            if (of.kind != FieldKind::text && of.kind != FieldKind::number) return c;
            return "(SELECT r." + quoted(of.code) + " FROM " + quoted(physical[static_cast<std::size_t>(field.target)]) + " r WHERE r.id = " + c + ")";
        }
        default: return c;
    }
}
}  // namespace

std::string name_of(std::string_view name) { return quoted(name); }

std::vector<std::string> engine_sql() {
    std::vector<std::string> out;
    for (const EngineTable& table : engine_table_list()) {
        std::string sql = std::string("CREATE TABLE ") + table.name + "(", key;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
            const EngineColumn& column = table.columns[i];
            sql += quoted(column.name) + " " + type_name(table, column) + (column.required ? " NOT NULL, " : ", ");
            if (i < table.key) key += (i ? ", " : "") + quoted(column.name);
        }
        // A type's table need not have its name: a change of the model makes a new one.
        if (std::string_view(table.name) == "yipan_type") sql += "tab text COLLATE \"C\", ";
        if (*table.unique) sql += std::string("UNIQUE(") + quoted(table.unique) + "), ";
        out.push_back(sql + "PRIMARY KEY(" + key + "))");
    }
    out.emplace_back("CREATE INDEX ON yipan_run_chunk(run, first_key)");
    out.emplace_back("CREATE INDEX ON yipan_redirect(type, key)");
    out.emplace_back("CREATE INDEX ON yipan_entry(position) WHERE body_attachment IS NOT NULL");
    out.emplace_back(erasure_index);
    out.emplace_back("CREATE TABLE yipan_stale(name text COLLATE \"C\" PRIMARY KEY)");
    const std::string holder = holder_table;
    const std::size_t half = holder.find(';');
    out.push_back(holder.substr(0, half));
    out.push_back(holder.substr(half + 1));
    return out;
}

std::string type_table(const model::Type& type, const std::string& physical) {
    std::string sql = "CREATE TABLE " + quoted(physical) +
                      "(id bigint PRIMARY KEY, yipan_version bigint NOT NULL, yipan_position bigint NOT NULL, yipan_previous bigint "
                      "NOT NULL, yipan_effective bigint NOT NULL, yipan_void bigint";
    for (const auto& field : type.fields) sql += ", " + quoted(field.code) + " " + field_type(field);
    return sql + ")";
}

// Unset stands first, as in SQLite's order.
std::vector<std::string> type_indexes(const model::Type& type, const std::string& physical) {
    std::vector<std::string> out;
    const auto index = [&](const std::string& columns, bool unique) {
        out.push_back("CREATE " + std::string(unique ? "UNIQUE " : "") + "INDEX ON " + quoted(physical) + "(" + columns + ")");
    };
    for (const auto& field : type.fields)
        if (field.unique || field.index) index(quoted(field.code) + " NULLS FIRST", field.unique);
    if (type.natural_key.size() > 1) {
        std::string columns;
        for (const int f : type.natural_key)
            columns += (columns.empty() ? "" : ", ") + quoted(type.fields[static_cast<std::size_t>(f)].code) + " NULLS FIRST";
        index(columns, true);
    }
    return out;
}

bool same_table(const model::Type& a, const model::Type& b) {
    return type_table(a, "t") == type_table(b, "t") && type_indexes(a, "t") == type_indexes(b, "t");
}

std::string type_view(const model::Model& model, const model::Type& type, const std::vector<std::string>& physical) {
    std::map<std::string, int> uses;
    for (const auto& field : type.fields) ++uses[field.label.hans];
    std::set<std::string> names{"id"};
    std::string out = "CREATE VIEW " + quoted(shortened("v_" + type.code, name_max)) + " AS SELECT t.id AS id";
    for (const auto& field : type.fields) {
        const bool clear = !field.label.hans.empty() && uses[field.label.hans] == 1 && field.label.hans != "id";
        std::string name = shortened(clear ? field.label.hans : field.label.hans + "(" + field.code + ")", name_max);
        if (!names.insert(name).second) name = shortened(field.code, name_max), names.insert(name);
        out += ", " + shown(model, field, physical) + " AS " + quoted(name);
    }
    return out + " FROM " + quoted(physical[static_cast<std::size_t>(type.index)]) + " t WHERE t.yipan_void IS NULL";
}

}  // namespace yipan::store::postgres
