#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace bitfleet {

// What of a slot's cache a claimer may go on from.
enum class Reuse { longest_prefix, nothing };

// Which tokens lie in the KV cache of which slot, who may share them, and which slots are free. Pure bookkeeping: the
// cache itself is cut by whoever claims a slot.
class SlotTable {
 public:
  explicit SlotTable(uint32_t slots) : slots_(slots) {}

  struct Claim {
    uint32_t slot;
    uint32_t reused;  // leading tokens of the claimer that are in the slot's cache; the rest of the cache is to be cut
  };

  // Takes the free slot that shares the longest prefix with `tokens` (not empty) within `cache_scope`; of equals the
  // one unused for longest. The last token is never reused: its logits are wanted. nullopt when no slot is free.
  // A claimer that can reuse nothing takes the slot unused for longest.
  std::optional<Claim> claim(std::span<const uint32_t> tokens, uint64_t cache_scope, Reuse reuse = Reuse::longest_prefix);

  void append(uint32_t slot, std::span<const uint32_t> tokens);  // now in the slot's cache, after what was there
  void release(uint32_t slot);                                   // free; its cache stays to be reused
  void forget(uint32_t slot);                                    // nothing in its cache is to be reused
  uint32_t cached(uint32_t slot) const { return static_cast<uint32_t>(slots_[slot].cached.size()); }
  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }

 private:
  struct Slot {
    std::vector<uint32_t> cached;
    uint64_t cache_scope = 0;
    uint64_t last_used = 0;  // 0 = never; otherwise the number of the claim
    bool claimed = false;
  };
  std::vector<Slot> slots_;
  uint64_t claims_ = 0;
};

}  // namespace bitfleet
