#pragma once
// "Asked otherwise": a figure by today's definition over the records as they were known at an earlier position. Counted
// anew from the journal, so its cost is that of reading it; everything else about figures is asked of the living book.
#include "board/world.h"
#include "figure/book.h"
#include "figure/memory_run_store.h"

namespace yipan::board {

class PastBook {
  public:
    /// Counts the figure, or the parts of a derived one. An error when a record there was then has been erased whole
    /// since.
    static Result<std::unique_ptr<PastBook>> count(store::Store& store, ShapePtr shape, int figure,
                                                   std::int64_t position, std::vector<figure::Link> links);
    const figure::Book& book() const { return *book_; }
    std::int64_t position() const { return position_; }
    int figure() const { return figure_; }

  private:
    std::int64_t position_ = 0;
    int figure_ = -1;
    ShapePtr shape_;
    figure::MemoryRunStore runs_;
    std::unique_ptr<figure::Book> book_;
};

}  // namespace yipan::board
