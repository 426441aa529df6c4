// The part of a ternary product that is the same everywhere for weights of two bits: which row blocks meet which tokens, and how integer
// sums become floats. Other layouts come through here where a set has nothing better: piece by piece turned into two bits.
//
// Needs lanes.h, ternary_output.inl and the including file's
//   void two_bit_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors,
//                     int32_t (*sums)[token_tile][16]);
// which overwrites sums[0..1][0..tokens) with the sums of code·q of two row blocks over `vectors` packed vectors. values: [tokens][stride].

#include "kernels/ternary_to_two_bit.inl"

namespace bitfleet {
namespace {

struct RowBlockPair {
  uint32_t block[2];
  uint32_t count;  // 1 when both are the same
};

// sums_of: like two_bit_sums, over `vectors` vectors of whichever layout it reads.
template <typename Sums>
BITFLEET_INLINE void one_scale(const TernaryView& w, const QuantizedView& x, const RowBlockPair& pair, uint32_t vectors, Sums sums_of,
                               float* out, uint64_t out_stride) {
  const uint64_t block_bytes = static_cast<uint64_t>(vectors) * 64;
  alignas(64) int32_t sums[2][token_tile][16];
  for (uint32_t first = 0; first < x.tokens; first += token_tile) {
    const uint32_t width = x.tokens - first < token_tile ? x.tokens - first : token_tile;
    sums_of(w.packed + pair.block[0] * block_bytes, w.packed + pair.block[1] * block_bytes, x.values + first * x.stride, x.stride, width,
            vectors, sums);
    for (uint32_t b = 0; b < pair.count; ++b) {
      for (uint32_t t = 0; t < width; ++t) finish(w, x, first + t, pair.block[b] * lanes, minus(sums[b][t], x.sums[first + t]), out, out_stride);
    }
  }
}

BITFLEET_INLINE void many_scales(const TernaryView& w, const QuantizedView& x, const RowBlockPair& pair, float* out,
                                 uint64_t out_stride) {
  const uint32_t vectors = two_bit_vectors(w.columns);
  const uint32_t blocks = scale_blocks(w.columns);
  constexpr uint32_t step = scale_block / 16;
  const uint64_t block_bytes = static_cast<uint64_t>(vectors) * 64;
  alignas(64) int32_t sums[2][token_tile][16];
  Lanes y[2][token_tile];
  for (uint32_t first = 0; first < x.tokens; first += token_tile) {
    const uint32_t width = x.tokens - first < token_tile ? x.tokens - first : token_tile;
    for (uint32_t t = 0; t < width; ++t) y[0][t] = y[1][t] = zero_lanes();
    for (uint32_t k = 0; k < blocks; ++k) {
      const uint32_t here = vectors - k * step < step ? vectors - k * step : step;
      const uint64_t offset = static_cast<uint64_t>(k) * step * 64;
      two_bit_sums(w.packed + pair.block[0] * block_bytes + offset, w.packed + pair.block[1] * block_bytes + offset,
                   x.values + first * x.stride + static_cast<uint64_t>(k) * scale_block, x.stride, width, here, sums);
      for (uint32_t b = 0; b < pair.count; ++b) {
        const Lanes scale = load(w.block_scales + (static_cast<uint64_t>(pair.block[b]) * blocks + k) * lanes);
        for (uint32_t t = 0; t < width; ++t) {
          y[b][t] = y[b][t] + scale * minus(sums[b][t], x.block_sums[static_cast<uint64_t>(first + t) * blocks + k]);
        }
      }
    }
    for (uint32_t b = 0; b < pair.count; ++b) {
      for (uint32_t t = 0; t < width; ++t) finish(w, x, first + t, pair.block[b] * lanes, y[b][t], out, out_stride);
    }
  }
}

// Two streams, each without a jump: block i goes with block i + half, so that hardware and software prefetch both run ahead into the
// next block.
template <typename Body>
BITFLEET_INLINE void for_row_block_pairs(uint32_t first_row, uint32_t last_row, Body body) {
  const uint32_t first_block = first_row / lanes;
  const uint32_t last_block = row_blocks(last_row);
  const uint32_t half = (last_block - first_block + 1) / 2;
  for (uint32_t i = 0; i < half; ++i) {
    const uint32_t one = first_block + i;
    const uint32_t two = one + half;
    body(two < last_block ? RowBlockPair{{one, two}, 2} : RowBlockPair{{one, one}, 1});
  }
}

void two_bit_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                    uint64_t out_stride) {
  for_row_block_pairs(first_row, last_row, [&](const RowBlockPair& pair) {
    if (w.block_scales == nullptr) one_scale(w, x, pair, two_bit_vectors(w.columns), two_bit_sums, out, out_stride);
    else many_scales(w, x, pair, out, out_stride);
  });
}

// A layout this set has no kernel for.
void foreign_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                    uint64_t out_stride) {
  alignas(64) uint8_t piece[piece_columns * 4];
  alignas(64) int32_t sums[2][token_tile][16];
  alignas(64) int32_t total[token_tile][16];
  for (uint32_t block = first_row / lanes; block < row_blocks(last_row); ++block) {
    for (uint32_t first = 0; first < x.tokens; first += token_tile) {
      const uint32_t width = x.tokens - first < token_tile ? x.tokens - first : token_tile;
      std::memset(total, 0, sizeof total);
      for (uint32_t column = 0; column < w.columns; column += piece_columns) {
        to_two_bit(w, block, column, piece);
        two_bit_sums(piece, piece, x.values + first * x.stride + column, x.stride, width, piece_columns / 16, sums);
        for (uint32_t t = 0; t < width; ++t) {
          for (uint32_t l = 0; l < lanes; ++l) total[t][l] += sums[0][t][l];
        }
      }
      for (uint32_t t = 0; t < width; ++t) finish(w, x, first + t, block * lanes, minus(total[t], x.sums[first + t]), out, out_stride);
    }
  }
}

}  // namespace
}  // namespace bitfleet
