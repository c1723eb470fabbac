#include "journal/proof.h"

#include <boost/json.hpp>

#include <algorithm>
#include <map>

namespace yipan::journal {
namespace {
namespace json = boost::json;
constexpr std::string_view first_line = "yipan proof 1\n";
constexpr std::string_view group_names[] = {"plain", "personal", "attachment"};
constexpr int parts_deep_max = 8;
constexpr std::size_t problems_max = 100;

// -- writing: members in this order, nothing else
json::array hashes(const Proof& proof) {
    json::array out;
    for (const Digest& d : proof) out.emplace_back(hex(d));
    return out;
}
std::string hex_text(std::string_view bytes) {
    return hex(std::span<const std::uint8_t>(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}
json::object entry_json(const ProvenEntry& p) {
    const Entry& e = p.entry;
    json::array groups;
    for (std::size_t g = 0; g < group_count; ++g) {
        if (!e.salt[g].empty())
            groups.push_back({{"group", group_names[g]}, {"salt", hex_text(e.salt[g])}, {"body", e.body[g]}});
        else if (e.commitment[g])
            groups.push_back({{"group", group_names[g]}, {"commitment", hex(*e.commitment[g])}});
    }
    return {{"position", e.position}, {"before", hex(p.before)}, {"time", e.time}, {"actor", e.actor},
            {"post", e.post}, {"channel", e.channel}, {"verb", static_cast<int>(e.verb)}, {"type", e.type},
            {"record", e.record}, {"version", e.version}, {"previous", e.previous}, {"transaction", e.transaction},
            {"model", e.model_version}, {"effective", e.effective}, {"groups", std::move(groups)},
            {"inclusion", hashes(p.inclusion)}};
}
json::object claim_json(const FigureClaim& c) {
    json::array rows, parts;
    for (const FigureRow& r : c.rows)
        rows.push_back({{"type", r.type}, {"record", r.record}, {"entry", r.entry}, {"amount", r.amount}});
    for (const FigureClaim& p : c.parts) parts.push_back(claim_json(p));
    return {{"figure", c.figure}, {"label", c.label}, {"unit", c.unit}, {"period", c.period}, {"value", c.value},
            {"why_none", c.why_none}, {"formula", c.formula}, {"field", c.field}, {"scale", c.scale},
            {"adds_up", c.adds_up}, {"rows", std::move(rows)}, {"parts", std::move(parts)}};
}
std::string body_of(const ProofFile& p) {
    json::object out{{"yipan_proof", 1}, {"kind", p.kind}, {"board", p.board}, {"checkpoint", p.checkpoint}};
    json::array entries;
    for (const ProvenEntry& e : p.entries) entries.push_back(entry_json(e));
    out["entries"] = std::move(entries);
    if (!p.figure.empty()) out["figure"] = claim_json(p.figure.front());
    if (p.kind == "consistency") {
        out["from_size"] = p.from_size;
        out["from_root"] = hex(p.from_root);
        out["consistency"] = hashes(p.consistency);
    }
    return json::serialize(out);
}
std::string seal_text(const std::string& body) { return std::string(first_line) + "sha256:" + hex(sha256(body)) + "\n"; }

// -- reading: every member there, of its kind, and no other (the text is compared with what would be written)
class Reader {
  public:
    Reader(std::string where) : where_(std::move(where)) {}
    Errors errors;

    const json::value* member(const json::object& o, std::string_view name, const std::string& at) {
        const json::value* v = o.if_contains(name);
        if (!v) wrong(at, "\"" + std::string(name) + "\" is missing");
        return v;
    }
    std::string text(const json::object& o, std::string_view name, const std::string& at) {
        const json::value* v = member(o, name, at);
        if (!v) return {};
        if (!v->is_string()) return wrong(at, "\"" + std::string(name) + "\" is no text"), std::string();
        return std::string(v->get_string());
    }
    std::int64_t number(const json::object& o, std::string_view name, const std::string& at) {
        const json::value* v = member(o, name, at);
        if (!v) return 0;
        if (!v->is_int64()) return wrong(at, "\"" + std::string(name) + "\" is no whole number"), 0;
        return v->get_int64();
    }
    std::string bytes(const json::object& o, std::string_view name, std::size_t size, const std::string& at) {
        const auto raw = from_hex(text(o, name, at));
        if (!raw || raw->size() != size) {
            wrong(at, "\"" + std::string(name) + "\" does not have " + std::to_string(size) + " bytes");
            return std::string(size, '\0');
        }
        return *raw;
    }
    Digest digest(const json::object& o, std::string_view name, const std::string& at) {
        return *digest_of(bytes(o, name, 32, at));
    }
    const json::array* list(const json::object& o, std::string_view name, const std::string& at) {
        const json::value* v = member(o, name, at);
        if (v && !v->is_array()) wrong(at, "\"" + std::string(name) + "\" is no list");
        return v ? v->if_array() : nullptr;
    }
    Proof proof(const json::object& o, std::string_view name, const std::string& at) {
        Proof out;
        if (const auto* items = list(o, name, at))
            for (const auto& item : *items) {
                const auto raw = item.is_string() ? from_hex(std::string_view(item.get_string())) : Result<std::string>("");
                const auto d = raw ? digest_of(*raw) : Result<Digest>(tl::unexpect, raw.error());
                if (!d)
                    wrong(at, "\"" + std::string(name) + "\" has something that is no hash");
                else
                    out.push_back(*d);
            }
        return out;
    }
    void wrong(const std::string& at, std::string what) {
        if (errors.size() < problems_max)
            errors.push_back({Code::corrupt, where_ + (at.empty() ? "" : ": " + at), std::move(what),
                              "the proof was damaged or changed: ask for it again"});
    }
    ProvenEntry entry(const json::object& o) {
        ProvenEntry p;
        Entry& e = p.entry;
        e.position = number(o, "position", "entry");
        const std::string at = "entry " + std::to_string(e.position);
        p.before = digest(o, "before", at);
        e.time = number(o, "time", at);
        e.actor = number(o, "actor", at);
        e.post = number(o, "post", at);
        e.channel = text(o, "channel", at);
        e.verb = static_cast<Verb>(number(o, "verb", at));
        e.type = text(o, "type", at);
        e.record = number(o, "record", at);
        e.version = static_cast<std::int32_t>(number(o, "version", at));
        e.previous = number(o, "previous", at);
        e.transaction = number(o, "transaction", at);
        e.model_version = static_cast<std::int32_t>(number(o, "model", at));
        e.effective = static_cast<std::int32_t>(number(o, "effective", at));
        p.inclusion = proof(o, "inclusion", at);
        const auto* groups = list(o, "groups", at);
        for (std::size_t i = 0; groups && i < groups->size(); ++i) {
            const auto* group = (*groups)[i].if_object();
            const std::string name = group ? text(*group, "group", at) : "";
            const auto* found = std::find(std::begin(group_names), std::end(group_names), name);
            if (found == std::end(group_names)) {
                wrong(at, "names no group of fields");
                continue;
            }
            const auto g = static_cast<std::size_t>(found - std::begin(group_names));
            if (group->if_contains("commitment")) {
                e.commitment[g] = digest(*group, "commitment", at);
                continue;
            }
            e.salt[g] = bytes(*group, "salt", salt_bytes, at);
            e.body[g] = text(*group, "body", at);
            e.commitment[g] = commitment_of(e.salt[g], e.body[g]);
        }
        return p;
    }
    FigureClaim claim(const json::object& o, int deep) {
        FigureClaim c;
        c.figure = text(o, "figure", "figure");
        const std::string at = "figure " + c.figure;
        c.label = text(o, "label", at);
        c.unit = text(o, "unit", at);
        c.period = text(o, "period", at);
        c.value = text(o, "value", at);
        c.why_none = text(o, "why_none", at);
        c.formula = text(o, "formula", at);
        c.field = text(o, "field", at);
        c.scale = static_cast<int>(number(o, "scale", at));
        const json::value* adds = member(o, "adds_up", at);
        if (adds && !adds->is_bool()) wrong(at, "\"adds_up\" is neither true nor false");
        c.adds_up = adds && adds->is_bool() && adds->get_bool();
        if (const auto* rows = list(o, "rows", at))
            for (const auto& item : *rows)
                if (const auto* row = item.if_object())
                    c.rows.push_back({text(*row, "type", at), number(*row, "record", at), number(*row, "entry", at), text(*row, "amount", at)});
        const auto* parts = list(o, "parts", at);
        if (parts && deep >= parts_deep_max) return wrong(at, "its parts go too deep"), c;
        for (std::size_t i = 0; parts && i < parts->size(); ++i)
            if (const auto* part = (*parts)[i].if_object()) c.parts.push_back(claim(*part, deep + 1));
        return c;
    }

  private:
    std::string where_;
};

void check_claim(const FigureClaim& c, const std::map<std::int64_t, const Entry*>& entries, Reader& r) {
    const std::string at = "figure " + c.figure;
    Decimal sum{0, static_cast<std::uint8_t>(std::clamp(c.scale, 0, decimal_scale_max))};
    bool whole = true;
    for (const FigureRow& row : c.rows) {
        const std::string place = at + ", " + row.type + " #" + std::to_string(row.record);
        const auto amount = Decimal::parse(row.amount);
        const auto added = amount ? add(sum, *amount) : amount;
        if (!added) {
            r.wrong(place, "its amount is no number that can be added");
            whole = false;
            continue;
        }
        sum = *added;
        const auto found = entries.find(row.entry);
        if (found == entries.end()) {
            r.wrong(place, "entry " + std::to_string(row.entry) + " is not in the proof");
            continue;
        }
        const Entry& e = *found->second;
        if (e.type != row.type || e.record != row.record) {
            r.wrong(place, "entry " + std::to_string(row.entry) + " is about another record");
            continue;
        }
        if (c.field.empty() || e.salt[0].empty()) continue;
        boost::system::error_code bad;
        const json::value body = json::parse(e.body[0], bad);
        const json::value* stored = !bad && body.is_object() ? body.get_object().if_contains(c.field) : nullptr;
        if (!stored || !stored->is_int64() || c.scale < 0 || c.scale > decimal_scale_max ||
            !(Decimal{stored->get_int64(), static_cast<std::uint8_t>(c.scale)} == *amount))
            r.wrong(place, "the amount " + row.amount + " is not what entry " + std::to_string(row.entry) + " says");
    }
    if (c.adds_up && whole) {
        const auto value = c.value.empty() ? Result<Decimal>(Decimal{}) : Decimal::parse(c.value);
        if (!value || !(*value == sum)) r.wrong(at, "the amounts add up to " + sum.text() + ", not to " + c.value);
    }
    for (const FigureClaim& part : c.parts) check_claim(part, entries, r);
}
}  // namespace

Result<std::string> write_proof(const ProofFile& proof, const SignerKey& key) {
    const std::string body = body_of(proof);
    if (body.size() > proof_bytes_max)
        return fail(Code::limit_exceeded, "proof", "larger than " + std::to_string(proof_bytes_max) + " bytes", "ask for less at once");
    YIPAN_TRY(const std::string seal, sign_note(seal_text(body), key));
    return body.substr(0, body.size() - 1) + ",\"signed\":" + json::serialize(json::value(seal)) + "}\n";
}

Checked<Proven> verify_proof(std::string_view given, const VerifierKey& key, const std::string& where) {
    Reader r(where);
    const auto refuse = [&](std::string what) {
        r.wrong("", std::move(what));
        return fail(r.errors);
    };
    if (given.size() > proof_bytes_max)
        return fail(Errors{{Code::limit_exceeded, where, "larger than " + std::to_string(proof_bytes_max) + " bytes", ""}});
    boost::system::error_code bad;
    json::parse_options options;
    options.max_depth = 64;
    const json::value doc = json::parse(given, bad, {}, options);
    if (bad || !doc.is_object() || !doc.get_object().if_contains("yipan_proof")) return refuse("not a proof of a board");
    const json::object& o = doc.get_object();
    if (r.number(o, "yipan_proof", "") != 1)
        return fail(Errors{{Code::wrong_format, where, "a proof of a form this program does not know", "use a newer yipan"}});
    Proven out;
    ProofFile& p = out.proof;
    p.kind = r.text(o, "kind", "");
    p.board = r.text(o, "board", "");
    p.checkpoint = r.text(o, "checkpoint", "");
    const auto* entries = r.list(o, "entries", "");
    for (std::size_t i = 0; entries && i < entries->size(); ++i)
        if (const auto* one = (*entries)[i].if_object()) p.entries.push_back(r.entry(*one));
    if (const auto* claim = o.if_contains("figure"); claim && claim->is_object()) p.figure.push_back(r.claim(claim->get_object(), 0));
    if (p.kind == "consistency") {
        p.from_size = static_cast<std::uint64_t>(r.number(o, "from_size", ""));
        p.from_root = r.digest(o, "from_root", "");
        p.consistency = r.proof(o, "consistency", "");
    } else if (p.kind != "entry" && p.kind != "record" && p.kind != "figure") {
        r.wrong("", "a proof of no known kind");
    }
    const std::string seal = r.text(o, "signed", "");
    if (!r.errors.empty()) return fail(r.errors);

    const auto checkpoint = open_checkpoint(p.checkpoint, key, where + ": checkpoint");
    if (!checkpoint) return fail(Errors{checkpoint.error()});  // without it nothing else says anything
    out.checkpoint = *checkpoint;
    std::map<std::int64_t, const Entry*> by_position;
    for (const ProvenEntry& proven : p.entries) {
        const Entry& e = proven.entry;
        const std::string at = "entry " + std::to_string(e.position);
        if (e.position < 1 || !verify_inclusion(static_cast<std::uint64_t>(e.position - 1), checkpoint->size, leaf_of(e, proven.before),
                                                proven.inclusion, checkpoint->root))
            r.wrong(at, "is not in the journal of this checkpoint as it is shown here: header, body, salt or path was changed");
        by_position[e.position] = &e;
    }
    if (p.kind == "consistency" &&
        !verify_consistency(p.from_size, checkpoint->size, p.consistency, p.from_root, checkpoint->root))
        r.wrong("consistency", "the journal of " + std::to_string(checkpoint->size) + " entries does not go on from the one of " +
                                   std::to_string(p.from_size));
    for (const FigureClaim& claim : p.figure) check_claim(claim, by_position, r);
    if (p.kind == "figure" && p.figure.empty()) r.wrong("", "\"figure\" is missing");

    const std::string body = body_of(p);
    const auto sealed = open_note(seal, key, where + ": signature of the whole");
    if (!sealed)
        r.errors.push_back(sealed.error());
    else if (*sealed != seal_text(body))
        r.wrong("", "is not what was signed: something of it was changed");
    else if (body.substr(0, body.size() - 1) + ",\"signed\":" + json::serialize(json::value(seal)) + "}\n" != given)
        r.wrong("", "is not written the one way a proof is: something was added or changed");
    if (!r.errors.empty()) return fail(r.errors);
    return out;
}

}  // namespace yipan::journal
