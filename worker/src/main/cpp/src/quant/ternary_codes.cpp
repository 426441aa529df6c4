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

namespace {

void pack_two_bit(const uint8_t* codes, uint32_t columns, uint32_t row, uint8_t* packed) {
  uint8_t* lane = packed + static_cast<uint64_t>(row / 16) * two_bit_vectors(columns) * 64 + 4 * (row % 16);
  for (uint32_t k = 0; k < columns; k += 16, lane += 64) {
    uint32_t group[4] = {};
    std::memcpy(group, codes + k, columns - k < 16 ? columns - k : 16);
    const uint32_t four = group[0] | group[1] << 2 | group[2] << 4 | group[3] << 6;
    std::memcpy(lane, &four, 4);
  }
}

void pack_base3(const uint8_t* codes, uint32_t columns, uint32_t row, uint8_t* packed) {
  uint8_t* lane = packed + static_cast<uint64_t>(row / 16) * base3_vectors(columns) * 64 + 4 * (row % 16);
  for (uint32_t k = 0; k < columns; k += 20, lane += 64) {
    uint8_t trits[20] = {};
    std::memcpy(trits, codes + k, columns - k < 20 ? columns - k : 20);
    for (uint32_t j = 0; j < 4; ++j) {
      const uint32_t four = trits[j] + 3U * trits[4 + j] + 9U * trits[8 + j] + 27U * trits[12 + j];
      const uint32_t fifth = trits[16 + j];
      lane[j] = static_cast<uint8_t>(four < 64 ? fifth << 6 | four : 192 + 17 * fifth + four - 64);
    }
  }
}

}  // namespace

void pack_row(TernaryLayout layout, const uint8_t* codes, uint32_t columns, uint32_t row, uint8_t* packed) {
  switch (layout) {
    case TernaryLayout::two_bit: return pack_two_bit(codes, columns, row, packed);
    case TernaryLayout::base3: return pack_base3(codes, columns, row, packed);
  }
}

}  // namespace bitfleet
