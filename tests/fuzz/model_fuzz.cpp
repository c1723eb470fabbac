// Any text as a file of a model, beside a small good one: load() answers with a model or with mistakes, never with a
// crash; a refused text says why, an accepted one is accepted again from the files the model keeps.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "model/load.h"

namespace {
constexpr const char* base = R"yaml(
identity: {person: person, post: post}
types:
  post: {label: [岗, 崗, Post], fields: {code: {type: text, required: true, unique: true, label: [号, 號, Code]}}}
  person: {label: [人, 人, Person], responsible: none, fields: {name: {type: text, label: [名, 名, Name]}}}
  parcel:
    label: [地, 地, Parcel]
    responsible: holder
    fields:
      holder: {type: reference, to: post, label: [岗, 崗, Holder]}
      area: {type: decimal, scale: 2, label: [面, 面, Area]}
      since: {type: date, label: [起, 起, Since]}
figures:
  land: {label: [地, 地, Land], of: parcel, sum: area, unit: holder, period: since}
)yaml";
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using yipan::model::load;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto model = load({{"a/types/a.yaml", base}, {"b/types/b.yaml", text}});
    if (!model) {
        if (model.error().empty()) std::abort();
        for (const yipan::Error& error : model.error())
            if (error.message.empty()) std::abort();
        return 0;
    }
    const auto again = load((*model)->files);
    if (!again || (*again)->types.size() != (*model)->types.size() ||
        (*again)->figures.size() != (*model)->figures.size())
        std::abort();
    // The text as a report: only its head is read, and it must not matter what else it holds.
    (void)load({{"b/reports/b.md", text}});
    return 0;
}
