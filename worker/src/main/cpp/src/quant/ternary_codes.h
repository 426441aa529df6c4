#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernels/kernels.h"

namespace bitfleet {

// Decoders of the file formats into one code (0, 1, 2 for -1, 0, +1) per byte. `row` points at the first byte of a row.
// Each returns false when it meets the invalid code 3 (TQ1_0 cannot hold one).

// I2_S: blocks of `block` weights (128, or 64 in files written on ARM) in block / 4 bytes; byte p holds weights p,
// p + block/4, p + block/2, p + 3·block/4 from its high bits to its low bits.
// Source: the layout written by bitnet.cpp, confirmed against it by the golden logits.
bool decode_i2_s(const std::byte* row, uint32_t columns, uint32_t block, uint8_t* codes);

// 256 weights in 66 bytes: 64 of codes (two runs of 32 bytes; bits 2n of run byte m hold weight 32n + m), then an f16 scale.
bool decode_tq2_0(const std::byte* row, uint32_t columns, uint8_t* codes, float* scales);

// 256 weights in 54 bytes: 48 with five trits each, 4 with four trits each, then an f16 scale. A byte q holds
// ceil(v · 256 / 243) of a base-3 number v; trit n is the integer part of 3 · frac(q · 3^n / 256).
bool decode_tq1_0(const std::byte* row, uint32_t columns, uint8_t* codes, float* scales);

// Packs one row into its place in a matrix of this layout. codes: [columns]. packed: the matrix, see TernaryLayout, zeroed before.
// Different rows may be packed by different threads at once.
void pack_row(TernaryLayout layout, const uint8_t* codes, uint32_t columns, uint32_t row, uint8_t* packed);

}  // namespace bitfleet
