// Forests: dated links from a parent record to a child record.
#include "model/loader.h"

namespace yipan::model {
namespace {
constexpr std::size_t links_max = 20;  // of a forest

int end_of_link(Loader& loader, const Section& link, int type, std::string_view keyword) {
    link.missing(keyword, std::string(keyword) + ": <reference field of the link type>");
    const auto word = link.word(keyword);
    if (!word || type < 0) return -1;
    const int field = loader.resolve_field(type, *word, link.subject());
    if (field >= 0 && loader.field(type, field).kind != FieldKind::reference &&
        !loader.damaged.contains({type, word->text})) {
        link.wrong(keyword, "field \"" + word->text + "\" is not a reference", "a link leads from record to record");
        return -1;
    }
    return field;
}
int date_of_link(Loader& loader, const Section& link, int type, std::string_view keyword) {
    const auto word = link.word(keyword);
    if (!word || type < 0) return -1;
    const int field = loader.resolve_field(type, *word, link.subject());
    if (field >= 0 && loader.field(type, field).kind != FieldKind::date &&
        !loader.damaged.contains({type, word->text})) {
        link.wrong(keyword, "field \"" + word->text + "\" is not a date",
                   "from and to are date fields, both inclusive");
        return -1;
    }
    return field;
}

void read_links(Loader& loader, Forest& forest, const Section& section) {
    section.missing("links", "links: [{type: ..., parent: ..., child: ...}]");
    const yaml::Node* links = section.find("links");
    if (!links) return;
    if (!links->is_list() || links->items.empty() || links->items.size() > links_max) {
        section.wrong("links", "\"links\" is not a list of 1 to 20 links",
                      "links: [{type: ..., parent: ..., child: ...}]");
        return;
    }
    for (const yaml::Node& item : links->items) {
        const Section link(loader.problems, section.file(), item, item, section.subject() + " link",
                           {"type", "parent", "child", "from", "to"});
        link.missing("type", "type: <record type of the link>");
        ForestLink out;
        if (const auto type = link.word("type")) out.type = loader.resolve_type(*type, link.subject());
        out.parent = end_of_link(loader, link, out.type, "parent");
        out.child = end_of_link(loader, link, out.type, "child");
        out.from = date_of_link(loader, link, out.type, "from");
        out.to = date_of_link(loader, link, out.type, "to");
        if (out.parent >= 0 && out.parent == out.child)
            link.wrong("child", "parent and child are the same field", "a link has two ends");
        if (out.from >= 0 && out.from == out.to)
            link.wrong("to", "from and to are the same field", "the first and the last day of the link");
        forest.links.push_back(out);
    }
}
}  // namespace

void read_forests(Loader& loader) {
    for (const Declaration& declared : loader.forests) {
        Forest& forest = loader.model.forests.emplace_back();
        forest.code = declared.key->text;
        const Section section = loader.section(declared, "forest " + forest.code, {"label", "links"});
        forest.label = section.label();
        read_links(loader, forest, section);
    }
}

}  // namespace yipan::model
