// The head's kernels for AVX2 with F16C. No other translation unit may be compiled with these flags.

#include <immintrin.h>

#include "kernels/head_tables.h"
#include "kernels/lanes.h"

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_halves(const uint16_t* from) {
  Lanes r;
  for (unsigned p = 0; p < 2; ++p) {
    r.part[p] = (NativeFloats)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 8 * p)));
  }
  return r;
}

// Four columns of one token as 16-bit numbers, four times over.
BITFLEET_INLINE __m256i four_of(const int8_t* high, const int8_t* low) {
  int32_t upper;
  int32_t lower;
  std::memcpy(&upper, high, 4);
  std::memcpy(&lower, low, 4);
  const __m128i q = _mm_add_epi16(_mm_slli_epi16(_mm_cvtepi8_epi16(_mm_cvtsi32_si128(upper)), 7), _mm_cvtepi8_epi16(_mm_cvtsi32_si128(lower)));
  return _mm256_broadcastq_epi64(q);
}

// Pairs of 16-bit products summed to 32 bits: vpmaddubsw would saturate with weights of 8 bits. parts: [token][4 rows each].
template <unsigned tokens>
BITFLEET_INLINE void add_vector(__m256i (*parts)[4], const __m256i* weights, const int8_t* high, const int8_t* low, uint64_t stride) {
#pragma GCC unroll 4
  for (unsigned t = 0; t < tokens; ++t) {
    const __m256i q = four_of(high + t * stride, low + t * stride);
#pragma GCC unroll 4
    for (unsigned i = 0; i < 4; ++i) parts[t][i] = _mm256_add_epi32(parts[t][i], _mm256_madd_epi16(weights[i], q));
  }
}

template <HeadFormat format, unsigned tokens>
BITFLEET_INLINE void group_sums(const uint8_t* w, const int8_t* high, const int8_t* low, uint64_t stride, const int32_t* q_sums,
                                uint64_t sum_stride, IntLanes* sums) {
  __m256i parts[tokens][4];
  for (unsigned t = 0; t < tokens; ++t) {
    for (auto& part : parts[t]) part = _mm256_setzero_si256();
  }
  constexpr unsigned vectors = format == HeadFormat::int8 ? 8 : 4;
  for (unsigned v = 0; v < vectors; ++v) {
    _mm_prefetch(reinterpret_cast<const char*>(w + 2048 + 64 * v), _MM_HINT_T0);
    __m256i first[4];
    __m256i second[4];
    for (unsigned i = 0; i < 4; ++i) {
      const __m256i bytes = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w + 64 * v + 16 * i)));
      first[i] = format == HeadFormat::int8 ? bytes : _mm256_and_si256(bytes, _mm256_set1_epi16(15));
      second[i] = _mm256_srli_epi16(bytes, 4);
    }
    add_vector<tokens>(parts, first, high + 4 * v, low + 4 * v, stride);
    if constexpr (format == HeadFormat::int4) add_vector<tokens>(parts, second, high + 16 + 4 * v, low + 16 + 4 * v, stride);
  }
  for (unsigned t = 0; t < tokens; ++t) {
    const __m256i shift = _mm256_set1_epi32(head_bias(format) * q_sums[t * sum_stride]);
    // Adjacent pairs are one row's: rows 0 1 4 5 | 2 3 6 7 of each eight.
    for (unsigned p = 0; p < 2; ++p) {
      const __m256i paired = _mm256_hadd_epi32(parts[t][2 * p], parts[t][2 * p + 1]);
      sums[t].part[p] = (NativeInts)_mm256_sub_epi32(_mm256_permute4x64_epi64(paired, 0xD8), shift);
    }
  }
}

}  // namespace
}  // namespace bitfleet

#include "kernels/head_kernels.inl"

namespace bitfleet {

const HeadKernels avx2_head_kernels{head_quantize, head_matmul};

}  // namespace bitfleet
