// Rows of record types and questions about them.
#include "store/postgres/postgres.h"
#include "store/postgres/tables.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace yipan::store::postgres {
namespace {
constexpr std::int64_t rows_a_page = 1'000;
constexpr std::size_t translated_max = 1'000;
constexpr Oid oid_text = 25, oid_int8 = 20, oid_bytea = 17, oid_texts = 1009, oid_int8s = 1016, oid_byteas = 1001;

Args args_of(const record::Record& r) {
    Args args;
    args.add(r.id.value).add(r.version).add(r.position.value).add(r.previous.value).add(r.effective.days);
    if (r.voided)
        args.add(1);
    else
        args.null();
    for (const auto& v : r.values) args.value(v);
    return args;
}
}  // namespace

// What the engine asks it asks again and again: the same text with values of the same kinds. `type` -1: a whole query.
Result<const Postgres::Translated*> Postgres::translated(const std::string& text, int type, const std::vector<record::Value>& values) {
    std::string key = std::to_string(type) + " ";
    for (const auto& v : values) key += record::as_integer(v) ? 'i' : record::as_text(v) ? 't' : 'n';
    key += " " + text;
    if (const auto known = translated_.find(key); known != translated_.end()) return &known->second;
    if (translated_.size() >= translated_max) translated_.clear();
    Translated out;
    YIPAN_TRY(out.asked, type < 0 ? query(text, Names(*this), values) : condition(text, this->type(type).code, Names(*this), values));
    for (const auto& v : values) out.types.push_back(record::as_integer(v) ? oid_int8 : oid_text);
    return &(translated_[key] = std::move(out));
}

record::RecordPtr Postgres::record_of(const Rows& rows, int i, int type) const {
    auto r = std::make_shared<record::Record>();
    r->type = type;
    r->id = RecordId(rows.integer(i, 0));
    r->version = static_cast<std::int32_t>(rows.integer(i, 1));
    r->position = Position(rows.integer(i, 2));
    r->previous = Position(rows.integer(i, 3));
    r->effective = Date{static_cast<std::int32_t>(rows.integer(i, 4))};
    r->voided = !rows.null(i, 5);
    const std::size_t n = this->type(type).fields.size();
    r->values.reserve(n);
    for (std::size_t f = 0; f < n; ++f) r->values.push_back(rows.value(i, static_cast<int>(f) + 6));
    return r;
}
Result<std::vector<std::int64_t>> Postgres::ids(std::string_view sql, const Args& args, const std::vector<Oid>& types) {
    YIPAN_TRY(const Rows r, link_->ask(sql, args, types));
    std::vector<std::int64_t> out;
    for (int i = 0; i < r.size(); ++i) out.push_back(r.integer(i, 0));
    return out;
}

Status Postgres::insert(const record::Record& r) {
    const Shape& s = shape(r.type);
    ahead_.written(r);
    return filling_ ? link_->copy_row(s.table, s.names, args_of(r)) : link_->queue(s.insert, args_of(r));
}
Status Postgres::update(const record::Record& r) {
    ahead_.written(r);
    return link_->queue(shape(r.type).update, args_of(r));
}
Status Postgres::erase_row(int type, std::int64_t id) {
    ahead_.erased(type, id);
    return link_->queue(shape(type).erase, Args().add(id));
}
Result<record::RecordPtr> Postgres::read(int type, std::int64_t id) {
    if (const auto* known = ahead_.read(type, id)) return *known;
    YIPAN_TRY(const Rows r, link_->ask(shape(type).read, Args().add(id)));
    return r.size() ? record_of(r, 0, type) : record::RecordPtr{};
}

// One statement for all questions of a kind: to the server each is a look into an index from within it. LATERAL with a LIMIT
// keeps it from choosing anything else: it would take a table that has just been made for small and read it whole, and go on
// doing so when it is not.
Status Postgres::ask_ahead(const Questions& asked) {
    std::deque<Link::Question> all;
    std::vector<std::function<Status(const Rows&)>> take;
    std::map<std::tuple<int, std::vector<int>, std::string, std::int64_t>, std::vector<const Questions::Find*>> finds;
    for (const Questions::Find& f : asked.finds) {
        std::string kinds;
        for (const record::Value& v : f.values) kinds += record::as_integer(v) ? 'i' : record::as_text(v) ? 't' : '-';
        if (kinds.find('-') == std::string::npos) finds[{f.type, f.fields, kinds, f.limit}].push_back(&f);
    }
    for (const auto& [how, of] : finds) {
        const auto& [type, fields, kinds, limit] = how;
        Link::Question& q = all.emplace_back();
        std::string arrays, names, where;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const std::string n = std::to_string(i + 1);
            arrays += (i ? ", $" : "$") + n;
            names += "v" + n + ", ";
            where += (i ? " AND t." : "t.") + name_of(this->type(type).fields[static_cast<std::size_t>(fields[i])].code) + " = a.v" + n;
            q.types.push_back(kinds[i] == 'i' ? oid_int8s : oid_texts);
            if (kinds[i] == 'i') {
                std::vector<std::int64_t> list;
                for (const auto* f : of) list.push_back(*record::as_integer(f->values[i]));
                q.args.numbers(list);
            } else {
                std::vector<std::string_view> list;
                for (const auto* f : of) list.push_back(*record::as_text(f->values[i]));
                q.args.texts(list, oid_text);
            }
        }
        q.sql = "SELECT a.n, f.id FROM unnest(" + arrays + ") WITH ORDINALITY AS a(" + names + "n), LATERAL (SELECT t.id FROM " + shape(type).table + " t WHERE " + where +
                " ORDER BY t.id LIMIT " + std::to_string(limit) + ") f";
        take.emplace_back([this, questions = of](const Rows& rows) -> Status {
            std::vector<std::vector<std::int64_t>> ids(questions.size());
            for (int i = 0; i < rows.size(); ++i) ids[static_cast<std::size_t>(rows.integer(i, 0) - 1)].push_back(rows.integer(i, 1));
            for (std::size_t i = 0; i < questions.size(); ++i) {
                std::sort(ids[i].begin(), ids[i].end());
                ahead_.found(*questions[i], std::move(ids[i]));
            }
            return {};
        });
    }
    std::map<int, std::vector<std::int64_t>> reads;
    for (const auto& [type, id] : asked.reads) reads[type].push_back(id);
    for (const auto& [type, ids] : reads) {
        Link::Question& q = all.emplace_back();
        q.sql = "SELECT f.* FROM unnest($1) AS a(id), LATERAL (SELECT " + shape(type).columns + " FROM " + shape(type).table + " t WHERE t.id = a.id LIMIT 1) f";
        q.types = {oid_int8s};
        q.args.numbers(ids);
        take.emplace_back([this, type = type, &ids = ids](const Rows& rows) -> Status {
            for (const std::int64_t id : ids) ahead_.read(type, id, nullptr);
            for (int i = 0; i < rows.size(); ++i) ahead_.read(type, rows.integer(i, 0), record_of(rows, i, type));
            return {};
        });
    }
    if (!asked.receipts.empty()) {
        Link::Question& q = all.emplace_back();
        q.sql = "SELECT a.n, f.first, f.last FROM unnest($1) WITH ORDINALITY AS a(key, n), LATERAL (SELECT r.first, r.last FROM yipan_receipt r WHERE r.key = a.key LIMIT 1) f";
        q.types = {oid_byteas};
        q.args.texts({asked.receipts.begin(), asked.receipts.end()}, oid_bytea);
        take.emplace_back([this, &asked](const Rows& rows) -> Status {
            for (const std::string& key : asked.receipts) ahead_.receipt(key, std::nullopt);
            for (int i = 0; i < rows.size(); ++i) ahead_.receipt(asked.receipts[static_cast<std::size_t>(rows.integer(i, 0) - 1)], RecordedReceipt{rows.integer(i, 1), rows.integer(i, 2)});
            return {};
        });
    }
    if (all.empty()) return {};
    YIPAN_TRY(const std::vector<Rows> answers, link_->ask_all(all));
    ahead_.clear();  // those of before were for what is done by now
    asked_in_savepoint_ = in_savepoint_;
    for (std::size_t i = 0; i < answers.size(); ++i) YIPAN_TRY_VOID(take[i](answers[i]));
    return {};
}

Result<std::vector<std::int64_t>> Postgres::find(int type, const std::vector<int>& fields, const std::vector<record::Value>& values,
                                                 std::int64_t limit) {
    if (const auto* known = ahead_.find(type, fields, values, limit)) return *known;
    std::string sql = "SELECT id FROM " + shape(type).table + " WHERE ";
    Args args;
    int n = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        sql += (i ? " AND " : "") + name_of(this->type(type).fields[static_cast<std::size_t>(fields[i])].code);
        if (!record::as_integer(values[i]) && !record::as_text(values[i])) {
            sql += " IS NULL";
            continue;
        }
        sql += " = $" + std::to_string(++n);
        args.value(values[i]);
    }
    return ids(sql + " ORDER BY id LIMIT $" + std::to_string(n + 1), args.add(limit));
}
Result<std::vector<std::int64_t>> Postgres::referrers(int type, int field, std::int64_t id, std::int64_t limit) {
    const model::Field& f = this->type(type).fields[static_cast<std::size_t>(field)];
    std::string& sql = shapes_[static_cast<std::size_t>(type)].referrers[field];
    if (sql.empty())
        sql = "SELECT id FROM " + shape(type).table + " WHERE " +
              (f.kind == model::FieldKind::references ? "(" + name_of(f.code) + ")::jsonb @> to_jsonb($1)" : name_of(f.code) + " = $1") +
              " ORDER BY id LIMIT $2";
    return ids(sql, Args().add(id).add(limit), {oid_int8, oid_int8});
}
Status Postgres::each(int type, const std::function<bool(const record::RecordPtr&)>& visit) {
    const std::string sql = "SELECT " + shape(type).columns + " FROM " + shape(type).table + " t WHERE t.id > $1 ORDER BY t.id LIMIT $2";
    for (std::int64_t last = INT64_MIN;;) {
        YIPAN_TRY(const Rows r, link_->ask(sql, Args().add(last).add(rows_a_page)));
        for (int i = 0; i < r.size(); ++i) {
            last = r.integer(i, 0);
            if (!visit(record_of(r, i, type))) return {};
        }
        if (r.size() < rows_a_page) return {};
    }
}
Status Postgres::each_value(int type, int field, const std::function<bool(std::int64_t, const record::Value&)>& visit) {
    const std::string sql = "SELECT t.id, t." + name_of(this->type(type).fields[static_cast<std::size_t>(field)].code) + " FROM " +
                            shape(type).table + " t WHERE t.id > $1 ORDER BY t.id LIMIT $2";
    for (std::int64_t last = INT64_MIN;;) {
        YIPAN_TRY(const Rows r, link_->ask(sql, Args().add(last).add(rows_a_page)));
        for (int i = 0; i < r.size(); ++i) {
            last = r.integer(i, 0);
            if (!visit(last, r.value(i, 1))) return {};
        }
        if (r.size() < rows_a_page) return {};
    }
}

// SELECT what FROM the type WHERE where behind; in `behind` stand $m for the numbers in `more`, counted on from the values.
// `among`: ids as an array's text.
Result<Rows> Postgres::asked(int type, const std::string& what, const std::string& where, const std::string& behind,
                             const std::vector<record::Value>& parameters, const std::vector<std::int64_t>& more, const std::string* among) {
    std::string sql = "SELECT " + what + " FROM " + shape(type).table + " t";
    YIPAN_TRY(const Translated* made, translated(where.empty() ? "1" : where, type, parameters));
    if (!where.empty()) sql += " WHERE " + (among ? "(" + made->asked.sql + ")" : made->asked.sql);
    if (among) sql += (where.empty() ? " WHERE t.id = ANY((" : " AND t.id = ANY((") + ("$" + std::to_string(parameters.size() + more.size() + 1)) + "::text)::bigint[])";
    Args args;
    std::vector<Oid> types = made->types;
    for (const auto& v : parameters) args.value(v);
    for (const std::int64_t n : more) args.add(n), types.push_back(oid_int8);
    if (among) args.text(*among), types.push_back(oid_text);
    return link_->ask(sql + behind, args, types);
}
Result<std::vector<record::RecordPtr>> Postgres::list(int type, const std::string& where, const std::vector<record::Value>& parameters,
                                                      std::int64_t offset, std::int64_t limit) {
    ListQuery query;
    query.where = where;
    query.parameters = parameters;
    query.offset = offset;
    query.limit = limit;
    return list(type, query);
}
Result<std::vector<record::RecordPtr>> Postgres::list(int type, const ListQuery& query) {
    std::string order;
    for (const auto& by : query.order)
        order += (by.field < 0 ? "t.id" : "t." + name_of(this->type(type).fields[static_cast<std::size_t>(by.field)].code)) +
                 (by.descending ? " DESC NULLS LAST, " : " ASC NULLS FIRST, ");
    const bool backwards = !query.order.empty() && query.order.back().descending;
    const std::size_t n = query.parameters.size();
    // Less than nothing means "all", as in SQLite.
    const std::string behind = " ORDER BY " + order + (backwards ? "t.id DESC" : "t.id") + " LIMIT CASE WHEN $" + std::to_string(n + 1) +
                               " >= 0 THEN $" + std::to_string(n + 1) + " END OFFSET $" + std::to_string(n + 2);
    std::string among;
    if (query.among) {
        among = "{";
        for (const std::int64_t id : *query.among) among += (among.size() > 1 ? "," : "") + std::to_string(id);
        among += "}";
    }
    YIPAN_TRY(const Rows r, asked(type, shape(type).columns, query.where, behind, query.parameters,
                                  {query.limit, std::max<std::int64_t>(0, query.offset)}, query.among ? &among : nullptr));
    std::vector<record::RecordPtr> out;
    for (int i = 0; i < r.size(); ++i) out.push_back(record_of(r, i, type));
    return out;
}
Result<std::int64_t> Postgres::count(int type, const std::string& where, const std::vector<record::Value>& parameters) {
    YIPAN_TRY(const Rows r, asked(type, "count(*)", where, "", parameters, {}));
    return r.integer(0, 0);
}
Result<std::int64_t> Postgres::count_to(int type, const std::string& where, const std::vector<record::Value>& parameters,
                                        std::int64_t limit) {
    YIPAN_TRY(const Rows r, asked(type, "1", where, " LIMIT $" + std::to_string(parameters.size() + 1), parameters, {limit}));
    return r.size();
}
Result<std::vector<record::Value>> Postgres::sums(int type, const std::string& where, const std::vector<record::Value>& parameters,
                                                  const std::vector<int>& fields) {
    std::vector<record::Value> out;
    if (fields.empty()) return out;
    std::string what;
    for (const int f : fields)
        what += (what.empty() ? "sum(t." : ", sum(t.") + name_of(this->type(type).fields[static_cast<std::size_t>(f)].code) + ")::bigint";
    YIPAN_TRY(const Rows r, asked(type, what, where, "", parameters, {}));
    for (std::size_t f = 0; f < fields.size(); ++f) out.push_back(r.value(0, static_cast<int>(f)));
    return out;
}
Result<record::Value> Postgres::scalar(const std::string& sql, const std::vector<record::Value>& parameters) {
    YIPAN_TRY(const Translated* made, translated(sql, -1, parameters));
    Args args;
    for (const auto& v : parameters) args.value(v);
    YIPAN_TRY(const Rows r, link_->ask(made->asked.sql, args, made->types));
    return r.size() ? r.value(0, 0) : record::Value{};
}

Result<std::int64_t> Postgres::next_record(int type) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT next_record FROM yipan_type WHERE id = $1", Args().add(number(type))));
    if (r.size() == 0) return fail(Code::corrupt, this->type(type).code, "the type has no row in yipan_type");
    return r.integer(0, 0);
}
Status Postgres::set_next_record(int type, std::int64_t next) {
    return link_->queue("UPDATE yipan_type SET next_record = $1 WHERE id = $2", Args().add(next).add(number(type)));
}

Status Postgres::put_redirect(int type, const Redirect& r) {
    Args args;
    args.add(number(type)).add(r.record).add(r.into);
    if (r.key.empty())
        args.null();
    else
        args.text(r.key);
    return link_->queue("INSERT INTO yipan_redirect VALUES($1, $2, $3, $4) ON CONFLICT(type, record) DO UPDATE SET into_record = "
                        "excluded.into_record, key = excluded.key",
                        args);
}
Result<std::optional<std::int64_t>> Postgres::redirect(int type, std::int64_t record) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT into_record FROM yipan_redirect WHERE type = $1 AND record = $2", Args().add(number(type)).add(record)));
    return r.size() ? std::optional<std::int64_t>(r.integer(0, 0)) : std::optional<std::int64_t>{};
}
Result<std::optional<std::int64_t>> Postgres::redirect_of_key(int type, std::string_view key) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT into_record FROM yipan_redirect WHERE type = $1 AND key = $2 ORDER BY record DESC LIMIT 1",
                                       Args().add(number(type)).text(key)));
    return r.size() ? std::optional<std::int64_t>(r.integer(0, 0)) : std::optional<std::int64_t>{};
}
Status Postgres::each_redirect(int type, const std::function<void(const Redirect&)>& visit) {
    YIPAN_TRY(const Rows r, link_->ask("SELECT record, into_record, key FROM yipan_redirect WHERE type = $1 ORDER BY record", Args().add(number(type))));
    for (int i = 0; i < r.size(); ++i) visit({r.integer(i, 0), r.integer(i, 1), std::string(r.text(i, 2))});
    return {};
}

}  // namespace yipan::store::postgres
