#include "access/directory.h"

#include <algorithm>

#include "record/view.h"

namespace yipan::access {
namespace {
bool valid_on(const record::Record& r, int from, int to, Date day) {
    const auto* a = from >= 0 ? record::as_integer(r.at(from)) : nullptr;
    const auto* b = to >= 0 ? record::as_integer(r.at(to)) : nullptr;
    return (!a || *a <= day.days) && (!b || day.days <= *b);
}
std::int64_t id_at(const record::Record& r, int field) {
    const auto* id = field >= 0 ? record::as_integer(r.at(field)) : nullptr;
    return id ? *id : 0;
}
}  // namespace

bool Directory::reads(const model::Model& model, int type) {
    const auto& identity = model.identity;
    if (type == identity.holds.type || type == identity.post || type == identity.unit_type || type == model.rights.grants.type)
        return true;
    if (model.rights.forest < 0) return false;
    const auto& links = model.forests[static_cast<std::size_t>(model.rights.forest)].links;
    return std::any_of(links.begin(), links.end(), [&](const auto& link) { return link.type == type; });
}

Result<std::shared_ptr<const Directory>> Directory::read(board::Snapshot& snapshot) {
    const model::Model& model = snapshot.model();
    const auto& identity = model.identity;
    auto out = std::make_shared<Directory>();
    out->today_ = snapshot.today();
    out->position_ = snapshot.position();
    out->unit_type_ = identity.unit_type;
    if (const auto& h = identity.holds; h.type >= 0)
        YIPAN_TRY_VOID(snapshot.each(h.type, [&](const record::RecordPtr& r) {
            if (!valid_on(*r, h.from, h.to, out->today_)) return true;
            const auto* kind = h.kind >= 0 ? record::as_text(r->at(h.kind)) : nullptr;
            out->holders_[id_at(*r, h.person)].push_back({RecordId(id_at(*r, h.post)), kind ? *kind : ""});
            return true;
        }));
    for (const auto& [person, posts] : out->holders_)
        for (const Held& held : posts) out->holder_of_.emplace(held.post.value, person);  // the first stays
    const auto give = [&](std::int64_t post, RoleOver role) {
        auto& roles = out->roles_[post];
        if (std::find(roles.begin(), roles.end(), role) == roles.end()) roles.push_back(role);
    };
    if (identity.post >= 0)
        YIPAN_TRY_VOID(snapshot.each(identity.post, [&](const record::RecordPtr& r) {
            const std::int64_t unit = id_at(*r, identity.unit);
            out->units_[r->id.value] = unit;
            for (std::size_t i = 0; i < model.rights.roles.size(); ++i) {
                const auto& role = model.rights.roles[i];
                if (!role.posts || unit == 0) continue;
                record::Views views(model, snapshot.resolver());
                cel::Activation activation;
                activation.self = views.of(*r);
                if (role.posts->program.holds(activation)) give(r->id.value, {static_cast<int>(i), unit});
            }
            return true;
        }));
    if (const auto& g = model.rights.grants; g.type >= 0)
        YIPAN_TRY_VOID(snapshot.each(g.type, [&](const record::RecordPtr& r) {
            const auto* code = record::as_text(r->at(g.role));
            const int role = code ? model.rights.find_role(*code) : -1;
            if (role >= 0 && valid_on(*r, g.from, g.to, out->today_)) give(id_at(*r, g.post), {role, id_at(*r, g.unit)});
            return true;
        }));
    if (model.rights.forest >= 0) {
        for (const auto& link : model.forests[static_cast<std::size_t>(model.rights.forest)].links) {
            const auto& fields = model.types[static_cast<std::size_t>(link.type)].fields;
            const int parent = fields[static_cast<std::size_t>(link.parent)].target, child = fields[static_cast<std::size_t>(link.child)].target;
            YIPAN_TRY_VOID(snapshot.each(link.type, [&](const record::RecordPtr& r) {
                if (valid_on(*r, link.from, link.to, out->today_))
                    out->children_[{parent, id_at(*r, link.parent)}].emplace_back(child, id_at(*r, link.child));
                return true;
            }));
        }
    }
    for (const auto& [parent, below] : out->children_)
        for (const Node& child : below) {
            auto& above = out->parents_[child];
            if (std::find(above.begin(), above.end(), parent) == above.end()) above.push_back(parent);
        }
    return std::shared_ptr<const Directory>(std::move(out));
}

const std::vector<Held>& Directory::posts_of(RecordId person) const {
    static const std::vector<Held> none;
    const auto at = holders_.find(person.value);
    return at == holders_.end() ? none : at->second;
}
RecordId Directory::holder_of(RecordId post) const {
    const auto at = holder_of_.find(post.value);
    return at == holder_of_.end() ? RecordId() : RecordId(at->second);
}
const std::vector<RoleOver>& Directory::roles_of(RecordId post) const {
    static const std::vector<RoleOver> none;
    const auto at = roles_.find(post.value);
    return at == roles_.end() ? none : at->second;
}
std::int64_t Directory::unit_of(RecordId post) const {
    const auto at = units_.find(post.value);
    return at == units_.end() ? 0 : at->second;
}
std::vector<Directory::Node> Directory::children(Node node) const {
    const auto at = children_.find(node);
    return at == children_.end() ? std::vector<Node>{} : at->second;
}
std::vector<Directory::Node> Directory::parents(Node node) const {
    const auto at = parents_.find(node);
    return at == parents_.end() ? std::vector<Node>{} : at->second;
}
const std::set<std::pair<int, std::int64_t>>& Directory::below(std::int64_t unit) const {
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] = below_.try_emplace(unit);
    if (!fresh) return at->second;  // entries of a map stay where they are
    std::vector<std::pair<int, std::int64_t>> open{{unit_type_, unit}};
    while (!open.empty()) {
        const auto node = open.back();
        open.pop_back();
        if (!at->second.insert(node).second) continue;
        if (const auto next = children_.find(node); next != children_.end()) open.insert(open.end(), next->second.begin(), next->second.end());
    }
    return at->second;
}

}  // namespace yipan::access
