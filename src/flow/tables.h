#pragma once
// 一表通: a table of the register, answered from the board. Each line names a data item, and the item the figure or the
// field of a record that answers it; what nothing answers is left to people, and what they wrote is left alone. Only what
// the asking person sees is filled in.
#include "flow/fields.h"
#include "report/report.h"

namespace yipan::flow {

constexpr std::int64_t table_lines_max = 500;

struct TableAsk {
    RecordId form, unit;
    Period period;
    report::Eyes eyes;
    bool dry_run = false;
};
struct TableLine {
    RecordId field, item, answer;         // answer: the record that keeps it; 0: none yet
    std::int64_t no = 0;
    std::string name, item_name;
    std::string by;                       // figure, record, hand: what is to answer it
    std::string figure, type, record_field;
    std::optional<figure::Ask> ask;       // of a figure
    RecordId record;                      // whose field answers it
    std::string now;                      // what the board says at this moment; empty: nothing
    std::string why_none;
    std::string value, source;            // what stands in the table
    bool by_board = false;
};
struct TableState {
    record::RecordPtr form, filling;  // filling: null until the table is begun
    std::vector<TableLine> lines;
};
/// How the table stands: its lines, what answers each, what is filled in.
Checked<TableState> table_state(board::Snapshot& snapshot, const TableAsk& ask);

struct Filled {
    board::Receipt receipt;
    TableState state;  // as the draft leaves it
};
/// One draft: the filling and its answers, by the one write path.
Checked<Filled> fill_table(board::Board& board, const Acting& who, const TableAsk& ask);

}  // namespace yipan::flow
