#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"
#include "threads/share.h"

namespace bitfleet {

// One call of the attention kernel: tokens of one slot that follow one another in the batch, and heads that share a KV head.
struct AttentionItem {
  uint32_t first_token;  // index into the batch
  uint32_t tokens;       // 1..attention_tokens
  uint32_t first_head;
  uint32_t heads;        // 1..attention_heads
};

// How the attention of a step is split among threads: every head of every token exactly once, in shares that read and
// compute about as much. Who does what changes no bit, so the split is free to depend on the batch.
class AttentionPlan {
 public:
  // slots, positions: [tokens of the batch] the slot of each, and how many positions it attends to.
  void make(std::span<const uint32_t> slots, std::span<const uint32_t> positions, uint32_t heads, uint32_t heads_per_kv_head, uint32_t members);

  Share share_of(uint32_t rank) const { return {begins_[rank], begins_[rank + 1]}; }  // numbers of items
  const AttentionItem& item(uint32_t number) const { return items_[number]; }

 private:
  std::vector<AttentionItem> whole_;  // before the split
  std::vector<AttentionItem> items_;
  std::vector<uint32_t> begins_;      // [members + 1] indices into items_
};

}  // namespace bitfleet
