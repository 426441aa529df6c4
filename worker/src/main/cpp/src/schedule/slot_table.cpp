#include "schedule/slot_table.h"

#include <algorithm>

namespace bitfleet {

std::optional<SlotTable::Claim> SlotTable::claim(std::span<const uint32_t> tokens, uint64_t cache_scope, Reuse reuse) {
  std::optional<Claim> best;
  for (uint32_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.claimed) continue;
    uint32_t common = 0;
    if (slot.cache_scope == cache_scope && reuse == Reuse::longest_prefix) {
      const size_t most = std::min(slot.cached.size(), tokens.size() - 1);
      while (common < most && slot.cached[common] == tokens[common]) ++common;
    }
    const bool better = !best || common > best->reused ||
                        (common == best->reused && slot.last_used < slots_[best->slot].last_used);
    if (better) best = Claim{i, common};
  }
  if (!best) return std::nullopt;
  Slot& slot = slots_[best->slot];
  slot.claimed = true;
  slot.cache_scope = cache_scope;
  slot.last_used = ++claims_;
  slot.cached.resize(best->reused);
  return best;
}

void SlotTable::append(uint32_t slot, std::span<const uint32_t> tokens) {
  auto& cached = slots_[slot].cached;
  cached.insert(cached.end(), tokens.begin(), tokens.end());
}

void SlotTable::release(uint32_t slot) { slots_[slot].claimed = false; }

void SlotTable::forget(uint32_t slot) {
  slots_[slot].cached.clear();
  slots_[slot].last_used = 0;
}

}  // namespace bitfleet
