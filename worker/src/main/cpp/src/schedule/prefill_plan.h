#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bitfleet {

// Splits the prefill tokens of one step among the sequences that still read their prompt: equal shares, what a short
// prompt leaves over going to the others, and an odd token to whoever comes first in turn. `pending[i]` tokens are
// left to sequence i; `first` is the sequence whose turn it is. Returns tokens per sequence; their sum is
// min(budget, sum of pending).
std::vector<uint32_t> plan_prefill(std::span<const uint32_t> pending, uint32_t budget, size_t first);

// The same in two classes: those in the `background` get what the others leave over, but no less than an eighth of the
// budget while they have use for it, so that they wait long and never for ever.
std::vector<uint32_t> plan_prefill(std::span<const uint32_t> pending, const std::vector<bool>& background, uint32_t budget, size_t first);

}  // namespace bitfleet
