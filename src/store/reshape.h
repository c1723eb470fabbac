#pragma once
// The statements that turn the tables of one model into those of the next. Columns of fields that stay keep their
// values, renamed or not; a new column begins empty and rewrites no row. Rows are rewritten between the two halves.
#include <string>
#include <vector>

#include "model/load.h"

namespace yipan::store {

struct Reshape {
    model::ModelPtr before, after;
    std::vector<int> types;                 // by type of `after`: the type it was, -1: a new table
    std::vector<std::vector<int>> columns;  // by type and field of `after`: the field whose column it keeps, -1: a new one
};
/// Tables and columns as `after` wants them; views and the indexes that do not stay are gone.
std::vector<std::string> reshape_first(const Reshape& reshape);
/// Indexes and views of `after`.
std::vector<std::string> reshape_last(const Reshape& reshape);

}  // namespace yipan::store
