#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "schedule/step_model.h"

namespace bitfleet {

// What a text may go on from, and leave to others.
enum class Sharing {
  both,     // from what was computed before, within its scope
  leave,    // it is computed from its first token, and others go on from it
  nothing   // its pages mean nothing without the rest of it
};

// Which page of the KV cache holds which positions of which slot, and what every page holds, so that texts which begin alike
// are computed once.
//
// A page that is full never changes again. It is listed under the page before it and its tokens (the first of a text under
// its cache scope), so to be found is to have the same tokens all the way from the start: they are compared, never only
// their hash. Listed pages are read by any number of slots. The last page of a text, when it ends, is listed as far as it is
// filled; whoever goes on from it, or from the beginning of any page, gets a copy. Pages that no slot reads stay listed
// until their room is needed, the longest unused first, and never before the pages that follow them.
//
// Two slots that compute the same page at the same time end up with one: the second to fill it takes the first's.
//
// Belongs to the step thread. Tells the model where things lie before it is stepped.
class KvPages {
 public:
  KvPages(StepModel& model, uint32_t slots);

  std::optional<uint32_t> take_slot();  // nullopt when all are taken
  // The slot is free and its pages are anybody's; all that was appended can be gone on from.
  void release(uint32_t slot);

  // Gives an empty slot the longest beginning of `tokens` (not empty) that is there, never all of them: the logits of the
  // last are wanted. nullopt, and nothing has changed, when not all of the text and `spare` pages more would find room.
  // Returns the positions that the slot holds now.
  std::optional<uint32_t> begin(uint32_t slot, std::span<const uint32_t> tokens, uint64_t cache_scope, Sharing sharing, uint32_t spare);
  // The same for a slot that holds the beginning of `tokens` already: takes what others have computed since.
  uint32_t go_on(uint32_t slot, std::span<const uint32_t> tokens);

  // Room for so many positions. False when there is none; then what was found of it stays with the slot.
  bool reserve(uint32_t slot, uint32_t positions);
  // These have been computed behind what the slot holds, in the room reserved. What the model holds beyond is cut.
  void append(uint32_t slot, std::span<const uint32_t> tokens);

  // The slot holds nothing any more; what was appended can be gone on from.
  void clear(uint32_t slot);
  // Nobody begins with what the slot began with any more.
  void forget(uint32_t slot);

  // Whether both hold the same full pages and nothing more, or the second some of the next page.
  bool beside(uint32_t slot, uint32_t ahead) const;

  uint32_t positions(uint32_t slot) const { return rows_[slot].length(); }
  uint32_t held(uint32_t slot) const { return static_cast<uint32_t>(rows_[slot].pages.size()); }
  uint32_t available() const { return static_cast<uint32_t>(free_.size()) + unread_; }  // pages that no slot reads
  uint32_t size() const { return static_cast<uint32_t>(pages_.size()); }

 private:
  static constexpr uint32_t none = UINT32_MAX;

  struct Page {
    uint32_t readers = 0;           // slots
    uint32_t parent = none;         // the page before it, when listed
    uint64_t scope = 0;
    uint32_t children = 0;          // listed pages that follow it
    uint64_t last_used = 0;
    bool listed = false;
    std::vector<uint32_t> tokens;   // when listed: kv_page of them, or fewer of a text's end
  };

  struct Row {
    std::vector<uint32_t> pages;
    uint32_t sealed = 0;            // leading pages that are full
    std::vector<uint32_t> tail;     // tokens behind them
    uint64_t scope = 0;
    Sharing sharing = Sharing::nothing;
    bool taken = false;
    uint32_t length() const { return sealed * kv_page + static_cast<uint32_t>(tail.size()); }
  };

  struct Key {
    uint32_t parent;
    uint64_t scope;
    std::span<const uint32_t> tokens;
  };

  // By parent and scope, and then the tokens in lexicographic order: the longest common beginning is with a neighbour.
  struct InOrder {
    using is_transparent = void;
    const std::vector<Page>* pages;
    Key key(uint32_t page) const { return {(*pages)[page].parent, (*pages)[page].scope, (*pages)[page].tokens}; }
    const Key& key(const Key& key) const { return key; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const { return before(key(a), key(b)); }
    static bool before(const Key& a, const Key& b);
  };

  struct Match {
    uint32_t page = none;
    uint32_t common = 0;  // leading tokens
  };

  uint32_t parent_of_next(const Row& row) const { return row.sealed == 0 ? none : row.pages[row.sealed - 1]; }
  Match longest_match(const Key& key) const;
  void adopt_full_pages(Row& row, std::span<const uint32_t> tokens);
  void copy_partial_page(Row& row, std::span<const uint32_t> tokens);
  void seal(Row& row);
  void list(uint32_t page, const Key& key);
  void unlist(uint32_t page);
  void unlist_with_followers(uint32_t page);
  void leave_tail(Row& row);
  std::optional<uint32_t> take_page();
  void read(uint32_t page);
  void unread(uint32_t page);
  void drop_reserved(Row& row);
  void tell(uint32_t slot);

  StepModel& model_;
  std::vector<Page> pages_;
  std::vector<Row> rows_;
  std::vector<uint32_t> free_;                           // neither listed nor read
  std::set<uint32_t, InOrder> index_;                    // listed pages
  std::set<std::pair<uint64_t, uint32_t>> evictable_;    // (last_used, page): listed, unread, without children
  uint32_t unread_ = 0;                                  // listed pages without readers
  uint64_t clock_ = 0;
};

}  // namespace bitfleet
