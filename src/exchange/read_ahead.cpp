#include "exchange/read_ahead.h"

namespace yipan::exchange {

ReadAhead::ReadAhead(Table& table) : table_(table), thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    full_.notify_one();
    thread_.join();
}

void ReadAhead::run() {
    bool more = true;
    while (more) {
        auto batch = std::make_unique<Batch>();
        while (more && batch->rows.size() < batch_rows && batch->text.size() < batch_bytes) {
            const Result<bool> next = table_.next();
            Row row;
            if (!next) {
                row.error = batch->errors.size();
                batch->errors.push_back(next.error());
                batch->rows.push_back(row);
                if (table_.broken()) batch->broken = true, more = false;
                continue;
            }
            if (!*next) {
                batch->ended = true;
                more = false;
                break;
            }
            row.line = table_.line();
            row.first = batch->slots.size();
            row.count = table_.cells().size();
            for (const Cell& cell : table_.cells()) {
                batch->slots.push_back({batch->text.size(), cell.text.size(), cell.kind, cell.lost});
                batch->text += cell.text;
            }
            batch->rows.push_back(row);
        }
        batch->bytes_done = table_.bytes_done();
        std::unique_lock lock(mutex_);
        full_.wait(lock, [&] { return stopping_ || ready_.size() < batches_ahead; });
        if (stopping_) return;
        ready_.push_back(std::move(batch));
        empty_.notify_one();
    }
}

Result<bool> ReadAhead::next() {
    while (!batch_ || next_ >= batch_->rows.size()) {
        if (batch_ && (batch_->ended || batch_->broken)) return false;
        std::unique_lock lock(mutex_);
        empty_.wait(lock, [&] { return !ready_.empty(); });
        batch_ = std::move(ready_.front());
        ready_.pop_front();
        next_ = 0;
        bytes_done_ = batch_->bytes_done;
        full_.notify_one();
    }
    row_ = &batch_->rows[next_++];
    if (row_->error != SIZE_MAX) {
        broken_ = batch_->broken && next_ == batch_->rows.size();
        return fail(batch_->errors[row_->error]);
    }
    cells_.clear();
    for (std::size_t i = 0; i < row_->count; ++i) {
        const Slot& slot = batch_->slots[row_->first + i];
        cells_.push_back({std::string_view(batch_->text).substr(slot.begin, slot.size), slot.kind, slot.lost});
    }
    return true;
}

}  // namespace yipan::exchange
