#include "store/schema.h"

#include <map>

namespace yipan::store {
using model::FieldKind;

// yipan_entry is the journal: header columns, then salt, body and commitment of each field group (a commitment column
// is only filled when its body was erased; otherwise it is recomputed from salt and body), then the Merkle leaf.
const char* const engine_tables = R"sql(
CREATE TABLE yipan_meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE yipan_head(id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL, root BLOB NOT NULL) STRICT;
CREATE TABLE yipan_type(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, next_record INTEGER NOT NULL) STRICT;
CREATE TABLE yipan_channel(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE yipan_entry(position INTEGER PRIMARY KEY, time INTEGER NOT NULL, actor INTEGER NOT NULL, post INTEGER NOT NULL,
  channel INTEGER NOT NULL, verb INTEGER NOT NULL, type INTEGER, record INTEGER NOT NULL, version INTEGER NOT NULL,
  previous INTEGER NOT NULL, tx INTEGER NOT NULL, model INTEGER NOT NULL, effective INTEGER NOT NULL, leaf BLOB NOT NULL,
  salt BLOB, body TEXT, salt_personal BLOB, body_personal TEXT, salt_attachment BLOB, body_attachment TEXT,
  commitment BLOB, commitment_personal BLOB, commitment_attachment BLOB) STRICT;
CREATE TABLE yipan_node(level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY(level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE yipan_counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE yipan_receipt(key TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE yipan_tail(position INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE yipan_run(id INTEGER PRIMARY KEY, level INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;
CREATE TABLE yipan_run_total(run INTEGER NOT NULL, idx INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(run, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE yipan_run_chunk(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, first_key BLOB NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX yipan_run_chunk_key ON yipan_run_chunk(run, first_key);
)sql" YIPAN_REDIRECT_TABLE YIPAN_SIDE_TABLE YIPAN_ATTACHMENT_TABLES YIPAN_ERASURE_INDEX;

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + "\"";
}

namespace {
std::string literal(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'') out += '\'';
        out += c;
    }
    return out + "'";
}

std::string period_sql(const std::string& c) {
    const std::string year = "printf('%04d', " + c + "/10000)";
    const std::string index = "(" + c + "%100)";
    return "CASE " + c + "/100%100 WHEN 1 THEN " + year + "||printf('-%02d'," + index + ") WHEN 2 THEN " + year +
           "||'Q'||" + index + " WHEN 3 THEN " + year + "||'H'||" + index + " WHEN 4 THEN " + year + " WHEN 5 THEN " +
           year + "||printf('-01..%02d'," + index + ") END";
}

std::string shown(const model::Model& model, const model::Field& field) {
    const std::string c = "t." + quoted(field.code);
    switch (field.kind) {
        case FieldKind::money: return "round(" + c + "/100.0, 2)";
        case FieldKind::decimal:
            return field.scale == 0 ? c : c + "/" + std::to_string(power_of_ten(field.scale)) + ".0";
        case FieldKind::date: return "date(" + c + "*86400, 'unixepoch')";
        case FieldKind::instant: return "datetime(" + c + "/1000000, 'unixepoch')";
        case FieldKind::boolean: return "CASE " + c + " WHEN 1 THEN '是' WHEN 0 THEN '否' END";
        case FieldKind::period: return period_sql(c);
        case FieldKind::choice: {
            std::string out = "CASE " + c;
            for (const auto& choice : field.choices)
                out += " WHEN " + literal(choice.code) + " THEN " + literal(choice.label.hans);
            return field.choices.empty() ? c : out + " ELSE " + c + " END";
        }
        case FieldKind::reference: {
            const model::Type& target = model.types[static_cast<std::size_t>(field.target)];
            const int name = target.title >= 0 ? target.title : target.key;
            if (name < 0 || !(target.fields[static_cast<std::size_t>(name)].kind == FieldKind::text ||
                              target.fields[static_cast<std::size_t>(name)].kind == FieldKind::number))
                return c;
            return "(SELECT r." + quoted(target.fields[static_cast<std::size_t>(name)].code) + " FROM " +
                   quoted(target.code) + " r WHERE r.id = " + c + ")";
        }
        default: return c;
    }
}
}  // namespace

std::string columns_of(const model::Type& type, std::string_view alias, bool voids) {
    const std::string a = alias.empty() ? "" : std::string(alias) + ".";
    std::string out = a + "id, " + a + "yipan_version, " + a + "yipan_position, " + a + "yipan_previous, " + a +
                      "yipan_effective, " + (voids ? a + "yipan_void" : "NULL");
    for (const auto& field : type.fields) out += ", " + a + quoted(field.code);
    return out;
}

std::vector<std::string> type_tables(const model::Model&, const model::Type& type) {
    std::string table = "CREATE TABLE " + quoted(type.code) +
                        "(id INTEGER PRIMARY KEY, yipan_version INTEGER NOT NULL, yipan_position INTEGER NOT NULL, "
                        "yipan_previous INTEGER NOT NULL, yipan_effective INTEGER NOT NULL, yipan_void INTEGER";
    std::vector<std::string> out;
    for (const auto& field : type.fields)
        table += ", " + quoted(field.code) + (model::stored_as_integer(field.kind) ? " INTEGER" : " TEXT");
    out.push_back(table + ") STRICT");
    const auto index = [&](const std::string& name, const std::string& columns, bool unique) {
        out.push_back("CREATE " + std::string(unique ? "UNIQUE " : "") + "INDEX " +
                      quoted("yipan_" + type.code + "_" + name) + " ON " + quoted(type.code) + "(" + columns + ")");
    };
    for (const auto& field : type.fields) {
        if (field.unique)
            index(field.code, quoted(field.code), true);
        else if (field.index)
            index(field.code, quoted(field.code), false);
    }
    if (type.natural_key.size() > 1) {
        std::string columns;
        for (const int f : type.natural_key)
            columns += (columns.empty() ? "" : ", ") + quoted(type.fields[static_cast<std::size_t>(f)].code);
        index("natural_key", columns, true);
    }
    return out;
}

std::string type_view(const model::Model& model, const model::Type& type) {
    std::map<std::string, int> uses;
    for (const auto& field : type.fields) ++uses[field.label.hans];
    std::string out = "CREATE VIEW " + quoted("v_" + type.code) + " AS SELECT t.id AS id";
    for (const auto& field : type.fields) {
        const bool clear = !field.label.hans.empty() && uses[field.label.hans] == 1 && field.label.hans != "id";
        out += ", " + shown(model, field) + " AS " +
               quoted(clear ? field.label.hans : field.label.hans + "(" + field.code + ")");
    }
    return out + " FROM " + quoted(type.code) + " t WHERE t.yipan_void IS NULL";
}

}  // namespace yipan::store
