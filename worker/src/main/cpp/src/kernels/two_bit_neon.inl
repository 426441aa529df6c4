// Integer sums of weights of two bits with the dot products of Armv8.2: SDOT adds four products of bytes to each of four sums.

namespace bitfleet {
namespace {

// One row block of 16 outputs, a quarter of them to a register, and `tokens` tokens.
template <unsigned tokens>
BITFLEET_INLINE void block_sums_of(const uint8_t* w, const int8_t* values, uint64_t stride, uint32_t vectors, int32_t (*sums)[16]) {
  const uint8x16_t mask = vdupq_n_u8(3);
  int32x4_t total[tokens][4];
  for (unsigned t = 0; t < tokens; ++t) {
    for (unsigned quarter = 0; quarter < 4; ++quarter) total[t][quarter] = vdupq_n_s32(0);
  }
  for (uint32_t v = 0; v < vectors; ++v) {
    __builtin_prefetch(w + 64ULL * v + 2048);
    int8x16_t group[tokens];  // the activations of a vector's 16 columns: lane f is field f's
#pragma GCC unroll 4
    for (unsigned t = 0; t < tokens; ++t) group[t] = vld1q_s8(values + t * stride + 16ULL * v);
#pragma GCC unroll 4
    for (unsigned quarter = 0; quarter < 4; ++quarter) {
      const uint8x16_t packed = vld1q_u8(w + 64ULL * v + 16 * quarter);
      const int8x16_t first = vreinterpretq_s8_u8(vandq_u8(packed, mask));
      const int8x16_t second = vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(packed, 2), mask));
      const int8x16_t third = vreinterpretq_s8_u8(vandq_u8(vshrq_n_u8(packed, 4), mask));
      const int8x16_t fourth = vreinterpretq_s8_u8(vshrq_n_u8(packed, 6));
#pragma GCC unroll 4
      for (unsigned t = 0; t < tokens; ++t) {
        int32x4_t sum = vdotq_laneq_s32(total[t][quarter], first, group[t], 0);
        sum = vdotq_laneq_s32(sum, second, group[t], 1);
        sum = vdotq_laneq_s32(sum, third, group[t], 2);
        total[t][quarter] = vdotq_laneq_s32(sum, fourth, group[t], 3);
      }
    }
  }
  for (unsigned t = 0; t < tokens; ++t) {
    for (unsigned quarter = 0; quarter < 4; ++quarter) vst1q_s32(sums[t] + 4 * quarter, total[t][quarter]);
  }
}

void block_sums_for(const uint8_t* w, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors, int32_t (*sums)[16]) {
  uint32_t t = 0;
  for (; t + 4 <= tokens; t += 4) block_sums_of<4>(w, values + t * stride, stride, vectors, sums + t);
  for (; t + 2 <= tokens; t += 2) block_sums_of<2>(w, values + t * stride, stride, vectors, sums + t);
  if (t < tokens) block_sums_of<1>(w, values + t * stride, stride, vectors, sums + t);
}

void two_bit_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors,
                  int32_t (*sums)[token_tile][16]) {
  block_sums_for(w0, values, stride, tokens, vectors, sums[0]);
  if (w1 != w0) block_sums_for(w1, values, stride, tokens, vectors, sums[1]);
}

}  // namespace
}  // namespace bitfleet
