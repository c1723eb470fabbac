#pragma once
// Answers that were asked for together, before a batch needs them one by one: to a database each question is a journey
// there and back, in which nothing is done. What is kept here is true of the transaction as it stands: whatever is written
// drops the answers it could change. Answers are found again by the question's own words, so a question nobody foresaw, or
// one foreseen wrongly, is merely asked.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "record/record.h"

namespace yipan::store {

struct RecordedReceipt {  // for idempotency keys
    std::int64_t first = 0, last = 0;
};

/// What a batch will ask: Store::find, Store::read, Store::receipt. Nothing is asked twice.
struct Questions {
    struct Find {
        int type = -1;
        std::vector<int> fields;
        std::vector<record::Value> values;  // each set
        std::int64_t limit = 0;
    };
    std::vector<Find> finds;
    std::vector<std::pair<int, std::int64_t>> reads;
    std::vector<std::string> receipts;
    std::size_t size() const { return finds.size() + reads.size() + receipts.size(); }
};

class Ahead {
  public:
    void clear();
    // -- answers
    void found(const Questions::Find& question, std::vector<std::int64_t> ids);
    void read(int type, std::int64_t id, record::RecordPtr record);  // null: there is none
    void receipt(std::string_view key, std::optional<RecordedReceipt> receipt);
    // -- asked; null: not known here
    const std::vector<std::int64_t>* find(int type, const std::vector<int>& fields, const std::vector<record::Value>& values, std::int64_t limit) const;
    const record::RecordPtr* read(int type, std::int64_t id) const;
    const std::optional<RecordedReceipt>* receipt(std::string_view key) const;
    // -- written
    void written(const record::Record& next);
    void erased(int type, std::int64_t id);
    void receipt_written(std::string_view key) { receipts_.erase(std::string(key)); }

  private:
    struct Found {
        std::vector<std::int64_t> ids;
        std::int64_t limit;
    };
    struct Row {
        std::optional<record::RecordPtr> read;
        std::vector<std::string> in;  // questions whose answer names it
    };
    struct OfType {
        std::unordered_map<std::string, Found> finds;
        std::vector<std::vector<int>> asked;  // the lists of fields there are among them
        std::unordered_map<std::int64_t, Row> rows;
    };
    OfType& of(int type);
    const OfType* known(int type) const;

    std::vector<OfType> types_;
    std::unordered_map<std::string, std::optional<RecordedReceipt>> receipts_;
};

}  // namespace yipan::store
