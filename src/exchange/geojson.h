#pragma once
// GeoJSON (RFC 7946) in and out for types with a place field: each feature is a record, its properties the fields by
// code or label, its geometry the place. Coordinates are CGCS2000 degrees. A file that says it is in another system
// (GCJ-02 and BD-09, the shifted systems of Chinese web maps, or anything projected) is refused: there is no exact way
// back, and a shift of 500 metres puts a parcel into its neighbour.
#include "board/board.h"
#include "exchange/csv_export.h"
#include "exchange/table.h"

namespace yipan::exchange {

constexpr std::size_t geojson_bytes_max = std::size_t{128} << 20;
constexpr std::size_t geojson_features_max = 1'000'000;

class GeoJsonTable final : public Table {
  public:
    /// The type needs exactly one place field.
    static Result<std::unique_ptr<GeoJsonTable>> open(const std::string& path, const std::string& name,
                                                      const model::Type& type);
    Result<bool> next() override;
    bool broken() const override { return false; }
    std::uint64_t line() const override { return row_; }  // of the feature, the head counts as 1
    std::span<const Cell> cells() const override { return cells_; }
    bool ragged() const override { return false; }
    std::int64_t bytes_done() const override { return static_cast<std::int64_t>(row_); }
    std::int64_t bytes_total() const override { return static_cast<std::int64_t>(rows_.size()); }

  private:
    std::vector<std::vector<std::string>> rows_;  // the head first
    std::size_t row_ = 0;
    std::vector<Cell> cells_;
};

/// Records without a place are features without a geometry. Says how many were written.
Result<std::int64_t> export_geojson(board::Snapshot& snapshot, int type, const std::string& path,
                                    const ExportOptions& options = {});

}  // namespace yipan::exchange
