#pragma once
// Records as figures see them: a hop through a reference shows the version that the figure's `at` says. Used for paths
// (walk) and, as cel::Object, for conditions. One Lookup serves one record and one `at`; it owns what it hands out.
#include <memory>
#include <vector>

#include "cel/value.h"
#include "figure/engine.h"

namespace yipan::figure {

class Lookup {
  public:
    /// `day`: on which event and period_end look; none: the current version.
    Lookup(const model::Model& model, record::Resolver& world, std::optional<Date> day)
        : model_(model), world_(world), day_(day) {}
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

    record::RecordPtr follow(int type, std::int64_t id) const;
    /// The value at the end of a path; null when it or a reference on the way is unset or leads nowhere. Lives as long
    /// as this.
    const record::Value* walk(const record::Record& record, const model::Path& path);
    /// The record for an expression. `record` must live as long as this.
    const cel::Object* object(const record::Record& record);

  private:
    class View;
    cel::Value referenced(int type, std::int64_t id) const;
    cel::Value list_of(int type, std::string_view json) const;

    const model::Model& model_;
    record::Resolver& world_;
    std::optional<Date> day_;
    mutable std::vector<record::RecordPtr> kept_;
    mutable std::vector<std::unique_ptr<cel::Object>> views_;
};

}  // namespace yipan::figure
