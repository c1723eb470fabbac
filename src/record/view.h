#pragma once
// A record as CEL sees it: fields by index, references walked through the resolver's current state. Views live in a
// Views arena for the time of one evaluation; texts are borrowed from the record.
#include <deque>

#include "record/record.h"

namespace yipan::record {

/// A stored value as a CEL value by its declaration. References need a Views (objects); without one they become null.
class Views;
cel::Value to_cel(const model::Field& field, const Value& value, Views* views);
/// A CEL result in the field's stored form; the error says what does not fit (scale, currency, kind).
Result<Value> from_cel(const model::Field& field, const cel::Value& value);
/// The SQL parameter form of a CEL value (cel/sql.h) as a record value.
Value from_stored(const cel::Value& value);

class View final : public cel::Object {
  public:
    View(Views& views, RecordPtr record, const Record* borrowed)
        : views_(views), kept_(std::move(record)), record_(borrowed) {}
    cel::Value field(int index) const override;
    std::int64_t id() const override { return record_->id.value; }

  private:
    Views& views_;
    RecordPtr kept_;  // keeps a resolved record alive; null for a borrowed one
    const Record* record_;
};

class Views {
  public:
    Views(const model::Model& model, Resolver& world) : model_(model), world_(world) {}
    /// The caller keeps `record` alive.
    const View* of(const Record& record) { return &views_.emplace_back(*this, nullptr, &record); }
    const View* of(RecordPtr record) {
        const Record* raw = record.get();
        return &views_.emplace_back(*this, std::move(record), raw);
    }
    cel::Value object(int type, RecordPtr record);    // null when the record is
    cel::Value reference(int type, std::int64_t id);  // null when there is none
    const model::Model& model() const { return model_; }

  private:
    const model::Model& model_;
    Resolver& world_;
    std::deque<View> views_;
};

}  // namespace yipan::record
