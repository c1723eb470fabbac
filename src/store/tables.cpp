#include "store/tables.h"

#include <string_view>

#include "base/check.h"

namespace yipan::store {
namespace {
constexpr auto integer = EngineColumn::Kind::integer, text = EngineColumn::Kind::text, blob = EngineColumn::Kind::blob;

const std::vector<EngineTable>& all() {
    static const std::vector<EngineTable> tables = {
        {"yipan_type", {{"id", integer}, {"code", text}, {"next_record", integer}}, 1, "code"},
        {"yipan_channel", {{"id", integer}, {"name", text}}, 1, "name"},
        {"yipan_entry",
         {{"position", integer}, {"time", integer}, {"actor", integer}, {"post", integer}, {"channel", integer},
          {"verb", integer}, {"type", integer, false}, {"record", integer}, {"version", integer}, {"previous", integer},
          {"tx", integer}, {"model", integer}, {"effective", integer}, {"leaf", blob}, {"salt", blob, false},
          {"body", text, false}, {"salt_personal", blob, false}, {"body_personal", text, false},
          {"salt_attachment", blob, false}, {"body_attachment", text, false}, {"commitment", blob, false},
          {"commitment_personal", blob, false}, {"commitment_attachment", blob, false}},
         1},
        {"yipan_node", {{"level", integer}, {"idx", integer}, {"hash", blob}}, 2},
        {"yipan_counter", {{"name", text}, {"value", integer}}, 1},
        {"yipan_receipt", {{"key", text}, {"first", integer}, {"last", integer}}, 1},
        {"yipan_redirect",
         {{"type", integer}, {"record", integer}, {"into_record", integer}, {"key", text, false}},
         2},
        {"yipan_side", {{"space", text}, {"key", text}, {"value", text}}, 2},
        {"yipan_attachment",
         {{"id", integer}, {"hash", text}, {"bytes", integer}, {"added", integer}, {"beside", integer},
          {"complete", integer}},
         1, "hash"},
        {"yipan_attachment_part", {{"attachment", integer}, {"idx", integer}, {"body", blob}}, 2},
        {"yipan_tail", {{"position", integer}, {"body", blob}}, 1},
        {"yipan_run", {{"id", integer}, {"level", integer}, {"first", integer}, {"last", integer}}, 1},
        {"yipan_run_total", {{"run", integer}, {"idx", integer}, {"body", blob}}, 2},
        {"yipan_run_chunk", {{"id", integer}, {"run", integer}, {"first_key", blob}, {"body", blob}}, 1},
        {"yipan_head", {{"id", integer}, {"position", integer}, {"root", blob}}, 1},
        {"yipan_meta", {{"name", text}, {"value", text}}, 1},
    };
    return tables;
}
}  // namespace

std::span<const EngineTable> engine_table_list() { return all(); }

const EngineTable& engine_table(std::string_view name) {
    for (const EngineTable& table : all())
        if (name == table.name) return table;
    YIPAN_CHECK(false);
    return all().front();
}

}  // namespace yipan::store
