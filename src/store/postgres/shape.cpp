// Tables of record types, and how they change with the model.
#include "store/postgres/postgres.h"
#include "store/postgres/tables.h"

namespace yipan::store::postgres {
namespace {
std::size_t at(int i) { return static_cast<std::size_t>(i); }
constexpr std::size_t name_max = 63;  // bytes
}  // namespace

std::string Postgres::Names::physical(std::string_view table) const {
    const auto known = store_.physical_.find(table);
    return known == store_.physical_.end() || store_.model_->find_type(std::string(table)) < 0 ? "" : known->second;
}
std::optional<Kind> Postgres::Names::column(std::string_view table, std::string_view column) const {
    if (column == "id" || column.starts_with("yipan_")) return Kind::integer;
    const int index = store_.model_->find_type(std::string(table));
    if (index < 0) return {};
    const model::Type& type = store_.type(index);
    const int field = type.find(std::string(column));
    if (field < 0) return {};
    const model::Field& f = type.fields[at(field)];
    if (model::stored_as_integer(f.kind)) return Kind::integer;
    return Kind::text;
}

Status Postgres::install(const model::ModelPtr& model) {
    std::vector<std::string> physical;
    for (const auto& type : model->types) physical.push_back(type.code);
    for (const auto& type : model->types) {
        YIPAN_TRY_VOID(link_->queue(type_table(type, type.code)));
        if (!filling_)
            for (const std::string& sql : type_indexes(type, type.code)) YIPAN_TRY_VOID(link_->run(sql));
        YIPAN_TRY_VOID(link_->queue("INSERT INTO yipan_type(id, code, next_record) VALUES($1, $2, 1)",
                                    Args().add(type.index + 1).text(type.code)));
    }
    for (const auto& type : model->types) YIPAN_TRY_VOID(link_->run(type_view(*model, type, physical)));
    return use(model);
}

Status Postgres::use(const model::ModelPtr& model) {
    if (model == model_) return {};
    ahead_.clear();  // types have other numbers
    if (model_) YIPAN_TRY_VOID(link_->forget_statements());
    YIPAN_TRY(const Rows rows, link_->ask("SELECT id, code, tab FROM yipan_type"));
    model_ = model;
    type_numbers_.assign(model->types.size(), 0);
    type_codes_.clear();
    code_numbers_.clear();
    physical_.clear();
    for (int i = 0; i < rows.size(); ++i) {
        const std::string code(rows.text(i, 1));
        const int index = model->find_type(code);
        if (index >= 0) type_numbers_[at(index)] = rows.integer(i, 0);
        type_codes_[rows.integer(i, 0)] = code;
        code_numbers_[code] = rows.integer(i, 0);
        physical_[code] = rows.null(i, 2) ? code : std::string(rows.text(i, 2));
    }
    shapes_.clear();
    translated_.clear();
    for (const auto& type : model->types) {
        Shape s;
        s.table = name_of(physical_[type.code]);
        s.columns = "t.id, t.yipan_version, t.yipan_position, t.yipan_previous, t.yipan_effective, t.yipan_void";
        std::string names = "id, yipan_version, yipan_position, yipan_previous, yipan_effective, yipan_void", marks = "$1, $2, $3, $4, $5, $6";
        std::string sets = "yipan_version = $2, yipan_position = $3, yipan_previous = $4, yipan_effective = $5, yipan_void = $6";
        for (std::size_t f = 0; f < type.fields.size(); ++f) {
            const std::string column = name_of(type.fields[f].code), mark = "$" + std::to_string(f + 7);
            s.columns += ", t." + column;
            names += ", " + column;
            marks += ", " + mark;
            sets += ", " + column + " = " + mark;
        }
        s.insert = "INSERT INTO " + s.table + "(" + names + ") VALUES(" + marks + ")";
        s.names = std::move(names);
        s.update = "UPDATE " + s.table + " SET " + sets + " WHERE id = $1";
        s.erase = "DELETE FROM " + s.table + " WHERE id = $1";
        s.read = "SELECT " + s.columns + " FROM " + s.table + " t WHERE t.id = $1";
        shapes_.push_back(std::move(s));
    }
    return {};
}

// A table whose columns or indexes change is not altered but made anew beside the old one: altering would wait for every
// reader, and show those that began earlier columns they do not know. The old one goes when nobody can be reading it.
Status Postgres::reshape(const Reshape& r) {
    YIPAN_TRY_VOID(link_->forget_statements());
    for (const model::Type& was : r.before->types) {
        std::string view = "v_" + was.code;
        if (view.size() > name_max) view.resize(name_max);
        YIPAN_TRY_VOID(link_->run("DROP VIEW IF EXISTS " + name_of(view)));
    }
    YIPAN_TRY(const auto counted, meta("tables"));
    std::int64_t tables = counted ? std::stoll(*counted) : 1;
    fresh_.clear();
    const auto former = physical_;
    const auto stale = [&](const std::string& table) {
        return link_->queue("INSERT INTO yipan_stale VALUES($1) ON CONFLICT DO NOTHING", Args().text(table));
    };
    for (const model::Type& was : r.before->types)
        if (std::find(r.types.begin(), r.types.end(), was.index) == r.types.end()) YIPAN_TRY_VOID(stale(former.at(was.code)));
    struct Row {
        std::string code, table;
        std::int64_t next = 1;
        std::int64_t was = 0;  // number of a former name
    };
    std::vector<Row> rows;
    for (const model::Type& now : r.after->types) {
        Row row;
        row.code = now.code;
        const int from = r.types[at(now.index)];
        const model::Type* was = from < 0 ? nullptr : &r.before->types[at(from)];
        if (was && was->code != now.code) row.was = code_numbers_.at(was->code);
        // A renamed type goes on counting its records; entries written before keep the number of its old name.
        YIPAN_TRY(const Rows next, link_->ask("SELECT max(next_record) FROM yipan_type WHERE code IN ($1, $2)",
                                              Args().text(now.code).text(was ? was->code : now.code)));
        row.next = next.null(0, 0) ? 1 : next.integer(0, 0);
        if (was && same_table(*was, now)) {
            row.table = former.at(was->code);
            rows.push_back(std::move(row));
            continue;
        }
        const std::string number = "." + std::to_string(++tables);
        row.table = now.code.substr(0, name_max - number.size()) + number;
        fresh_.push_back(now.index);
        YIPAN_TRY_VOID(link_->run(type_table(now, row.table)));
        if (was) {
            std::string to = "id, yipan_version, yipan_position, yipan_previous, yipan_effective, yipan_void", of = to;
            for (std::size_t f = 0; f < now.fields.size(); ++f) {
                const int old = r.columns[at(now.index)][f];
                if (old < 0) continue;
                to += ", " + name_of(now.fields[f].code);
                of += ", " + name_of(was->fields[at(old)].code);
            }
            const std::string& table = former.at(was->code);
            YIPAN_TRY_VOID(link_->run("INSERT INTO " + name_of(row.table) + "(" + to + ") SELECT " + of + " FROM " + name_of(table)));
            YIPAN_TRY_VOID(stale(table));
        }
        rows.push_back(std::move(row));
    }
    for (const Row& row : rows) {
        YIPAN_TRY(const Rows number,
                  link_->ask("INSERT INTO yipan_type(id, code, next_record, tab) SELECT coalesce(max(id), 0) + 1, $1, $2, $3 FROM yipan_type ON "
                             "CONFLICT(code) DO UPDATE SET next_record = excluded.next_record, tab = excluded.tab RETURNING id",
                             Args().text(row.code).add(row.next).text(row.table), {25, 20, 25}));
        if (row.was)
            YIPAN_TRY_VOID(link_->queue("UPDATE yipan_redirect SET type = $1 WHERE type = $2", Args().add(number.integer(0, 0)).add(row.was)));
    }
    YIPAN_TRY_VOID(set_meta("tables", std::to_string(tables)));
    stale_since_ = std::chrono::steady_clock::now();
    return use(r.after);
}

Status Postgres::finish_reshape(const Reshape& r) {
    std::vector<std::string> physical;
    for (const auto& type : r.after->types) physical.push_back(physical_.at(type.code));
    for (const int index : fresh_)
        for (const std::string& sql : type_indexes(r.after->types[at(index)], physical[at(index)])) YIPAN_TRY_VOID(link_->run(sql));
    for (const auto& type : r.after->types) YIPAN_TRY_VOID(link_->run(type_view(*r.after, type, physical)));
    return {};
}

// Tables of former models, as far as nobody reads them; outside of a transaction.
Status Postgres::sweep() {
    YIPAN_TRY(const Rows rows, link_->ask("SELECT name FROM yipan_stale"));
    std::vector<std::string> names;
    for (int i = 0; i < rows.size(); ++i) names.emplace_back(rows.text(i, 0));
    if (names.empty()) {
        stale_since_.reset();
        return {};
    }
    stale_since_ = std::chrono::steady_clock::now();
    (void)link_->run("SET lock_timeout = '50ms'");
    for (const std::string& name : names) {
        YIPAN_TRY_VOID(link_->queue("BEGIN"));
        Status done = link_->run("DROP TABLE IF EXISTS " + name_of(name));
        if (done) done = link_->queue("DELETE FROM yipan_stale WHERE name = $1", Args().text(name));
        if (done) done = link_->run("COMMIT");
        if (done) continue;
        if (link_->lost()) return done;
        link_->forget_failure();
        (void)link_->run("ROLLBACK");
    }
    return link_->run("SET lock_timeout = '10s'");
}

}  // namespace yipan::store::postgres
