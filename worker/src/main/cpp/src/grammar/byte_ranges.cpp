#include "grammar/byte_ranges.h"

#include <algorithm>

namespace bitfleet::grammar {
namespace {

constexpr std::array<uint32_t, 4> last_of_length = {0x7F, 0x7FF, 0xFFFF, last_code_point};

uint32_t encode(uint32_t code_point, uint32_t length, std::array<uint8_t, 4>& bytes) {
  if (length == 1) {
    bytes[0] = static_cast<uint8_t>(code_point);
    return 1;
  }
  for (uint32_t i = length - 1; i > 0; --i, code_point >>= 6) bytes[i] = static_cast<uint8_t>(0x80 | (code_point & 0x3F));
  constexpr std::array<uint8_t, 5> lead = {0, 0, 0xC0, 0xE0, 0xF0};
  bytes[0] = static_cast<uint8_t>(lead[length] | code_point);
  return length;
}

// Both ends have this many bytes.
void split(uint32_t first, uint32_t last, uint32_t length, std::vector<ByteRanges>& out) {
  // Where the bytes behind byte i do not run through all their values, the range is cut in front of or behind it.
  for (uint32_t i = 1; i < length; ++i) {
    const uint32_t tail = (1u << (6 * i)) - 1;
    if ((first & ~tail) == (last & ~tail)) continue;
    if ((first & tail) != 0) {
      split(first, first | tail, length, out);
      return split((first | tail) + 1, last, length, out);
    }
    if ((last & tail) != tail) {
      split(first, (last & ~tail) - 1, length, out);
      return split(last & ~tail, last, length, out);
    }
  }
  ByteRanges ranges;
  ranges.length = encode(first, length, ranges.low);
  encode(last, length, ranges.high);
  out.push_back(ranges);
}

}  // namespace

std::vector<ByteRanges> utf8_ranges(const std::vector<CodePoints>& set) {
  std::vector<ByteRanges> out;
  for (const CodePoints& range : set) {
    uint32_t first = range.first;
    for (uint32_t length = 1; length <= 4 && first <= range.last; ++length) {
      const uint32_t last = std::min(range.last, last_of_length[length - 1]);
      if (first > last) continue;
      split(first, last, length, out);
      first = last + 1;
    }
  }
  return out;
}

}  // namespace bitfleet::grammar
