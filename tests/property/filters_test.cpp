// I8 rests on this: a filter as SQL selects exactly the records for which the evaluator says true, on whatever records
// a board holds.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "cel/program.h"
#include "record/view.h"
#include "tiny_model.h"
#include "yard.h"

namespace yipan::property {
namespace {

/// Random boolean expressions over the fields of a type and of what it refers to, two hops far.
class Filters {
  public:
    Filters(const model::Model& model, std::uint64_t seed) : model_(model), random_(seed) {}

    std::string over(int type, int depth) {
        if (depth > 0) {
            switch (roll(8)) {
                case 0:
                case 1: return "(" + over(type, depth - 1) + " && " + over(type, depth - 1) + ")";
                case 2:
                case 3: return "(" + over(type, depth - 1) + " || " + over(type, depth - 1) + ")";
                case 4: return "!(" + over(type, depth - 1) + ")";
                case 5:
                    return "(" + over(type, depth - 1) + " ? " + over(type, depth - 1) + " : " + over(type, depth - 1) +
                           ")";
                default: break;
            }
        }
        return atom(type);
    }

  private:
    struct Term {
        std::string path;
        const model::Field* field;
    };
    std::size_t roll(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

    Term term(int type) {
        std::string path;
        for (int hop = 0;; ++hop) {
            const model::Type& shape = model_.types[static_cast<std::size_t>(type)];
            const model::Field& field = shape.fields[roll(shape.fields.size())];
            path += (path.empty() ? "" : ".") + field.code;
            if (field.kind != model::FieldKind::reference || hop == 2 || roll(4) == 0) return {path, &field};
            type = field.target;
        }
    }
    std::string literal(const model::Field& field) {
        switch (field.kind) {
            case model::FieldKind::money: return fmt::format("yuan({})", static_cast<int>(roll(80)) - 20);
            case model::FieldKind::decimal: return fmt::format("decimal('{}.{}')", roll(2), roll(10));
            case model::FieldKind::integer: return std::to_string(static_cast<int>(roll(200)) - 20);
            case model::FieldKind::date:
                return "date('" + Date::of(2025, 10, 1)->plus_days(static_cast<int>(roll(512))).text() + "')";
            case model::FieldKind::period:
                return "period('" +
                       Period::month(2025 + static_cast<int>(roll(2)), 1 + static_cast<int>(roll(12))).text() + "')";
            case model::FieldKind::boolean: return roll(2) ? "true" : "false";
            case model::FieldKind::choice: return "'" + field.choices[roll(field.choices.size())].code + "'";
            default: return fmt::format("'t{}'", roll(5));
        }
    }
    std::string atom(int type) {
        const Term t = term(type);
        static constexpr const char* comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
        if (roll(5) == 0) return t.path + (roll(2) ? " == null" : " != null");
        switch (t.field->kind) {
            case model::FieldKind::reference: {
                const Term other = term(type);
                if (other.field->kind == model::FieldKind::reference && other.field->target == t.field->target)
                    return t.path + (roll(2) ? " == " : " != ") + other.path;
                return t.path + " != null";
            }
            case model::FieldKind::boolean: return roll(2) ? t.path : t.path + " == " + literal(*t.field);
            case model::FieldKind::choice:
                if (roll(2)) return t.path + " in [" + literal(*t.field) + ", 'planned', " + literal(*t.field) + "]";
                return t.path + (roll(2) ? " == " : " != ") + literal(*t.field);
            case model::FieldKind::text:
                if (roll(3) == 0) return t.path + ".startsWith('t')";
                if (roll(3) == 0) return t.path + ".contains('1')";
                break;
            case model::FieldKind::money:
            case model::FieldKind::decimal:
            case model::FieldKind::integer:
                if (roll(4) == 0)
                    return fmt::format("{} + {} {} {}", t.path, t.path, comparisons[roll(6)], literal(*t.field));
                break;
            default: break;
        }
        const Term other = term(type);
        const bool alike = other.field->kind == t.field->kind && other.field->scale == t.field->scale && roll(2);
        return fmt::format("{} {} {}", t.path, comparisons[roll(6)], alike ? other.path : literal(*t.field));
    }

    const model::Model& model_;
    std::mt19937_64 random_;
};

TEST(Filters, a_filter_as_sql_selects_exactly_the_records_for_which_it_is_true) {
    Yard yard(tiny_model());
    for (const auto& group : grouped(random_steps(4711, 250))) ASSERT_EQ(yard.apply(yard.draft_of(group)), "");
    const model::Model& model = yard.model();
    const auto snapshot = yard.board().snapshot();
    Filters filters(model, 8);
    int taken = 0, refused = 0, some = 0;
    for (int i = 0; i < 1500; ++i) {
        const int type = model.find_type(std::vector<const char*>{"payment", "project", "organ", "organ_link", "staff",
                                                                  "output", "area"}[static_cast<std::size_t>(i % 7)]);
        const std::string text = filters.over(type, i % 4);
        cel::Env env;
        env.self = model.types[static_cast<std::size_t>(type)].object;
        env.schema = static_cast<const cel::Schema*>(model.schema.get());
        env.expected = cel::Type::boolean();
        const auto program = cel::compile(text, env);
        const auto rows = snapshot->list(type, text, 0, 10'000, board::Voids::included);
        if (!program || !rows) {
            if (++refused <= 5)
                std::printf("refused: %s: %s\n", text.c_str(),
                            program ? rows.error().text().c_str() : text_of(program.error()).c_str());
            EXPECT_FALSE(!program && rows.has_value()) << text << ": listed although it does not compile";
            continue;
        }
        ++taken;
        std::vector<std::int64_t> expected, found;
        ASSERT_TRUE(snapshot
                        ->each(type,
                               [&](const record::RecordPtr& record) {
                                   record::Views views(model, snapshot->resolver());
                                   cel::Activation activation;
                                   activation.self = views.of(*record);
                                   if (program->holds(activation)) expected.push_back(record->id.value);
                                   return true;
                               })
                        .has_value());
        for (const auto& row : rows->rows) found.push_back(row->id.value);
        EXPECT_EQ(found, expected) << text;
        const auto count = snapshot->count(type, text, board::Voids::included);
        ASSERT_TRUE(count.has_value()) << text;
        EXPECT_EQ(*count, static_cast<std::int64_t>(expected.size())) << text;
        if (!expected.empty()) ++some;
    }
    std::printf("%d filters compared, %d refused, %d selected something\n", taken, refused, some);
    EXPECT_GT(taken, 1000) << refused << " of 1500 filters were refused: the comparison would test little";
    EXPECT_GT(some, 300);
}

}  // namespace
}  // namespace yipan::property
