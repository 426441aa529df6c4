// Products of bytes with 15-bit numbers, with SDOT: a number is 128 · high + low, two signed bytes. SDOT has no unsigned side, so the
// bytes lose their bias on the way.

namespace bitfleet {
namespace {

constexpr int32_t sum_bias = 0;

BITFLEET_INLINE void store_fine(uint8_t* to, const IntLanes& q) {
  for (unsigned p = 0; p < 4; ++p) {
    const auto number = (int32x4_t)q.part[p];
    const int32x4_t upper = vshrq_n_s32(vaddq_s32(number, vdupq_n_s32(64)), 7);
    const int32x4_t lower = vsubq_s32(number, vshlq_n_s32(upper, 7));
    vst1_s8(reinterpret_cast<int8_t*>(to) + 8 * p, vmovn_s16(vcombine_s16(vmovn_s32(upper), vmovn_s32(lower))));
  }
}

template <unsigned heads, unsigned vectors>
BITFLEET_INLINE void byte_sums(const uint8_t* matrix, uint64_t row_bytes, uint32_t rows, const uint8_t* fine, uint64_t fine_stride,
                               const uint8_t* next, IntLanes (*sums)[vectors]) {
  for (unsigned v = 0; v < vectors; ++v) {
    for (unsigned half = 0; half < 2; ++half) {
      const uint8_t* eight = matrix + 64 * v + 32 * half;
      int32x4_t high[heads][2];
      int32x4_t low[heads][2];
#pragma GCC unroll 4
      for (unsigned h = 0; h < heads; ++h) high[h][0] = high[h][1] = low[h][0] = low[h][1] = vdupq_n_s32(0);
      for (uint32_t r = 0; r < rows; ++r) {
        const uint8_t* row = eight + r * row_bytes;
        const int8x16_t first = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row), vdupq_n_u8(kv_byte_bias)));
        const int8x16_t second = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(row + 16), vdupq_n_u8(kv_byte_bias)));
        if (half == 0) __builtin_prefetch(next + 64 * v + r * row_bytes);
#pragma GCC unroll 4
        for (unsigned h = 0; h < heads; ++h) {
          const int8x8_t both = vld1_s8(reinterpret_cast<const int8_t*>(fine + h * fine_stride + 8 * r));
          const int8x16_t four = vcombine_s8(both, both);
          high[h][0] = vdotq_laneq_s32(high[h][0], first, four, 0);
          high[h][1] = vdotq_laneq_s32(high[h][1], second, four, 0);
          low[h][0] = vdotq_laneq_s32(low[h][0], first, four, 1);
          low[h][1] = vdotq_laneq_s32(low[h][1], second, four, 1);
        }
      }
#pragma GCC unroll 4
      for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 2
        for (unsigned i = 0; i < 2; ++i) sums[h][v].part[2 * half + i] = (NativeInts)vaddq_s32(vshlq_n_s32(high[h][i], 7), low[h][i]);
      }
    }
  }
}

}  // namespace
}  // namespace bitfleet
