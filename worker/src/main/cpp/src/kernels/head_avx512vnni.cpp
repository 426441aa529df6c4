// The head's kernels for AVX-512 (F, BW, DQ, VL) with VNNI. No other translation unit may be compiled with these flags.

#include <immintrin.h>

#include "kernels/head_tables.h"
#include "kernels/lanes.h"

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_halves(const uint16_t* from) {
  return {{(NativeFloats)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))}};
}

BITFLEET_INLINE __m512i four_of(const int8_t* from) {
  int32_t four;
  std::memcpy(&four, from, 4);
  return _mm512_set1_epi32(four);
}

template <HeadFormat format, unsigned tokens>
BITFLEET_INLINE void group_sums(const uint8_t* w, const int8_t* high, const int8_t* low, uint64_t stride, const int32_t* q_sums,
                                uint64_t sum_stride, IntLanes* sums) {
  __m512i upper[tokens];
  __m512i lower[tokens];
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) {  // where sums begin, they undo what the weights are shifted by: 128 · high, or 8 of q itself
    const __m512i undo = _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(q_sums[t * sum_stride]));
    upper[t] = format == HeadFormat::int8 ? undo : _mm512_setzero_si512();
    lower[t] = format == HeadFormat::int8 ? _mm512_setzero_si512() : _mm512_slli_epi32(undo, 3);
  }
  if constexpr (format == HeadFormat::int8) {
#pragma GCC unroll 8
    for (unsigned v = 0; v < 8; ++v) {
      const __m512i p = _mm512_loadu_si512(w + 64 * v);
      _mm_prefetch(reinterpret_cast<const char*>(w + 4096 + 64 * v), _MM_HINT_T0);
#pragma GCC unroll 8
      for (unsigned t = 0; t < tokens; ++t) {
        upper[t] = _mm512_dpbusd_epi32(upper[t], p, four_of(high + t * stride + 4 * v));
        lower[t] = _mm512_dpbusd_epi32(lower[t], p, four_of(low + t * stride + 4 * v));
      }
    }
  } else {
    const __m512i mask = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (unsigned v = 0; v < 4; ++v) {
      const __m512i p = _mm512_loadu_si512(w + 64 * v);
      _mm_prefetch(reinterpret_cast<const char*>(w + 3072 + 64 * v), _MM_HINT_T0);
      const __m512i first = _mm512_and_si512(p, mask);
      const __m512i second = _mm512_and_si512(_mm512_srli_epi32(p, 4), mask);
#pragma GCC unroll 8
      for (unsigned t = 0; t < tokens; ++t) {
        upper[t] = _mm512_dpbusd_epi32(upper[t], first, four_of(high + t * stride + 4 * v));
        lower[t] = _mm512_dpbusd_epi32(lower[t], first, four_of(low + t * stride + 4 * v));
        upper[t] = _mm512_dpbusd_epi32(upper[t], second, four_of(high + t * stride + 16 + 4 * v));
        lower[t] = _mm512_dpbusd_epi32(lower[t], second, four_of(low + t * stride + 16 + 4 * v));
      }
    }
  }
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) {
    sums[t].part[0] = (NativeInts)_mm512_add_epi32(_mm512_slli_epi32(upper[t], 7), lower[t]);
  }
}

}  // namespace
}  // namespace bitfleet

#include "kernels/head_kernels.inl"

namespace bitfleet {

const HeadKernels avx512vnni_head_kernels{head_quantize, head_matmul};

}  // namespace bitfleet
