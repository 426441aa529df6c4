#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grammar/rules.h"

namespace bitfleet::grammar {

// Texts of `length` bytes whose byte i lies in [low[i], high[i]].
struct ByteRanges {
  std::array<uint8_t, 4> low{};
  std::array<uint8_t, 4> high{};
  uint32_t length = 0;
};

// The UTF-8 forms of a set of code points (without surrogates) as products of byte ranges, disjoint and ascending; a
// range of code points takes 7 of them at most. Source: Russ Cox, "Regular Expression Matching in the Wild", 2010.
std::vector<ByteRanges> utf8_ranges(const std::vector<CodePoints>& set);

}  // namespace bitfleet::grammar
