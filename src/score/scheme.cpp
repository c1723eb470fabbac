#include "score/scheme.h"

#include <fmt/format.h>

#include <unordered_set>

#include "score/reader.h"

namespace yipan::score {
namespace {

/// What a node hands down to its children unless they say otherwise.
struct Inherited {
    Weights weights = Weights::relative;
    Aggregate aggregate = Aggregate::arithmetic;
    Missing missing = Missing::refuse;
    double min_share = 0;
    const yaml::Node* formula = nullptr;
};

void read_policies(Reader& reader, const yaml::Node& at, Inherited& out) {
    out.weights = reader.choice<Weights>(at, "weights", out.weights,
                                         {{"relative", Weights::relative}, {"points", Weights::points}});
    out.aggregate = reader.choice<Aggregate>(at, "aggregate", out.aggregate,
                                             {{"arithmetic", Aggregate::arithmetic},
                                              {"geometric", Aggregate::geometric},
                                              {"harmonic", Aggregate::harmonic},
                                              {"weighted_median", Aggregate::weighted_median}});
    out.missing = reader.choice<Missing>(at, "missing", out.missing,
                                         {{"reweight", Missing::reweight},
                                          {"zero", Missing::zero},
                                          {"peer_mean", Missing::peer_mean},
                                          {"refuse", Missing::refuse}});
    if (const yaml::Node* share = at.find("min_share")) {
        out.min_share = reader.number(*share, "min_share").value_or(0);
        if (out.min_share < 0 || out.min_share > 1)
            reader.problem(*share, "min_share lies outside 0..1", "0.66 asks for 66% of the weight");
    }
    if (const yaml::Node* formula = at.find("formula")) out.formula = formula;
}

class TreeReader {
  public:
    TreeReader(Reader& reader, Variant& out) : reader_(reader), out_(out) {}

    void read(const yaml::Node& at, int parent, const Inherited& from, int depth, bool skeleton) {
        if (depth > tree_depth_max || out_.nodes.size() >= nodes_max) {
            reader_.problem(
                at, fmt::format("the tree is deeper than {} levels or larger than {} nodes", tree_depth_max, nodes_max),
                "split the scheme");
            return;
        }
        if (!reader_.is_map(at, "a node of the tree")) return;
        const int index = static_cast<int>(out_.nodes.size());
        out_.nodes.emplace_back();
        if (parent >= 0) out_.nodes[parent].children.push_back(index);
        const yaml::Node* leaf = at.find("indicator");
        const yaml::Node* code = leaf ? leaf : at.find("code");
        Node node;
        node.parent = parent;
        if (!code)
            reader_.problem(at, "a node has no code", "\"code: NAME\" for a group, \"indicator: NAME\" for a leaf");
        else
            node.code = reader_.code(*code, leaf ? "indicator" : "code");
        if (code && !node.code.empty() && !codes_.insert(node.code).second)
            reader_.problem(*code, fmt::format("code \"{}\" stands twice in the tree", node.code),
                            "give the second one its own code; \"column:\" in its formula names the shared column");
        node.label = reader_.label(at, node.code);
        read_weight(at, node, from, leaf != nullptr);
        node.missing = from.missing;
        if (leaf) read_leaf(at, node, from);
        Inherited own = from;
        if (!leaf) {
            reader_.only_keys(
                at, {"code", "label", "weight", "weights", "aggregate", "missing", "min_share", "formula", "children"},
                "a group");
            read_policies(reader_, at, own);
            node.weights = own.weights;
            node.aggregate = own.aggregate;
            node.min_share = own.min_share;
            if (own.weights == Weights::points && own.aggregate != Aggregate::arithmetic)
                reader_.problem(at, "points can only be added", "weights: relative, or aggregate: arithmetic");
        }
        const bool weight_given = at.find("weight") != nullptr;
        const bool children_count_points = node.weights == Weights::points;
        out_.nodes[index] = std::move(node);  // children are added by index below
        if (leaf) return;
        read_children(at, index, own, depth, skeleton);
        check_sums(at, index, from, weight_given, children_count_points);
    }

  private:
    void read_weight(const yaml::Node& at, Node& node, const Inherited& from, bool leaf) {
        const yaml::Node* weight = at.find("weight");
        if (weight) {
            node.weight = reader_.number(*weight, "weight").value_or(1);
            if (node.weight < 0)
                reader_.problem(*weight, fmt::format("weight is {}", node.weight), "0 (not assessed) or more");
        } else if (leaf && from.weights == Weights::points) {
            reader_.problem(at, "weight is missing", "add \"weight: points\"");
        }
    }

    void read_leaf(const yaml::Node& at, Node& node, const Inherited& from) {
        reader_.only_keys(at,
                          {"indicator", "label", "weight", "alias", "direction", "transform", "unit", "period",
                           "department", "evidence", "figure", "window", "peers", "cap", "floor", "missing", "formula"},
                          "an indicator");
        Indicator out;
        out.aliases = reader_.words(at, "alias");
        out.direction = reader_.choice<Direction>(at, "direction", Direction::up,
                                                  {{"up", Direction::up}, {"down", Direction::down}});
        out.transform = reader_.choice<Transform>(at, "transform", Transform::none,
                                                  {{"none", Transform::none}, {"log", Transform::log}});
        out.unit = reader_.word(at, "unit");
        out.period = reader_.word(at, "period");
        out.department = reader_.word(at, "department");
        out.evidence = reader_.word(at, "evidence");
        out.figure = reader_.word(at, "figure");
        out.window = reader_.word(at, "window");
        if (at.find("peers"))
            out.peers = reader_.choice<Peers>(at, "peers", Peers::all, {{"all", Peers::all}, {"group", Peers::group}});
        out.cap = reader_.number_or(at, "cap", unbounded);
        out.floor = reader_.number_or(at, "floor", -unbounded);
        if (out.floor > out.cap)
            reader_.problem(at, "floor lies above cap", "floor <= cap, both in multiples of full marks");
        Inherited own = from;
        if (at.find("missing")) {
            read_policies(reader_, at, own);
            node.missing = own.missing;
        }
        const yaml::Node* formula = at.find("formula");
        if (!formula) formula = from.formula;
        std::optional<double> points;
        if (from.weights == Weights::points && node.weight > 0) points = node.weight;
        if (formula) {
            out.formula = read_formula(reader_, *formula, out.direction, out.transform, points);
            if (from.weights == Weights::points && !out.formula.full)
                reader_.problem(at,
                                fmt::format("{} has no full marks to count points by", formula_name(out.formula.kind)),
                                "add \"full: number\" to the formula, or use relative weights");
        } else {
            reader_.problem(at, fmt::format("indicator \"{}\" has no formula", node.code),
                            "add \"formula: {kind: minmax}\" here or to the scheme");
        }
        node.indicator = std::move(out);
    }

    void read_children(const yaml::Node& at, int index, const Inherited& own, int depth, bool skeleton) {
        const yaml::Node* children = at.find("children");
        const bool filled = children && children->is_list() && !children->items.empty();
        if (children && !children->is_list() && !children->is_null())
            reader_.problem(*children, "children is not a list", "start each child with \"- \"");
        if (!filled && !skeleton)
            reader_.problem(at, fmt::format("\"{}\" has no indicators", out_.nodes[index].code),
                            "add children, or say \"skeleton: true\" for a scheme not yet filled");
        if (!filled) return;
        for (const yaml::Node& child : children->items) read(child, index, own, depth + 1, skeleton);
    }

    // Points must add up where they are stated twice; relative weights must not all be zero.
    void check_sums(const yaml::Node& at, int index, const Inherited& from, bool weight_given, bool points) {
        Node& node = out_.nodes[index];
        if (node.children.empty()) return;
        double sum = 0;
        for (int child : node.children) sum += out_.nodes[child].weight;
        const bool in_points = from.weights == Weights::points && node.parent >= 0;
        if (sum <= 0 && node.weight > 0 && !points)
            reader_.problem(at, fmt::format("the weights below \"{}\" are all 0", node.code),
                            "give at least one child a weight, or this node weight 0");
        if (points && in_points && weight_given && node.weight > 0 && std::abs(sum - node.weight) > 1e-9)
            reader_.problem(at,
                            fmt::format("\"{}\" has {} points but its children have {}", node.code, node.weight, sum),
                            "make them agree, or drop one");
        if (in_points && !weight_given) {
            if (points)
                node.weight = sum;
            else
                reader_.problem(at, fmt::format("\"{}\" has no points", node.code), "add \"weight: points\"");
        }
        if (!points) check_scales(at, node);
    }

    void check_scales(const yaml::Node& at, const Node& node) {
        std::optional<double> first;
        for (int child : node.children) {
            const Node& below = out_.nodes[child];
            if (!below.indicator || !below.indicator->formula.full || below.weight == 0) continue;
            const double full = *below.indicator->formula.full;
            if (first && std::abs(*first - full) > 1e-9)
                reader_.problem(at,
                                fmt::format("\"{}\" mixes scales: full marks are {} and {}", node.code, *first, full),
                                "give the formulas the same \"scale\" or \"range\", or count in points");
            if (!first) first = full;
        }
    }

    Reader& reader_;
    Variant& out_;
    std::unordered_set<std::string> codes_;
};

void read_variants(Reader& reader, const yaml::Node& root, Scheme& out) {
    const yaml::Node* at = root.find("variants");
    if (!at) {
        out.variants.emplace_back();
        out.variants[0].label = out.label;
    } else if (at->is_map() && !at->keys.empty()) {
        if (at->keys.size() > variants_max)
            reader.problem(*at, fmt::format("more than {} variants", variants_max), "split the scheme");
        for (std::size_t i = 0; i < at->keys.size() && i < variants_max; ++i) {
            Variant variant;
            variant.code = reader.code(at->keys[i], "variant");
            if (!at->items[i].is_null() && reader.is_map(at->items[i], "a variant"))
                reader.only_keys(at->items[i], {"label", "weights", "aggregate", "missing", "min_share", "formula"},
                                 "a variant");
            variant.label = reader.label(at->items[i], variant.code);
            out.variants.push_back(std::move(variant));
        }
    } else {
        reader.problem(*at, "variants is not a map", "variants: {outcome: {label: [...]}}");
        out.variants.emplace_back();
    }
    out.variant_by = reader.choice<VariantBy>(
        root, "variant_by", VariantBy::none,
        {{"none", VariantBy::none}, {"group", VariantBy::group}, {"class", VariantBy::unit_class}});
    out.default_variant = reader.word(root, "default_variant");
    if (out.default_variant.empty()) out.default_variant = out.variants[0].code;
    if (!out.variant(out.default_variant))
        reader.problem(*root.find("default_variant"), fmt::format("there is no variant \"{}\"", out.default_variant),
                       "name one of variants");
}

void check_total(Reader& reader, const yaml::Node& root, const Variant& variant) {
    const yaml::Node* at = root.find("total");
    if (!at || variant.nodes.empty()) return;
    const std::optional<double> total = reader.number(*at, "total");
    if (!total) return;
    double sum = 0;
    for (int child : variant.nodes[0].children) sum += variant.nodes[child].weight;
    if (std::abs(sum - *total) > 1e-9)
        reader.problem(*at,
                       variant.code.empty() ? fmt::format("the first-level weights sum to {}, not {}", sum, *total)
                                            : fmt::format("the first-level weights of variant \"{}\" sum to {}, not {}",
                                                          variant.code, sum, *total),
                       "correct a weight or the total");
}

void read_head(Reader& reader, const yaml::Node& root, Scheme& out) {
    reader.only_keys(root,
                     {"scheme",    "label",    "source",          "notes",      "skeleton", "total",       "weights",
                      "aggregate", "formula",  "missing",         "min_share",  "peers",    "rank_within", "ties",
                      "display",   "variants", "default_variant", "variant_by", "cap",      "difficulty",  "order",
                      "events",    "classes",  "rank_rules",      "tree"},
                     "a scheme");
    if (const yaml::Node* code = root.find("scheme"))
        out.code = reader.code(*code, "scheme");
    else
        reader.problem(root, "scheme is missing", "start with \"scheme: code\"");
    out.label = reader.label(root, out.code);
    out.source = reader.word(root, "source");
    out.notes = reader.words(root, "notes");
    out.skeleton = reader.flag(root, "skeleton", false);
    out.display = reader.whole_or(root, "display", 2, 0, 12);
    out.ties = reader.choice<TieRule>(
        root, "ties", TieRule::competition,
        {{"competition", TieRule::competition}, {"dense", TieRule::dense}, {"shared_mean", TieRule::shared_mean}});
    out.peers = reader.choice<Peers>(root, "peers", Peers::all, {{"all", Peers::all}, {"group", Peers::group}});
    out.rank_within =
        reader.choice<Peers>(root, "rank_within", Peers::all, {{"all", Peers::all}, {"group", Peers::group}});
    out.cap = reader.number_or(root, "cap", unbounded);
}
}  // namespace

const Variant* Scheme::variant(std::string_view variant_code) const {
    for (const Variant& candidate : variants)
        if (candidate.code == variant_code) return &candidate;
    return nullptr;
}

Checked<Scheme> parse_scheme(std::string_view yaml_text, std::string_view file) {
    YIPAN_TRY(const yaml::Node root, yaml::parse(yaml_text, file));
    Errors errors;
    Reader reader(file, errors);
    Scheme out;
    out.file = std::string(file);
    if (!reader.is_map(root, "a scheme")) return fail(std::move(errors));
    read_head(reader, root, out);
    read_variants(reader, root, out);
    read_rules(reader, root, out);
    const yaml::Node* tree = root.find("tree");
    if (!tree) reader.problem(root, "tree is missing", "tree: {code: total, children: [...]}");
    std::vector<std::string> names;
    for (const Variant& variant : out.variants)
        if (!variant.code.empty()) names.push_back(variant.code);
    const yaml::Node* variants = root.find("variants");
    for (Variant& variant : out.variants) {
        reader.use_variant(variant.code, names);
        Inherited top;
        read_policies(reader, root, top);
        const yaml::Node* own = variants ? variants->find(variant.code) : nullptr;
        if (own && own->is_map()) read_policies(reader, *own, top);
        if (tree) TreeReader(reader, variant).read(*tree, -1, top, 1, out.skeleton);
        check_total(reader, root, variant);
    }
    if (!errors.empty()) return fail(std::move(errors));
    return out;
}

}  // namespace yipan::score
