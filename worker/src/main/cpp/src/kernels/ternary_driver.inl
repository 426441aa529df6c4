// The part of the ternary product that is the same everywhere: which row blocks meet which token tiles, and how integer
// sums become floats. Needs lanes.h and the including file's
//   void ternary_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint32_t width, uint32_t vectors,
//                     int32_t (*sums)[token_tile][16]);
// which overwrites sums[0..1][0..width) with sum of code·q of two row blocks over `vectors` packed vectors.

namespace bitfleet {
namespace {

BITFLEET_INLINE void store_rows(float* out, const Lanes& values, uint32_t count) {
  if (count >= lanes) {
    store(out, values);
    return;
  }
  float all[lanes];
  store(all, values);
  for (uint32_t l = 0; l < count; ++l) out[l] = all[l];
}

BITFLEET_INLINE Lanes minus(const int32_t* sums, int32_t value) {
  IntLanes v = load_ints(sums);
  for (unsigned p = 0; p < lane_parts; ++p) v.part[p] -= value;
  return to_floats(v);
}

struct RowBlockPair {
  uint32_t block[2];
  uint32_t count;  // 1 when both are the same
};

BITFLEET_INLINE void one_scale(const TernaryView& w, const QuantizedView& x, const RowBlockPair& pair, float* out,
                               uint64_t out_stride) {
  const uint32_t columns = padded(w.columns);
  const uint32_t vectors = columns / 16;
  const uint64_t block_bytes = static_cast<uint64_t>(vectors) * 64;
  alignas(64) int32_t sums[2][token_tile][16];
  for (uint32_t first = 0; first < x.tokens; first += token_tile) {
    const uint32_t width = x.tokens - first < token_tile ? x.tokens - first : token_tile;
    ternary_sums(w.packed + pair.block[0] * block_bytes, w.packed + pair.block[1] * block_bytes,
                 x.values + static_cast<uint64_t>(first) * columns, width, vectors, sums);
    for (uint32_t b = 0; b < pair.count; ++b) {
      const uint32_t row = pair.block[b] * lanes;
      for (uint32_t t = 0; t < width; ++t) {
        const Lanes y = minus(sums[b][t], x.sums[first + t]) / broadcast(x.scales[first + t]) * broadcast(w.scale) * broadcast(w.factor);
        store_rows(out + (first + t) * out_stride + row, y, w.rows - row);
      }
    }
  }
}

BITFLEET_INLINE void many_scales(const TernaryView& w, const QuantizedView& x, const RowBlockPair& pair, float* out,
                                 uint64_t out_stride) {
  const uint32_t columns = padded(w.columns);
  const uint32_t vectors = columns / 16;
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
      ternary_sums(w.packed + pair.block[0] * block_bytes + offset, w.packed + pair.block[1] * block_bytes + offset,
                   x.values + static_cast<uint64_t>(first) * columns + static_cast<uint64_t>(k) * scale_block * width, width, here, sums);
      for (uint32_t b = 0; b < pair.count; ++b) {
        const Lanes scale = load(w.block_scales + (static_cast<uint64_t>(pair.block[b]) * blocks + k) * lanes);
        for (uint32_t t = 0; t < width; ++t) {
          y[b][t] = y[b][t] + scale * minus(sums[b][t], x.block_sums[static_cast<uint64_t>(first + t) * blocks + k]);
        }
      }
    }
    for (uint32_t b = 0; b < pair.count; ++b) {
      const uint32_t row = pair.block[b] * lanes;
      for (uint32_t t = 0; t < width; ++t) {
        const Lanes done = y[b][t] / broadcast(x.scales[first + t]) * broadcast(w.scale) * broadcast(w.factor);
        store_rows(out + (first + t) * out_stride + row, done, w.rows - row);
      }
    }
  }
}

// Pairs block i with block i + half, so that a thread reads two long streams, each without a jump: hardware and software
// prefetch both run ahead into the next block.
void ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_block, uint32_t last_block, float* out,
                    uint64_t out_stride) {
  if (first_block >= last_block) return;
  const uint32_t half = (last_block - first_block + 1) / 2;
  for (uint32_t i = 0; i < half; ++i) {
    const uint32_t one = first_block + i;
    const uint32_t two = one + half;
    const RowBlockPair pair = two < last_block ? RowBlockPair{{one, two}, 2} : RowBlockPair{{one, one}, 1};
    if (w.block_scales == nullptr) one_scale(w, x, pair, out, out_stride);
    else many_scales(w, x, pair, out, out_stride);
  }
}

}  // namespace
}  // namespace bitfleet
