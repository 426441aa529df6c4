#pragma once

#include <cstdint>

namespace bitfleet {

// How the weights of a ternary matrix lie in memory. A weight is its code: 0 for -1, 1 for 0, 2 for +1. All layouts hold the same
// weights exactly; machines differ in which they read fastest (see layout_for in kernel_set.h). What lies behind the last column or
// row is any code: activations are zero there, and such rows are not stored.
//
// All are rows of 64-byte vectors. In each, the weights of different outputs lie in different lanes, so that one broadcast group of
// activations serves a whole vector and nothing is ever summed across lanes.
enum class TernaryLayout : uint8_t {
  // 2 bits a weight. [blocks of 16 rows][padded(columns) / 16][64 bytes]. Byte 4·l + j of vector v of block b holds, for row 16·b + l,
  // the columns 16·v + 4·f + j in bits 2f and 2f + 1, f = 0..3. Every kernel set reads it fast.
  two_bit,

  // 1.6 bits: five weights to a byte. [blocks of 16 rows][16 · ceil(columns / 320)][64 bytes]. Byte 4·l + j of vector v of block b
  // holds the columns 20·v + 4·f + j, f = 0..4, as t0..t4. With c = t0 + 3·t1 + 9·t2 + 27·t3 it is 64·t4 + c where c < 64, else
  // 192 + 17·t4 + c - 64. So bits 6 and 7 are t4 or tell that it is not there, and the low six bits pick from a table of 64.
  base3
};

constexpr uint32_t row_unit = 32;  // the rows of a ternary matrix are split between threads at multiples of this

constexpr uint32_t row_units(uint32_t rows) { return (rows + row_unit - 1) / row_unit; }

constexpr uint32_t two_bit_vectors(uint32_t columns) { return (columns + 15) / 16; }
constexpr uint32_t base3_vectors(uint32_t columns) { return (columns + 319) / 320 * 16; }

// Bytes of a packed matrix.
constexpr uint64_t ternary_bytes(TernaryLayout layout, uint32_t rows, uint32_t columns) {
  const uint64_t sixteens = (rows + uint64_t{15}) / 16;
  switch (layout) {
    case TernaryLayout::two_bit: return sixteens * two_bit_vectors(columns) * 64;
    case TernaryLayout::base3: return sixteens * base3_vectors(columns) * 64;
  }
  return 0;
}

}  // namespace bitfleet
