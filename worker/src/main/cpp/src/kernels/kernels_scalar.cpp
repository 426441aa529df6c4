// The kernels any machine runs, and the ones the others are compared with: plain C++, no intrinsics. (The compiler may
// use the vectors of the baseline; the arithmetic is fixed lane by lane, so that changes nothing.)

#include "kernels/kernel_tables.h"
#include "kernels/lanes.h"
#include "quant/half.h"

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_halves(const uint16_t* from) {
  float all[16];
  for (unsigned l = 0; l < 16; ++l) all[l] = half_to_float(from[l]);
  return load(all);
}

BITFLEET_INLINE void store_halves(uint16_t* to, const Lanes& v) {
  float all[16];
  store(all, v);
  for (unsigned l = 0; l < 16; ++l) to[l] = float_to_half(all[l]);
}

BITFLEET_INLINE Lanes load_bfloats(const uint16_t* from) {
  float all[16];
  for (unsigned l = 0; l < 16; ++l) all[l] = bfloat16_to_float(from[l]);
  return load(all);
}

BITFLEET_INLINE Lanes load_bytes(const int8_t* from) {
  float all[16];
  for (unsigned l = 0; l < 16; ++l) all[l] = from[l];
  return load(all);
}

BITFLEET_INLINE void store_bytes(int8_t* to, const IntLanes& v) {
  int32_t all[16];
  std::memcpy(all, &v, sizeof all);
  for (unsigned l = 0; l < 16; ++l) to[l] = static_cast<int8_t>(all[l]);
}

// One row block and one token. 16-bit sums hold 4 · 2 · 128 per vector, so 16 vectors at a time cannot overflow.
BITFLEET_INLINE void block_sums_of(const uint8_t* w, const int8_t* values, uint32_t vectors, int32_t* sums) {
  int32_t total[64] = {};
  for (uint32_t v = 0; v < vectors;) {
    const uint32_t end = vectors - v < 16 ? vectors : v + 16;
    int16_t part[64] = {};
    for (; v < end; ++v) {
      for (uint32_t f = 0; f < 4; ++f) {
        int8_t group[64];
        for (uint32_t i = 0; i < 64; i += 4) std::memcpy(group + i, values + 16ULL * v + 4 * f, 4);
        for (uint32_t i = 0; i < 64; ++i) {
          part[i] = static_cast<int16_t>(part[i] + static_cast<int16_t>(w[64ULL * v + i] >> (2 * f) & 3) * static_cast<int16_t>(group[i]));
        }
      }
    }
    for (uint32_t i = 0; i < 64; ++i) total[i] += part[i];
  }
  for (uint32_t l = 0; l < 16; ++l) sums[l] = total[4 * l] + total[4 * l + 1] + total[4 * l + 2] + total[4 * l + 3];
}

constexpr int32_t sum_bias = kv_byte_bias;

BITFLEET_INLINE void store_fine(uint8_t* to, const IntLanes& q) {
  int32_t all[16];
  int16_t narrow[16];
  std::memcpy(all, &q, sizeof all);
  for (unsigned l = 0; l < 16; ++l) narrow[l] = static_cast<int16_t>(all[l]);
  std::memcpy(to, narrow, sizeof narrow);
}

template <unsigned heads, unsigned vectors>
BITFLEET_INLINE void byte_sums(const uint8_t* matrix, uint64_t row_bytes, uint32_t rows, const uint8_t* fine, uint64_t fine_stride,
                               const uint8_t*, IntLanes (*sums)[vectors]) {
  for (unsigned h = 0; h < heads; ++h) {
    int32_t columns[16 * vectors] = {};
    for (uint32_t r = 0; r < rows; ++r) {
      int16_t four[4];
      std::memcpy(four, fine + h * fine_stride + 8 * r, sizeof four);
      const uint8_t* row = matrix + r * row_bytes;
      for (unsigned c = 0; c < 16 * vectors; ++c) {
        columns[c] += row[4 * c] * four[0] + row[4 * c + 1] * four[1] + row[4 * c + 2] * four[2] + row[4 * c + 3] * four[3];
      }
    }
    std::memcpy(sums[h], columns, sizeof columns);
  }
}

}  // namespace
}  // namespace bitfleet

#include "kernels/attention_kernels.inl"
#include "kernels/byte_attention.inl"
#include "kernels/dense_kernels.inl"
#include "kernels/ternary_output.inl"
#include "kernels/token_kernels.inl"

namespace bitfleet {
namespace {

void two_bit_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors,
                  int32_t (*sums)[token_tile][16]) {
  for (uint32_t t = 0; t < tokens; ++t) {
    block_sums_of(w0, values + t * stride, vectors, sums[0][t]);
    if (w1 != w0) block_sums_of(w1, values + t * stride, vectors, sums[1][t]);
  }
}

}  // namespace
}  // namespace bitfleet

#include "kernels/ternary_driver.inl"

namespace bitfleet {
namespace {

void ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                    uint64_t out_stride, void*) {
  if (w.layout == TernaryLayout::two_bit) two_bit_matmul(w, x, first_row, last_row, out, out_stride);
  else foreign_matmul(w, x, first_row, last_row, out, out_stride);
}

}  // namespace

const Kernels scalar_kernels{KernelSet::scalar, ternary_matmul, dense_matmul, quantize,  rms_norm, gate_relu_squared,
                             gate_silu,         attend,         to_halves,    expand_row};

}  // namespace bitfleet
