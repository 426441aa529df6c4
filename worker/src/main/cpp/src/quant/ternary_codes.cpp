#include "quant/ternary_codes.h"

#include <cstring>

#include "quant/half.h"

namespace bitfleet {

bool decode_i2_s(const std::byte* row, uint32_t columns, uint32_t block, uint8_t* codes) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(row);
  const uint32_t quarter = block / 4;
  uint64_t threes = 0;
  constexpr uint64_t low_bits = 0x5555555555555555;
  constexpr uint64_t fields = 0x0303030303030303;
  for (uint32_t start = 0; start < columns; start += block, bytes += quarter, codes += block) {
    for (uint32_t p = 0; p < quarter; p += 8) {
      uint64_t eight;
      std::memcpy(&eight, bytes + p, 8);
      threes |= eight & eight >> 1 & low_bits;
      for (uint32_t n = 0; n < 4; ++n) {
        const uint64_t field = eight >> (6 - 2 * n) & fields;
        std::memcpy(codes + n * quarter + p, &field, 8);
      }
    }
  }
  return threes == 0;
}

bool decode_tq2_0(const std::byte* row, uint32_t columns, uint8_t* codes, float* scales) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(row);
  uint8_t threes = 0;
  for (uint32_t start = 0; start < columns; start += 256, bytes += 66, codes += 256) {
    for (uint32_t half = 0; half < 2; ++half) {
      for (uint32_t m = 0; m < 32; ++m) {
        const uint8_t byte = bytes[32 * half + m];
        threes |= static_cast<uint8_t>(byte & byte >> 1 & 0x55);
        for (uint32_t n = 0; n < 4; ++n) codes[128 * half + 32 * n + m] = byte >> (2 * n) & 3;
      }
    }
    *scales++ = read_half(bytes + 64);
  }
  return threes == 0;
}

bool decode_tq1_0(const std::byte* row, uint32_t columns, uint8_t* codes, float* scales) {
  constexpr uint8_t powers[5] = {1, 3, 9, 27, 81};
  const auto trit = [](uint8_t byte, uint8_t power) { return static_cast<uint8_t>(static_cast<uint8_t>(byte * power) * 3U >> 8); };
  const auto* bytes = reinterpret_cast<const uint8_t*>(row);
  for (uint32_t start = 0; start < columns; start += 256, bytes += 54, codes += 256) {
    for (uint32_t n = 0; n < 5; ++n) {
      for (uint32_t m = 0; m < 32; ++m) codes[32 * n + m] = trit(bytes[m], powers[n]);
      for (uint32_t m = 0; m < 16; ++m) codes[160 + 16 * n + m] = trit(bytes[32 + m], powers[n]);
    }
    for (uint32_t n = 0; n < 4; ++n) {
      for (uint32_t m = 0; m < 4; ++m) codes[240 + 4 * n + m] = trit(bytes[48 + m], powers[n]);
    }
    *scales++ = read_half(bytes + 52);
  }
  return true;
}

void pack_row(const uint8_t* codes, uint32_t columns, uint32_t lane, uint8_t* block) {
  const uint32_t vectors = padded(columns) / 16;
  for (uint32_t v = 0; v < vectors; ++v) {
    uint32_t group[4];
    std::memcpy(group, codes + 16 * v, 16);
    const uint32_t packed = group[0] | group[1] << 2 | group[2] << 4 | group[3] << 6;
    std::memcpy(block + 64ULL * v + 4 * lane, &packed, 4);
  }
}

}  // namespace bitfleet
