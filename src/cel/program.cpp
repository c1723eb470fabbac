#include "cel/program.h"

#include "cel/checker.h"
#include "cel/eval.h"

namespace yipan::cel {

Checked<Program> compile(std::string_view text, const Env& env) {
    YIPAN_TRY(auto tree, parse_tree(text, env.limits, env.macros));
    Findings found = check_tree(*tree, env);
    if (!found.errors.empty()) return fail(std::move(found.errors));
    auto impl = std::make_shared<Program::Impl>();
    impl->tree = tree;
    impl->limits = env.limits;
    impl->locals = found.locals;
    impl->result = tree->root->type;
    impl->paths = std::move(found.paths);
    impl->risks = std::move(found.risks);
    impl->figures = std::move(found.figures);
    impl->self = env.self;
    impl->variables = env.variables;
    impl->checked = env.check;
    std::vector<PlannedQuery> planned;
    Errors errors;
    for (const QueryUse& use : found.queries) {
        auto plan = plan_query(*tree, use, env);
        if (plan)
            planned.push_back(std::move(*plan));
        else
            errors.insert(errors.end(), plan.error().begin(), plan.error().end());
    }
    if (!errors.empty()) return fail(std::move(errors));
    for (const PlannedQuery& p : planned) impl->queries.push_back(p.query);
    generate(*impl, *tree->root, planned);
    return Program(std::move(impl));
}

const Type& Program::result_type() const { return impl_->result; }
const std::string& Program::text() const { return impl_->tree->text; }
const std::vector<std::vector<std::string>>& Program::paths() const { return impl_->paths; }
const std::vector<NullRisk>& Program::may_fail_on_null() const { return impl_->risks; }
const std::vector<SqlQuery>& Program::queries() const { return impl_->queries; }
const std::vector<std::string>& Program::figures() const { return impl_->figures; }
std::string Program::print() const { return print_tree(*impl_->tree->root); }

Checked<std::string> reprint(std::string_view text, const Limits& limits) {
    YIPAN_TRY(auto tree, parse_tree(text, limits, true));
    return print_tree(*tree->root);
}

}  // namespace yipan::cel
