#pragma once
// Records as JSON and back (docs/api.md, "Values"). What a reader may not see is left out and named in `hidden`; personal
// values are masked unless a right shows them clear.
#include "api/call.h"
#include "api/json_text.h"
#include "record/record.h"

namespace yipan::api {

class Shower {
  public:
    explicit Shower(Call& call) : call_(call), model_(call.model()) {}

    /// {id, title}: the title of a record the reader may not see is null.
    json::value reference(int type, RecordId id);
    void reference(JsonText& out, int type, RecordId id);
    std::string title(const record::Record& record);
    /// The members `values` and `hidden`. `only` restricts to these fields (empty: all); `unmasked` shows these clear.
    void values(JsonText& out, const record::RecordPtr& record, const std::vector<int>& only = {}, const std::vector<int>& unmasked = {});
    /// The members id, version, title, state, void, values and hidden.
    void row(JsonText& out, const record::RecordPtr& record, const std::vector<int>& only = {});
    void value(JsonText& out, const model::Field& field, const record::Value& value, bool clear);
    json::value value(const model::Field& field, const record::Value& value, bool clear);
    bool sees(const record::Record& record);
    /// Whether a field of a record one sees is shown, masked or not.
    bool shows(const record::Record& record, int field);

  private:
    struct Named {
        std::int64_t id = 0;
        std::optional<std::string> title;  // none: not to be seen
        bool voided = false;
    };
    const Named& named(int type, RecordId id);
    std::string title(const record::Record& record, access::Facing* facing);  // null: whoever asks sees all
    bool shows(access::Facing& facing, int field) const;

    Call& call_;
    const model::Model& model_;
    std::map<std::pair<int, std::int64_t>, Named> named_;
};

json::object label_json(const model::Label& label);
void write_label(JsonText& out, const model::Label& label);
/// {first, last, time, repeated}
json::object receipt_json(const board::Receipt& receipt);
std::string receipt_text(const board::Receipt& receipt);  // the same as text
json::value decimal_json(std::int64_t units, int scale);
/// A JSON value in the field's stored form. `where` begins the place of errors.
/// `now`: what the field holds, which may be named again by who does not see it.
Result<record::Value> read_value(Call& call, const model::Field& field, const json::value& value, const record::Value& now = {});
/// Fields of "a,b": answers 400 itself.
std::optional<std::vector<int>> read_fields(const CallPtr& call, int type, std::string_view text, std::string_view name);

}  // namespace yipan::api
