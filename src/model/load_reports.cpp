// Report templates: the label of their head. What else stands in them is read by src/report when one is asked for.
#include "model/loader.h"

namespace yipan::model {
namespace {
// The YAML between the first line "---" and the next; the first line is kept empty, so that places are those of the
// file.
std::string head_of(std::string_view text) {
    if (text.substr(0, 4) != "---\n" && text.substr(0, 5) != "---\r\n") return {};
    std::string head;
    for (std::size_t at = text.find('\n') + 1; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line == "---") return "\n" + head;
        head += std::string(line) + "\n";
        at = end + 1;
    }
    return {};
}
}  // namespace

void read_reports(Loader& loader) {
    for (Report& report : loader.model.reports) {
        report.label = {report.code, report.code, report.code};
        const std::string head = head_of(report.text);
        if (head.empty()) continue;
        auto root = yaml::parse(head, report.path);
        if (!root) {
            for (Error& error : root.error()) loader.problems.add(error.where, error.message, error.hint, error.code);
            continue;
        }
        const yaml::Node* label = root->is_map() ? root->find("label") : nullptr;
        if (!label) {
            loader.problems.add(yaml::place(report.path, *root), "report " + report.code + ": the head has no label",
                                "label: [简体, 繁體, English]");
            continue;
        }
        yaml::Node only;  // the head's other keywords belong to src/report
        only.kind = yaml::Node::Kind::map;
        const Section section(loader.problems, report.path, *root, only, "report " + report.code, {});
        report.label = section.label_of(*label, "label");
    }
}

}  // namespace yipan::model
