// Expressions from hostile hands: no crash, no hang, and what prints parses back to the same print. Also lines of the
// conformance format, and filters: what compiles to SQL must not hold text of the user.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "cel/json_lines.h"
#include "cel/program.h"
#include "cel/sql.h"

namespace {
using namespace yipan;
using cel::Type;
using cel::Value;

struct Row final : cel::Object {
    const cel::ObjectType* type = nullptr;
    Value field(int i) const override {
        switch (i) {
            case 0: return Value::money({12345, {}});
            case 1: return Value::borrowed("text");
            case 2: return Value();
            case 3: return Value::integer(-3);
            case 4: return Value::decimal({150, 2});
            case 5: return Value::date(Date{20000});
            case 6: return Value::object(type, this);
            default: return Value::list({Value::integer(1), Value::integer(2)});
        }
    }
    std::int64_t id() const override { return 1; }
};
struct World {
    cel::Schema schema;
    Row row;
    cel::Env env;
    World() {
        auto& t = schema.add("t");
        t.fields = {{"m", Type::money("CNY"), true, ""},    {"s", Type::string(), false, ""},
                    {"u", Type::string(), true, ""},        {"i", Type::integer(), true, ""},
                    {"d", Type::decimal(2), true, ""},      {"day", Type::date(), true, ""},
                    {"ref", Type::object_of(&t), true, ""}, {"list", Type::list(Type::integer()), true, ""}};
        row.type = &t;
        env.self = &t;
        env.schema = &schema;
        env.queries = true;
        env.variable("x", Type::dyn());
        env.limits.steps = 20'000;
        env.limits.text_bytes = 1 << 16;
    }
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static World world;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (!text.empty() && text[0] == '{') cel::answer_line(text);
    const auto once = cel::reprint(text);
    if (!once) return 0;
    const auto twice = cel::reprint(*once);
    YIPAN_CHECK(twice && *twice == *once);
    for (const bool check : {true, false}) {
        world.env.check = check;
        const auto program = cel::compile(text, world.env);
        if (!program) continue;
        const Value variables[] = {Value::list({Value::integer(1), Value::string("a")})};
        cel::Activation activation;
        activation.variables = variables;
        activation.self = &world.row;
        const auto value = program->evaluate(activation);
        if (check && program->result_type().is(Type::K::boolean) && value) {
            YIPAN_CHECK(value->is(cel::Kind::boolean) || (value->is_null() && program->nullable()));
        }
        if (check) {
            if (const auto filter = cel::to_sql(*program)) {
                const auto bound = filter->bind(activation);
                YIPAN_CHECK(!bound || bound->size() == filter->params.size());
            }
        }
    }
    return 0;
}
