#include "base/yaml.h"

#include <yaml.h>

#include <unordered_set>

namespace yipan::yaml {
namespace {
constexpr std::size_t bytes_max = 8u << 20;
constexpr int depth_max = 64;
constexpr int nodes_max = 200'000;

class Builder {
  public:
    Builder(std::string_view text, std::string_view file) : file_(file) {
        yaml_parser_initialize(&parser_);
        yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    ~Builder() { yaml_parser_delete(&parser_); }
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;

    Checked<Node> document() {
        Node root;
        bool seen = false;
        while (next()) {
            const auto type = event_.type;
            if (type == YAML_STREAM_END_EVENT) {
                drop();
                if (!errors_.empty()) return fail(errors_);
                return root;
            }
            if (type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT ||
                type == YAML_DOCUMENT_END_EVENT) {
                drop();
                continue;
            }
            if (seen) {
                problem(event_.start_mark, "a second document in the same file", "one document per file");
                drop();
                return fail(errors_);
            }
            seen = true;
            if (!node(root, 0)) return fail(errors_);
        }
        return fail(errors_);
    }

  private:
    bool next() {
        if (yaml_parser_parse(&parser_, &event_)) return true;
        yaml_mark_t mark = parser_.problem_mark;
        problem(mark, parser_.problem ? parser_.problem : "not YAML", parser_.context ? parser_.context : "");
        return false;
    }
    void drop() { yaml_event_delete(&event_); }
    void problem(const yaml_mark_t& mark, std::string message, std::string hint) {
        errors_.push_back(
            {Code::invalid_model,
             std::string(file_) + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1),
             std::move(message), std::move(hint)});
    }
    // The event that starts the node is current; consumes it and the node.
    bool node(Node& out, int depth) {
        out.line = static_cast<int>(event_.start_mark.line) + 1;
        out.column = static_cast<int>(event_.start_mark.column) + 1;
        const yaml_mark_t mark = event_.start_mark;
        if (++nodes_ > nodes_max || depth > depth_max) {
            problem(mark, depth > depth_max ? "nested deeper than 64 levels" : "more than 200,000 nodes",
                    "split the file");
            errors_.back().code = Code::limit_exceeded;
            drop();
            return false;
        }
        const auto type = event_.type;
        bool anchored = type == YAML_ALIAS_EVENT;
        if (type == YAML_SCALAR_EVENT) {
            anchored = event_.data.scalar.anchor != nullptr;
            out.text.assign(reinterpret_cast<const char*>(event_.data.scalar.value), event_.data.scalar.length);
            out.quoted = event_.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
            const bool null = !out.quoted && (out.text.empty() || out.text == "~" || out.text == "null");
            out.kind = null ? Node::Kind::null : Node::Kind::scalar;
        } else if (type == YAML_SEQUENCE_START_EVENT) {
            anchored = event_.data.sequence_start.anchor != nullptr;
        } else if (type == YAML_MAPPING_START_EVENT) {
            anchored = event_.data.mapping_start.anchor != nullptr;
        }
        drop();
        if (anchored) {
            problem(mark, "anchors and aliases are not used in declarations", "write the value out");
            return false;
        }
        if (type == YAML_SEQUENCE_START_EVENT) return list(out, depth);
        if (type == YAML_MAPPING_START_EVENT) return map(out, depth);
        return true;
    }
    bool list(Node& out, int depth) {
        out.kind = Node::Kind::list;
        while (next()) {
            if (event_.type == YAML_SEQUENCE_END_EVENT) {
                drop();
                return true;
            }
            if (!node(out.items.emplace_back(), depth + 1)) return false;
        }
        return false;
    }
    bool map(Node& out, int depth) {
        out.kind = Node::Kind::map;
        std::unordered_set<std::string> seen;
        while (next()) {
            if (event_.type == YAML_MAPPING_END_EVENT) {
                drop();
                return true;
            }
            const yaml_mark_t mark = event_.start_mark;
            Node key;
            if (!node(key, depth + 1)) return false;
            if (key.kind != Node::Kind::scalar) {
                problem(mark, "a key must be a word", "");
                return false;
            }
            if (!seen.insert(key.text).second)
                problem(mark, "\"" + key.text + "\" stands twice in the same place", "keep one");
            if (!next()) return false;
            if (!node(out.items.emplace_back(), depth + 1)) return false;
            out.keys.push_back(std::move(key));
        }
        return false;
    }

    std::string_view file_;
    yaml_parser_t parser_{};
    yaml_event_t event_{};
    Errors errors_;
    int nodes_ = 0;
};
}  // namespace

const Node* Node::find(std::string_view key) const {
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].text == key) return &items[i];
    return nullptr;
}

Checked<Node> parse(std::string_view text, std::string_view file) {
    if (text.size() > bytes_max)
        return fail(Errors{{Code::limit_exceeded, std::string(file), "larger than 8 MiB", "split the file"}});
    return Builder(text, file).document();
}

std::string place(std::string_view file, const Node& node) {
    return std::string(file) + ":" + std::to_string(node.line) + ":" + std::to_string(node.column);
}
}  // namespace yipan::yaml
