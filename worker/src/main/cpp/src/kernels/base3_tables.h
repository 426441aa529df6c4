#pragma once

#include <cstdint>

namespace bitfleet {
namespace {

// What the low six bits of a byte of the layout base3 stand for, as look-up tables of 64 bytes.
struct Base3Tables {
  alignas(64) uint8_t low[64];    // the four two-bit codes of bytes below 192
  alignas(64) uint8_t high[64];   // of the others
  alignas(64) uint8_t fifth[64];  // the fifth code of the others, in bits 6 and 7
};

constexpr uint8_t four_codes(uint32_t c) {
  return static_cast<uint8_t>(c % 3 | c / 3 % 3 << 2 | c / 9 % 3 << 4 | c / 27 % 3 << 6);
}

constexpr Base3Tables make_base3_tables() {
  Base3Tables tables{};
  for (uint32_t i = 0; i < 64; ++i) {
    tables.low[i] = four_codes(i);
    tables.high[i] = four_codes(64 + i % 17);
    tables.fifth[i] = static_cast<uint8_t>(i / 17 << 6);
  }
  return tables;
}

constexpr Base3Tables base3_tables = make_base3_tables();

}  // namespace
}  // namespace bitfleet
