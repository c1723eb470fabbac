// Any text as a migration between two small models: it is read, compared and used, or its mistakes are named with their
// places; never a crash, and a value that is carried over fits the new field's storage.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/step.h"

namespace {
constexpr const char* before = R"yaml(
types:
  post: {label: [岗, 崗, Post], responsible: none, fields: {code: {type: text, required: true, unique: true, label: [号, 號, Code]}}}
  parcel:
    label: [地, 地, Parcel]
    responsible: none
    fields:
      holder: {type: reference, to: post, label: [岗, 崗, Holder]}
      area: {type: decimal, scale: 4, label: [面, 面, Area]}
      note: {type: text, label: [注, 注, Note]}
      level: {type: choice, of: {a: [甲, 甲, A], b: [乙, 乙, B]}, label: [级, 級, Level]}
      phone: {type: text, label: [电, 電, Phone]}
    states:
      initial: open
      list: {open: [开, 開, Open], shut: [关, 關, Shut]}
  yard: {label: [院, 院, Yard], responsible: none, fields: {since: {type: date, label: [起, 起, Since]}}}
)yaml";
constexpr const char* after = R"yaml(
types:
  post: {label: [岗, 崗, Post], responsible: none, fields: {code: {type: text, required: true, unique: true, label: [号, 號, Code]}}}
  parcel:
    label: [地, 地, Parcel]
    responsible: none
    fields:
      holder: {type: reference, to: post, label: [岗, 崗, Holder]}
      area: {type: decimal, scale: 1, max: 100, label: [面, 面, Area]}
      remark: {type: text, unique: true, max_chars: 5, label: [注, 注, Remark]}
      level: {type: choice, of: {b: [乙, 乙, B], c: [丙, 丙, C]}, label: [级, 級, Level]}
      contact: {type: reference, to: contact, label: [联, 聯, Contact]}
    states:
      initial: open
      list: {open: [开, 開, Open]}
  contact: {label: [联, 聯, Contact], responsible: none, fields: {phone: {type: text, label: [电, 電, Phone]}, parcel: {type: reference, to: parcel, label: [地, 地, Parcel]}}}
  court: {label: [院, 院, Court], responsible: none, fields: {since: {type: text, label: [起, 起, Since]}}}
)yaml";
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace yipan::model;
    static const ModelPtr a = *load({{"a/types/a.yaml", before}}), b = *load({{"a/types/a.yaml", after}});
    const auto read = read_migrations({"a/migrations/1.yaml", std::string(reinterpret_cast<const char*>(data), size)});
    const auto wrong = [](const yipan::Errors& errors) {
        if (errors.empty()) std::abort();
        for (const yipan::Error& error : errors)
            if (error.message.empty()) std::abort();
    };
    if (!read) return wrong(read.error()), 0;
    const auto step = compare(a, b, *read);
    if (!step) return wrong(step.error()), 0;
    const int parcel = b->find_type("parcel");
    const auto& type = (*step)->type(parcel);
    if (type.old < 0) return 0;
    std::vector<Scalar> values(a->types[static_cast<std::size_t>(type.old)].fields.size());
    for (std::size_t f = 0; f < values.size(); ++f) {
        const Field& field = a->types[static_cast<std::size_t>(type.old)].fields[f];
        if (stored_as_integer(field.kind))
            values[f] = std::int64_t{1'234'567};
        else
            values[f] = field.choices.empty() ? std::string("某某某某某某某某") : field.choices[0].code;
    }
    const auto out = carried(**step, parcel, values);
    const auto& fields = b->types[static_cast<std::size_t>(parcel)].fields;
    if (out.size() != fields.size()) std::abort();
    for (std::size_t f = 0; f < out.size(); ++f)
        if (out[f].index() != 0 && (out[f].index() == 1) != stored_as_integer(fields[f].kind)) std::abort();
    return 0;
}
