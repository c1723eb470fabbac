#pragma once
// "Why can I (not) see this" and "who can see this", in words of the three languages: every right that could give the
// action, whose it is, how far it reaches, and whether it holds for the record - and if not, what is in the way.
#include "access/rights.h"

namespace yipan::access {

struct Because {
    bool holds = false;
    std::string text;
    std::string where;  // file:line:column of the right
};
struct Told {
    bool may = false;
    std::string text;              // the answer in one sentence
    std::vector<Because> because;  // those that hold first
};

std::string_view action_word(Action action, model::Language language);
/// `record` null: about the type, telling nothing of any record.
Told told(const Who& who, Action action, int type, const record::Record* record, board::Snapshot& snapshot, model::Language language);
/// In one sentence why this one may, for the list of who may; empty when he may not.
std::string first_reason(const Who& who, Action action, const record::Record& record, board::Snapshot& snapshot, model::Language language);

}  // namespace yipan::access
