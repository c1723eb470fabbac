// Figures at size: N entries (one new record each) of 4 figures over 1,000 units and 30 months, runs in memory or in an
// SQLite file.
//   figure_bench [entries=1000000] [memory|path of a new file]
// Prints postings a second, the longest flush, memory, and the times of value, as-known, why and difference. Every
// answer is checked against a total kept beside; a wrong one ends the program.
#include <sqlite3.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "figure/book.h"
#include "figure/memory_run_store.h"

namespace {

using std::chrono::duration;
using std::chrono::steady_clock;
namespace figure = yipan::figure;
namespace model = yipan::model;

constexpr int units = 1000, months = 30, groups = 20;
constexpr yipan::MonthIndex first_month = 2024 * 12;

double ms_since(steady_clock::time_point t) { return duration<double, std::milli>(steady_clock::now() - t).count(); }

std::uint64_t random_state = 88172645463325252ull;
std::uint64_t random_next() {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/// The plainest store on SQLite: prepared statements, one transaction a flush.
class FileRunStore final : public figure::RunStore {
  public:
    explicit FileRunStore(const char* path) {
        std::remove(path);
        YIPAN_CHECK(sqlite3_open(path, &db_) == SQLITE_OK);
        run("pragma journal_mode=wal");
        run("pragma synchronous=full");
        run("pragma wal_autocheckpoint=20000");
        run("create table run(id integer primary key, level, first, last)");
        run("create table chunk(run, key blob, body blob, primary key(run, key)) without rowid");
        run("create table total(run, n integer, body blob, primary key(run, n))");
        find_ = prepare(
            "select key, body from chunk where run = ?1 and key >= coalesce((select max(key) from chunk where run = ?1 "
            "and key <= ?2), ?2) order by key");
        put_ = prepare("insert into chunk values(?1, ?2, ?3)");
        put_total_ = prepare("insert into total select ?1, coalesce(max(n), 0) + 1, ?2 from total where run = ?1");
    }
    ~FileRunStore() override {
        for (sqlite3_stmt* s : {find_, put_, put_total_}) sqlite3_finalize(s);
        sqlite3_close(db_);
    }
    void run(const std::string& sql) { sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr); }

    yipan::Result<std::vector<Run>> list() override {
        std::vector<Run> out;
        sqlite3_stmt* s = prepare("select id, level, first, last from run order by first");
        while (sqlite3_step(s) == SQLITE_ROW) {
            out.push_back({sqlite3_column_int64(s, 0), sqlite3_column_int(s, 1), sqlite3_column_int64(s, 2),
                           sqlite3_column_int64(s, 3)});
        }
        sqlite3_finalize(s);
        return out;
    }
    yipan::Status add(const Run& r, std::span<const std::string> totals,
                      std::span<const std::pair<std::string, std::string>> chunks) override {
        run("insert into run values(" + std::to_string(r.id) + "," + std::to_string(r.level) + "," +
            std::to_string(r.first_position) + "," + std::to_string(r.last_position) + ")");
        return append(r.id, totals, chunks);
    }
    yipan::Status append(std::int64_t id, std::span<const std::string> totals,
                         std::span<const std::pair<std::string, std::string>> chunks) override {
        for (const std::string& body : totals) {
            sqlite3_bind_int64(put_total_, 1, id);
            sqlite3_bind_blob(put_total_, 2, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
            YIPAN_CHECK(sqlite3_step(put_total_) == SQLITE_DONE);
            sqlite3_reset(put_total_);
        }
        for (const auto& [key, body] : chunks) {
            sqlite3_bind_int64(put_, 1, id);
            sqlite3_bind_blob(put_, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
            sqlite3_bind_blob(put_, 3, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
            YIPAN_CHECK(sqlite3_step(put_) == SQLITE_DONE);
            sqlite3_reset(put_);
        }
        return {};
    }
    yipan::Status set_level(std::int64_t id, int level) override {
        run("update run set level = " + std::to_string(level) + " where id = " + std::to_string(id));
        return {};
    }
    yipan::Status drop(std::int64_t id) override {
        for (const char* table : {"chunk where run", "total where run", "run where id"})
            run(std::string("delete from ") + table + " = " + std::to_string(id));
        return {};
    }
    yipan::Result<std::vector<std::string>> totals(std::int64_t id) override {
        std::vector<std::string> out;
        sqlite3_stmt* s = prepare("select body from total where run = ?1 order by n");
        sqlite3_bind_int64(s, 1, id);
        while (sqlite3_step(s) == SQLITE_ROW) out.emplace_back(blob(s, 0));
        sqlite3_finalize(s);
        return out;
    }
    yipan::Status chunks_from(std::int64_t id, std::string_view key,
                              const std::function<bool(std::string_view, std::string_view)>& next) override {
        sqlite3_bind_int64(find_, 1, id);
        sqlite3_bind_blob(find_, 2, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
        while (sqlite3_step(find_) == SQLITE_ROW) {
            if (!next(blob(find_, 0), blob(find_, 1))) break;
        }
        sqlite3_reset(find_);
        return {};
    }

  private:
    static std::string_view blob(sqlite3_stmt* s, int column) {
        return {static_cast<const char*>(sqlite3_column_blob(s, column)),
                static_cast<std::size_t>(sqlite3_column_bytes(s, column))};
    }
    sqlite3_stmt* prepare(const char* sql) {
        sqlite3_stmt* s = nullptr;
        YIPAN_CHECK(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, nullptr) == SQLITE_OK);
        return s;
    }
    sqlite3* db_ = nullptr;
    sqlite3_stmt *find_ = nullptr, *put_ = nullptr, *put_total_ = nullptr;
};

std::shared_ptr<model::Model> make_model() {
    auto m = std::make_shared<model::Model>();
    m->types.resize(3);
    for (int t = 0; t < 3; ++t) m->types[static_cast<std::size_t>(t)].index = t;
    m->types[1].code = "group";
    m->types[2].fields.resize(3);
    m->types[2].fields[2].kind = model::FieldKind::money;
    m->forests.resize(1);
    for (int i = 0; i < 4; ++i) {
        model::Figure f;
        f.index = i;
        f.code = "figure" + std::to_string(i);
        f.type = 2;
        f.reducer = i == 1 ? model::Reducer::count : model::Reducer::sum;
        f.kind = i == 3 ? model::FigureKind::stock : model::FigureKind::flow;
        f.max_age_months = 3;
        f.value = model::Path{{2}};
        f.unit = model::Path{{0}};
        f.unit_type = 0;
        f.period = model::Path{{1}};
        f.forest = 0;
        m->figures.push_back(std::move(f));
    }
    return m;
}

struct Times {
    double total = 0, worst = 0;
    int n = 0;
    void add(double ms) {
        total += ms;
        worst = std::max(worst, ms);
        ++n;
    }
    void print(const char* what) const {
        std::printf("%-44s mean %9.4f ms  worst %9.4f ms  (n=%d)\n", what, total / n, worst, n);
    }
};

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t entries = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
    const char* path = argc > 2 && std::strcmp(argv[2], "memory") != 0 ? argv[2] : nullptr;
    std::unique_ptr<figure::RunStore> store;
    FileRunStore* file = nullptr;
    if (path)
        store.reset(file = new FileRunStore(path));
    else
        store = std::make_unique<figure::MemoryRunStore>();

    const auto m = make_model();
    auto plan = std::make_shared<figure::Plan>(*m);
    auto book = std::make_unique<figure::Book>(plan, *store);
    YIPAN_CHECK(book->open());
    std::vector<figure::Link> links;
    for (int u = 1; u <= units; ++u) links.push_back({0, 1, 0, u % groups + 1, u});  // group -> unit: 50 each
    for (int g = 2; g <= groups; ++g) links.push_back({0, 1, 1, 1, g});              // group 1 is the zone
    book->set_links(links);

    // Entries: 75 % new records, 25 % amend an earlier one. Kept beside: the last state of each, and one subtree's
    // total at half time.
    struct Fact {
        std::int32_t unit, month, value;
    };
    std::vector<Fact> facts;
    facts.reserve(static_cast<std::size_t>(entries));
    std::vector<figure::Posting> postings;
    std::int64_t posted = 0, half_sum = 0, half_position = entries / 2;
    const auto in_question = [](const Fact& f) { return f.unit % groups + 1 == 7 && f.month >= 12 && f.month < 18; };
    const auto post = [&](const Fact& f, std::int64_t position, std::int64_t record, int sign) {
        for (int i = 0; i < 4; ++i) {
            figure::Posting p;
            p.what.cell = {i, first_month + f.month, f.unit, 0, 0};
            p.what.value = i == 1 ? 1 : f.value;
            p.what.day =
                yipan::Period::of_month(first_month + f.month).first_day().days + static_cast<int>(record % 28);
            p.position = position;
            p.record = record;
            p.sign = static_cast<std::int8_t>(sign);
            postings.push_back(p);
        }
        if (position <= half_position && in_question(f)) half_sum += sign * f.value;
    };
    Times applying, flushing;
    const auto start = steady_clock::now();
    for (std::int64_t position = 1; position <= entries;) {
        postings.clear();
        for (int i = 0; i < 256 && position <= entries; ++i, ++position) {
            const Fact f{static_cast<std::int32_t>(random_next() % units) + 1,
                         static_cast<std::int32_t>(random_next() % months),
                         static_cast<std::int32_t>(random_next() % 1'000'000)};
            if (!facts.empty() && random_next() % 4 == 0) {
                const auto k = static_cast<std::size_t>(random_next() % facts.size());
                post(facts[k], position, static_cast<std::int64_t>(k) + 1, -1);
                facts[k] = f;
                post(f, position, static_cast<std::int64_t>(k) + 1, 1);
            } else {
                facts.push_back(f);
                post(f, position, static_cast<std::int64_t>(facts.size()), 1);
            }
        }
        auto t = steady_clock::now();
        book->apply(postings, position - 1);
        applying.add(ms_since(t));
        posted += static_cast<std::int64_t>(postings.size());
        if (book->pending_entries() < figure::run_entries) continue;
        t = steady_clock::now();
        if (file) file->run("begin immediate");
        YIPAN_CHECK(book->flush());
        if (file) file->run("commit");
        book->commit_flush();
        flushing.add(ms_since(t));
    }
    std::printf("%lld entries, %lld postings in %.1f s; apply %.0f ns a posting; flush share %.0f %%\n",
                static_cast<long long>(entries), static_cast<long long>(posted), ms_since(start) / 1e3,
                applying.total * 1e6 / static_cast<double>(posted), 100 * flushing.total / ms_since(start));
    flushing.print("flush (4096 entries)");
    std::printf("memory of the book %.1f MB", static_cast<double>(book->memory_bytes()) / 1e6);
    if (!file)
        std::printf(
            ", runs %.1f bytes an entry",
            static_cast<double>(static_cast<figure::MemoryRunStore&>(*store).bytes()) / static_cast<double>(entries));
    std::printf(", %zu runs\n", store->list()->size());

    figure::Ask ask;
    ask.figure = 0;
    ask.unit_type = 1;
    ask.unit = 7;
    ask.period = *yipan::Period::parse("2025H1");
    std::int64_t sum = 0;
    for (const Fact& f : facts) sum += in_question(f) ? f.value : 0;
    YIPAN_CHECK(book->value(ask).number.units == sum);

    Times cold, warm, stock, known, near, first_page, deep_page, stock_page, changes;
    for (int round = 0; round < 20; ++round) {
        auto t = steady_clock::now();
        for (int i = 0; i < 500; ++i) {
            figure::Ask a = ask;
            a.figure = i % 2;
            a.unit_type = i % 5 == 0 ? 1 : 0;
            a.unit = i % 5 == 0 ? i % groups + 1 : i * 2 % units + 1;
            YIPAN_CHECK(book->value(a).has);
        }
        (round == 0 ? cold : warm).add(ms_since(t));
        figure::Ask s = ask;
        s.figure = 3;
        s.unit = 1;
        t = steady_clock::now();
        YIPAN_CHECK(book->value(s).has);
        if (round > 0)
            stock.add(ms_since(t));
        else
            std::printf("stock of 1,000 units, first time %.1f ms\n", ms_since(t));
        figure::Ask k = ask;
        k.as_known = yipan::Position(half_position);
        t = steady_clock::now();
        YIPAN_CHECK(book->value(k).number.units == half_sum);
        known.add(ms_since(t));
        k.as_known = yipan::Position(entries - entries / 50);
        t = steady_clock::now();
        YIPAN_CHECK(book->value(k).has);
        near.add(ms_since(t));
        t = steady_clock::now();
        const auto why = book->why(ask, {0, 50});
        first_page.add(ms_since(t));
        YIPAN_CHECK(why.rows.size() == 50);
        t = steady_clock::now();
        YIPAN_CHECK(book->why(ask, {why.rows_total / 2, 50}).rows.size() == 50);
        deep_page.add(ms_since(t));
        t = steady_clock::now();
        YIPAN_CHECK(
            book->difference(ask, yipan::Position(entries - 10'000), yipan::Position(entries), 1000).has_value());
        changes.add(ms_since(t));
    }
    cold.print("500 plain values, first time");
    warm.print("500 plain values");
    stock.print("stock of 1,000 units, remembered");
    known.print("as known at half, 50 units x 6 months");
    near.print("as known 2 % back, 50 units x 6 months");
    first_page.print("why, first page");
    deep_page.print("why, page in the middle");
    changes.print("difference over the last 10,000 entries");

    const auto t = steady_clock::now();
    figure::Book again(plan, *store);
    YIPAN_CHECK(again.open());
    std::printf("open %.0f ms, up to entry %lld\n", ms_since(t), static_cast<long long>(again.position()));
    return 0;
}
