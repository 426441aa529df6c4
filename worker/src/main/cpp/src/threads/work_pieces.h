#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "threads/share.h"

namespace bitfleet {

// Hands work out to the members of a team in pieces: each takes those of its own share in order, which are contiguous in memory, and then
// what is left of the others'. A member whose processor is slower, or another's for a while, holds the rest up by one
// piece and not by its share.
//
// Two sets of counters take turns: while one is in use the other is cleared, so that handing out costs no barrier of its own.
class WorkPieces {
 public:
  explicit WorkPieces(uint32_t members) : places_(std::make_unique<Place[]>(members)), members_(members) {}

  // Before a run, when no member works.
  void begin() {
    for (uint32_t rank = 0; rank < members_; ++rank) {
      Place& place = places_[rank];
      place.turn = 0;
      for (std::atomic<uint32_t>& taken : place.taken) taken.store(0, std::memory_order_relaxed);
    }
  }

  // Calls work(begin, end) for pieces of at most `grain` items, until all are handed out. share(owner): the items of each of the
  // `active` members. All of these call this the same number of times, with a barrier between two calls.
  template <typename ShareOf, typename Work>
  void each(uint32_t rank, uint32_t active, uint32_t grain, ShareOf share, Work work) {
    const uint32_t set = places_[rank].turn++ & 1;
    places_[rank].taken[1 - set].store(0, std::memory_order_relaxed);  // nobody looks there before the next barrier
    for (uint32_t i = 0; i < active; ++i) {
      const uint32_t owner = (rank + i) % active;
      const Share items = share(owner);
      std::atomic<uint32_t>& taken = places_[owner].taken[set];
      for (;;) {
        const uint64_t begin = items.begin + uint64_t{taken.fetch_add(1, std::memory_order_relaxed)} * grain;
        if (begin >= items.end) break;
        work(static_cast<uint32_t>(begin), static_cast<uint32_t>(std::min<uint64_t>(begin + grain, items.end)));
      }
    }
  }

 private:
  struct alignas(64) Place {
    std::atomic<uint32_t> taken[2];  // pieces of this member's share that are handed out, by set
    uint32_t turn;                   // its own
  };

  std::unique_ptr<Place[]> places_;
  uint32_t members_;
};

}  // namespace bitfleet
