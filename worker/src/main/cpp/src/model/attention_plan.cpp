#include "model/attention_plan.h"

#include <algorithm>

namespace bitfleet {
namespace {

// A member that gets this part of its share too much or too little is not worth another reading of the same pages.
constexpr uint64_t tolerated_part = 32;

uint64_t cost_of(const AttentionItem& item, std::span<const uint32_t> positions) {
  uint64_t all = 0;
  for (const uint32_t count : positions.subspan(item.first_token, item.tokens)) all += count;
  return all * item.heads;
}

}  // namespace

void AttentionPlan::make(std::span<const uint32_t> slots, std::span<const uint32_t> positions, uint32_t heads, uint32_t heads_per_kv_head,
                         uint32_t members) {
  whole_.clear();
  uint64_t total = 0;
  const auto count = static_cast<uint32_t>(slots.size());
  for (uint32_t begin = 0, end = 0; begin < count; begin = end) {
    while (end < count && slots[end] == slots[begin]) ++end;
    // A KV head's pages stay in the caches while one tile of tokens after the other reads them.
    for (uint32_t kv = 0; kv < heads; kv += heads_per_kv_head) {
      for (uint32_t token = begin; token < end; token += attention_tokens) {
        for (uint32_t head = kv; head < kv + heads_per_kv_head; head += attention_heads) {
          whole_.push_back({token, std::min(attention_tokens, end - token), head, std::min(attention_heads, kv + heads_per_kv_head - head)});
          total += cost_of(whole_.back(), positions);
        }
      }
    }
  }

  items_.clear();
  begins_.assign(1, 0);
  uint64_t done = 0;
  const auto target = [&] { return total * begins_.size() / members; };
  for (AttentionItem item : whole_) {
    while (item.heads > 0) {
      const uint64_t cost = cost_of(item, positions);
      if (begins_.size() == members || done + cost <= target() + total / members / tolerated_part) {
        items_.push_back(item);
        done += cost;
        break;
      }
      const uint64_t room = target() - std::min(done, target());
      AttentionItem part = item;
      part.heads = static_cast<uint32_t>((room * item.heads + cost / 2) / cost);
      if (part.heads > 0) {
        items_.push_back(part);
        done += cost_of(part, positions);
        item.first_head += part.heads;
        item.heads -= part.heads;
      }
      begins_.push_back(static_cast<uint32_t>(items_.size()));
    }
  }
  while (begins_.size() <= members) begins_.push_back(static_cast<uint32_t>(items_.size()));
}

}  // namespace bitfleet
