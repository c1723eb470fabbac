#pragma once
// Another model, sent as an archive or as the parts of a form, and what it would change, as one document for the command
// line and the page.
#include <boost/json.hpp>

#include "board/board.h"
#include "exchange/names.h"

namespace yipan::api {

struct ModelFiles {
    std::vector<model::SourceFile> files;  // in path order
    std::optional<model::SourceFile> migration;
    std::vector<model::SourceFile> loose;  // named by no folder: each stands for the file of that name in the model in use
};
/// A zip of a folder of modules, or multipart/form-data whose parts carry paths as file names; a part or file called
/// "migration" or "migration.yaml" is the migration. What is no file of a model is passed over, as in a folder.
Checked<ModelFiles> model_files_of(std::string_view content_type, std::string_view body);
/// The model in use with the loose files in the place of those of their names; `sent` as it is when it has none.
Checked<ModelFiles> put_in_place(ModelFiles sent, const std::vector<model::SourceFile>& in_use);

/// Where a changed cell lies, in words: the unit by its key, the period, dimension values as numbers or codes.
struct CellPlace {
    std::string unit, period, dimensions;
};
CellPlace place_of(const board::ModelPreview& preview, const figure::CellKey& key, board::Snapshot& snapshot, exchange::Names& names);
/// A sum at the figure's scale.
std::string cell_number(__int128 sum, int scale);
boost::json::object preview_json(const board::ModelPreview& preview, board::Snapshot& snapshot, exchange::Names& names);

}  // namespace yipan::api
