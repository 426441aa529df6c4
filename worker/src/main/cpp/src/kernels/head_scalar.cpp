// The head's kernels in plain C++: what any machine runs, and what the others are compared with.

#include "kernels/head_kernels.h"
#include "kernels/head_tables.h"
#include "kernels/lanes.h"
#include "quant/half.h"

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_halves(const uint16_t* from) {
  float all[16];
  for (unsigned l = 0; l < 16; ++l) all[l] = half_to_float(from[l]);
  return load(all);
}

template <HeadFormat format>
BITFLEET_INLINE int32_t weight_at(const uint8_t* w, uint32_t row, uint32_t column) {
  if constexpr (format == HeadFormat::int8) return w[column / 4 * 64 + row * 4 + column % 4];
  const uint32_t in_half = column % 16;
  const uint8_t both = w[in_half / 4 * 64 + row * 4 + in_half % 4];
  return column < 16 ? both & 15 : both >> 4;
}

template <HeadFormat format, unsigned tokens>
BITFLEET_INLINE void group_sums(const uint8_t* w, const int8_t* high, const int8_t* low, uint64_t stride, const int32_t* q_sums,
                                uint64_t sum_stride, IntLanes* sums) {
  static_cast<void>(q_sums);
  static_cast<void>(sum_stride);
  int32_t all[tokens][16] = {};
  for (uint32_t column = 0; column < head_group; ++column) {
    int32_t weights[16];
    for (uint32_t row = 0; row < 16; ++row) weights[row] = weight_at<format>(w, row, column) - head_bias(format);
    for (unsigned t = 0; t < tokens; ++t) {
      const int32_t q = 128 * high[t * stride + column] + low[t * stride + column];
      for (uint32_t row = 0; row < 16; ++row) all[t][row] += weights[row] * q;
    }
  }
  for (unsigned t = 0; t < tokens; ++t) std::memcpy(&sums[t], all[t], sizeof all[t]);
}

}  // namespace
}  // namespace bitfleet

#include "kernels/head_kernels.inl"

namespace bitfleet {

const HeadKernels scalar_head_kernels{head_quantize, head_matmul};

}  // namespace bitfleet
