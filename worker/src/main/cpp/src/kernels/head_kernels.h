#pragma once

#include <cstdint>

#include "kernels/kernel_set.h"

namespace bitfleet {

// Products with an output head whose weights are rounded to 8 or 4 bits, a scale for each group of columns. A head is read
// once for every token and is a third of all that a small ternary model reads, so it has kernels of its own.
//
// Activations are quantized finely, to 15 bits: what a head rounds decides between tokens, and 8 bits for a vector with a few
// large elements lose as much as the weights do. They are kept as two bytes each, so that byte products serve: q = 128 · high +
// low, high and low signed. All sums of integers are exact in 32 bits; floats are added group by group, ascending.

constexpr uint32_t head_group = 32;    // columns that share a scale
constexpr uint32_t head_lanes = 16;    // rows of a block
constexpr uint32_t fine_levels = 127 * 128;

constexpr uint32_t head_groups(uint32_t columns) { return (columns + head_group - 1) / head_group; }

enum class HeadFormat { int8, int4 };

// values: [row blocks][groups] of
//   int8: [8][16 rows][4]  byte j of vector v is column 4·v + j of the group, plus 128: 512 bytes;
//   int4: [4][16 rows][4]  low nibble: column 4·v + j plus 8; high nibble: column 16 + 4·v + j plus 8: 256 bytes.
// Columns and rows beyond the real ones hold any weight with scale or activation 0.
struct HeadView {
  HeadFormat format;
  const uint8_t* values;
  const uint16_t* scales;  // [row blocks][groups][16 rows] f16
  float factor;            // multiplies the finished output
  uint32_t rows;
  uint32_t columns;

  uint64_t group_bytes() const { return format == HeadFormat::int8 ? 512 : 256; }
};

// What weights are stored with, added.
constexpr int32_t head_bias(HeadFormat format) { return format == HeadFormat::int8 ? 128 : 8; }

// Activations of some tokens: value ≈ q / scale.
struct FineView {
  const int8_t* high;      // [tokens][groups · 32]
  const int8_t* low;       // [tokens][groups · 32]
  const int32_t* sums;     // [tokens][groups] of q, to undo what the weights are shifted by
  const float* scales;     // [tokens]
  uint32_t tokens;
};

// One implementation for each kernel set; all give the same bits. No function allocates, throws or keeps state.
struct HeadKernels {
  // Quantizes one token: scale = fine_levels / max(|x|max, 1e-5), q = round to even(x · scale). x: [padded(columns)], zero behind
  // its end; what of the last group lies behind that is written as 0.
  void (*quantize)(const float* x, uint32_t columns, int8_t* high, int8_t* low, int32_t* sums, float* scale);

  // out[t * out_stride + r] = (sum over groups, ascending, of scale · integer sum) / x.scale · factor, for the rows of blocks
  // [first_block, last_block).
  void (*matmul)(const HeadView& w, const FineView& x, uint32_t first_block, uint32_t last_block, float* out, uint64_t out_stride);
};

// Those of a set the machine can run; a set without its own has the nearest one's.
const HeadKernels& head_kernels_for(KernelSet set);

}  // namespace bitfleet
