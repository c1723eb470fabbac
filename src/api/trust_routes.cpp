// The board before strangers, over HTTP: size and root, the signed checkpoint, proofs as files, everything read again
// (docs/trust.md). A proof over HTTP opens no body: it shows header and commitments of what the reader may see.
#include <atomic>

#include "api/figures.h"
#include "api/records.h"
#include "journal/proof.h"
#include "report/prove.h"

namespace yipan::api {
namespace {

// The key that signs, when it is this board's; answers the problem itself.
const journal::SignerKey* signer_of(const CallPtr& call) {
    const auto& signer = call->service.settings().signer;
    const auto refuse = [&](std::string why) {
        call->problem(Error{Code::not_found, "checkpoint", std::move(why), "whoever runs the server: yipan key BOARD makes one, then start again"});
        return nullptr;
    };
    if (!signer) return refuse("this server has no signing key, so it signs nothing");
    const auto origin = call->snapshot().origin();
    if (!origin) {
        call->problem(origin.error());
        return nullptr;
    }
    if (signer->verifier().name() != *origin) return refuse("the server's signing key is of another board: " + signer->verifier().name());
    return &*signer;
}
Result<std::string> signed_checkpoint(Call& call, const journal::SignerKey& key) {
    YIPAN_TRY(const auto point, call.snapshot().checkpoint());
    return journal::sign_note(point.text(), key);
}

// Which parts of the model may be seen depends on the reader, so the trust page shows root and counts only.
void trust(const CallPtr& call) {
    const auto point = call->snapshot().checkpoint();
    if (!point) return call->problem(point.error());
    const auto last = call->snapshot().entry(call->snapshot().position());
    const auto& signer = call->service.settings().signer;
    const bool ours = signer && signer->verifier().name() == point->origin;
    call->ok(json::object{{"position", call->snapshot().position().value}, {"root", hex(point->root)}, {"entries", call->snapshot().position().value},
                          {"time", last ? json::value(last->time.text()) : json::value(nullptr)}, {"board", call->service.board().name()}, {"note", call->service.board().note()},
                          {"origin", point->origin}, {"public", ours ? json::value(signer->verifier().text()) : json::value(nullptr)},
                          {"says", "proves damage, not honesty: whoever owns the file could rebuild the tree; compare the root with one kept elsewhere"}});
}

// C2SP tlog-tiles: text/plain.
void checkpoint(const CallPtr& call) {
    const auto* key = signer_of(call);
    if (!key) return;
    auto note = signed_checkpoint(*call, *key);
    if (!note) return call->problem(note.error());
    net::Response r;
    r.with("Content-Type", "text/plain; charset=utf-8").with("Cache-Control", "no-store");
    r.body = std::move(*note);
    call->ok_with(std::move(r));
}

void give(const CallPtr& call, journal::ProofFile proof, const journal::SignerKey& key, const std::string& name) {
    auto note = signed_checkpoint(*call, key);
    if (!note) return call->problem(note.error());
    proof.checkpoint = std::move(*note);
    const board::Board& board = call->service.board();
    proof.board = board.name() + (board.note().empty() ? "" : " · " + board.note());
    auto text = journal::write_proof(proof, key);
    if (!text) return call->problem(text.error());
    net::Response r;
    r.with("Content-Type", "application/json").with("Cache-Control", "no-store").with("Content-Disposition", "attachment; filename=\"" + name + ".proof.json\"");
    r.body = std::move(*text);
    call->ok_with(std::move(r));
}
constexpr std::uint8_t closed = 0;  // no group of fields is opened

void prove_record(const CallPtr& call) {
    int type = -1;
    const record::RecordPtr r = record_of(call, type);
    if (!r) return;
    const auto* key = signer_of(call);
    if (!key) return;
    const auto versions = report::version_positions(call->snapshot(), type, r->id);
    if (!versions) return call->problem(versions.error());
    if (versions->size() > journal::proof_entries_max)
        return call->problem(Error{Code::limit_exceeded, "record", "it has more than 10,000 versions", "GET /trust/proofs/entries/{position} proves one"});
    journal::ProofFile proof;
    proof.kind = "record";
    for (const Position version : *versions) {
        auto one = call->snapshot().proven(version, closed);
        if (!one) return call->problem(one.error());
        proof.entries.push_back(std::move(*one));
    }
    give(call, std::move(proof), *key, call->model().types[static_cast<std::size_t>(type)].code + "-" + std::to_string(r->id.value));
}

// Of a record that the reader sees now; an entry of another, of one that is gone or of the model is answered alike.
void prove_entry(const CallPtr& call) {
    const auto nothing = [&] { call->problem(Error{Code::not_found, "", "no such entry, or you may not see its record", ""}); };
    const auto position = whole_number(call->parameter(0));
    if (!position || *position < 1 || *position > call->snapshot().position().value) return nothing();
    const auto entry = call->snapshot().entry(Position{*position});
    if (!entry || entry->type < 0) return nothing();
    const record::RecordPtr r = call->snapshot().record(entry->type, entry->record);
    if (!r || !call->who->may(access::Action::see, *r, call->world())) return nothing();
    const auto* key = signer_of(call);
    if (!key) return;
    auto one = call->snapshot().proven(Position{*position}, closed);
    if (!one) return call->problem(one.error());
    journal::ProofFile proof;
    proof.kind = "entry";
    proof.entries.push_back(std::move(*one));
    give(call, std::move(proof), *key, "entry-" + std::to_string(*position));
}

void prove_consistency(const CallPtr& call) {
    const auto from = asked_number(call, "from", -1, 1, call->snapshot().position().value);
    if (!from) return;
    if (*from < 0) return call->problem(Error{Code::usage, "from", "the number of entries to go on from is not said", "?from=N, the size of an earlier checkpoint"}, 400);
    const auto* key = signer_of(call);
    if (!key) return;
    journal::ProofFile proof;
    proof.kind = "consistency";
    proof.from_size = static_cast<std::uint64_t>(*from);
    const auto root = call->snapshot().root_at(Position{*from});
    auto steps = call->snapshot().consistency(Position{*from});
    if (!root) return call->problem(root.error());
    if (!steps) return call->problem(steps.error());
    proof.from_root = *root;
    proof.consistency = std::move(*steps);
    give(call, std::move(proof), *key, "consistency-" + std::to_string(*from) + "-" + std::to_string(call->snapshot().position().value));
}

// Each record's amount stands in it, so it is for whoever sees all records behind the figure, and the field they give.
bool sees_amounts(const CallPtr& call, Figures& figures, const figure::Ask& ask) {
    const figure::Explanation why = call->snapshot().why(ask, {0, static_cast<std::int64_t>(journal::proof_entries_max) + 1});
    if (!figures.may_see(ask) || figures.withheld(ask, why.value)) return false;
    const model::Figure& figure = call->model().figures[static_cast<std::size_t>(ask.figure)];
    for (const auto& row : why.rows) {
        const record::RecordPtr record = call->snapshot().record(figure.type, RecordId{row.record});
        if (!record || !call->who->may(access::Action::see, *record, call->world())) return false;
        if (!figure.value) continue;
        const auto visible = call->who->fields(access::Action::see, *record, call->world());
        int type = figure.type;
        for (std::size_t i = 0; i < figure.value->fields.size() && type >= 0; ++i) {  // a path: the record's own field, then those it leads to
            const auto f = static_cast<std::size_t>(figure.value->fields[i]);
            if (i == 0 ? !visible[f] : !call->who->sees_all(type) || !call->who->sees_always(type)[f]) return false;
            type = call->model().types[static_cast<std::size_t>(type)].fields[f].target;
        }
    }
    for (const auto& part : why.parts)
        if (!sees_amounts(call, figures, part.ask)) return false;
    return true;
}
void prove_figure(const CallPtr& call) {
    Figures figures(*call);
    const auto ask = figures.read_query(call->parameter(0));
    if (!ask) return call->problem(ask.error());
    if (!sees_amounts(call, figures, *ask))
        return call->problem(Error{Code::not_allowed, "figure", "a proof names every record and amount behind the figure, and not all of them are yours to see", "ask somebody who sees them all, or whoever owns the board: yipan prove"}, 403);
    const auto* key = signer_of(call);
    if (!key) return;
    auto proof = report::prove_figure(call->snapshot(), figures.names(), *ask, closed);
    if (!proof) return call->problem(proof.error());
    give(call, std::move(*proof), *key, call->parameter(0));
}

// Everything read again and compared, now. One at a time; it takes as long as the board is large, so it is for who watches
// over it; on a demo board for anybody.
void verify(const CallPtr& call) {
    if (!call->service.settings().demo_people && !administers(call, {"audit", "system"})) return;
    static std::atomic<bool> busy{false};
    if (busy.exchange(true)) return call->problem(Error{Code::busy, "", "the board is being verified for somebody else", "try again in a while"}, 503);
    struct Free {  // also when reading throws
        ~Free() { busy.store(false); }
    } free;
    const board::VerifyReport report = call->service.board().verify();
    json::array problems;
    for (const Error& e : report.problems) problems.emplace_back(e.text());
    call->ok(json::object{{"ok", report.ok}, {"position", report.entries}, {"entries", report.entries}, {"records", report.records}, {"pages", report.pages},
                          {"root", hex(report.root)}, {"problems", std::move(problems)}, {"archived_bodies_not_read", report.archived}});
}
}  // namespace

void add_trust_routes(std::vector<Route>& r) {
    r.push_back({"GET", "/trust", Needs::somebody, By::signer, "read", false, 0, trust, "size and root of the journal"});
    r.push_back({"GET", "/trust/verify", Needs::somebody, By::signer, "read", true, 0, verify, "read everything again and compare (audit and system administrators)"});
    r.push_back({"GET", "/trust/checkpoint", Needs::somebody, By::signer, "read", false, 0, checkpoint, "size and root as a signed note"});
    r.push_back({"GET", "/trust/proofs/entries/{position}", Needs::post, By::signer, "read", false, 0, prove_entry, "that an entry stands in the journal"});
    r.push_back({"GET", "/trust/proofs/records/{type}/{id}", Needs::post, By::signer, "read", true, 0, prove_record, "every version of a record"});
    r.push_back({"GET", "/trust/proofs/figures/{figure}", Needs::post, By::signer, "read", true, 0, prove_figure, "a value, the amounts behind it and their entries"});
    r.push_back({"GET", "/trust/proofs/consistency", Needs::somebody, By::signer, "read", false, 0, prove_consistency, "that the journal goes on from an earlier checkpoint"});
}

}  // namespace yipan::api
