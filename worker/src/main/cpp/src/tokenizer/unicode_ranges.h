#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

namespace bitfleet::unicode {

struct CodePointRange {
  uint32_t first;
  uint32_t last;
};

// Sorted and disjoint. General categories L*, N*, P* and the property White_Space of Unicode 16.0.
extern const std::span<const CodePointRange> letters;
extern const std::span<const CodePointRange> numbers;
extern const std::span<const CodePointRange> punctuation;
extern const std::span<const CodePointRange> white_space;

inline bool contains(std::span<const CodePointRange> ranges, uint32_t code_point) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code_point,
                                      [](uint32_t value, const CodePointRange& range) { return value < range.first; });
  return after != ranges.begin() && code_point <= (after - 1)->last;
}

}  // namespace bitfleet::unicode
