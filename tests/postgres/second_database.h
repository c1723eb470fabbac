#pragma once
// The tiny worlds of src/cel/sql_test.cpp in PostgreSQL, asked through the store's dialect.
#include <optional>
#include <string>
#include <vector>

#include "cel/type.h"
#include "cel/value.h"
#include "store/postgres/dialect.h"
#include "store/postgres/link.h"

namespace yipan::cel {

class SecondDatabase final : public store::postgres::Tables {
  public:
    SecondDatabase();
    ~SecondDatabase() override;
    void create(const Schema& schema);
    void add(const ObjectType& type, std::int64_t id, const std::vector<Value>& cells);
    /// Nothing when a value is no integer and no text: the engine has no such values.
    std::optional<std::vector<std::int64_t>> select(const std::string& where, const std::vector<Value>& params);

    std::string physical(std::string_view table) const override;
    std::optional<store::postgres::Kind> column(std::string_view table, std::string_view column) const override;

  private:
    const Schema* schema_ = nullptr;
    std::unique_ptr<store::postgres::Link> link_;
};

}  // namespace yipan::cel
