// Kernels for AVX2 with F16C. No other translation unit may be compiled with these flags.

#include <immintrin.h>

#include "kernels/kernel_tables.h"
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

BITFLEET_INLINE void store_halves(uint16_t* to, const Lanes& v) {
  for (unsigned p = 0; p < 2; ++p) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 8 * p), _mm256_cvtps_ph((__m256)v.part[p], _MM_FROUND_TO_NEAREST_INT));
  }
}

BITFLEET_INLINE Lanes load_bfloats(const uint16_t* from) {
  Lanes r;
  for (unsigned p = 0; p < 2; ++p) {
    const __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 8 * p)));
    r.part[p] = (NativeFloats)_mm256_slli_epi32(wide, 16);
  }
  return r;
}

BITFLEET_INLINE Lanes load_bytes(const int8_t* from) {
  Lanes r;
  for (unsigned p = 0; p < 2; ++p) {
    const __m128i eight = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(from + 8 * p));
    r.part[p] = (NativeFloats)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(eight));
  }
  return r;
}

BITFLEET_INLINE void store_bytes(int8_t* to, const IntLanes& v) {
  const __m256i words = _mm256_packs_epi32((__m256i)v.part[0], (__m256i)v.part[1]);  // 0-3 8-11 4-7 12-15
  const __m256i ordered = _mm256_permute4x64_epi64(words, 0xD8);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}

// One row block (two halves of 8 outputs) and `tokens` tokens of a tile. vpmaddubsw adds pairs in 16 bits, at most
// 2·128·2 in size; 4 fields × 15 vectors stay below 2^15, so nothing saturates when 32-bit sums take over after 8.
template <unsigned tokens>
BITFLEET_INLINE void block_sums_of(const uint8_t* w, const int8_t* values, uint32_t width, uint32_t vectors,
                                   int32_t (*sums)[16]) {
  const __m256i mask = _mm256_set1_epi8(3);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i total[tokens][2];
  for (unsigned t = 0; t < tokens; ++t) total[t][0] = total[t][1] = _mm256_setzero_si256();
  for (uint32_t v = 0; v < vectors;) {
    const uint32_t end = vectors - v < 8 ? vectors : v + 8;
    __m256i part[tokens][2];
    for (unsigned t = 0; t < tokens; ++t) part[t][0] = part[t][1] = _mm256_setzero_si256();
    for (; v < end; ++v) {
      _mm_prefetch(reinterpret_cast<const char*>(w + 64ULL * v + 2048), _MM_HINT_T0);
      __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 64ULL * v));
      __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 64ULL * v + 32));
      const int8_t* group = values + static_cast<uint64_t>(v) * 16 * width;
#pragma GCC unroll 4
      for (unsigned f = 0; f < 4; ++f) {
        const __m256i low_codes = _mm256_and_si256(low, mask);
        const __m256i high_codes = _mm256_and_si256(high, mask);
#pragma GCC unroll 4
        for (unsigned t = 0; t < tokens; ++t) {
          int32_t four;
          std::memcpy(&four, group + 4 * t, 4);
          const __m256i q = _mm256_set1_epi32(four);
          part[t][0] = _mm256_add_epi16(part[t][0], _mm256_maddubs_epi16(low_codes, q));
          part[t][1] = _mm256_add_epi16(part[t][1], _mm256_maddubs_epi16(high_codes, q));
        }
        group += 4 * static_cast<uint64_t>(width);
        low = _mm256_srli_epi16(low, 2);
        high = _mm256_srli_epi16(high, 2);
      }
    }
    for (unsigned t = 0; t < tokens; ++t) {
      for (unsigned h = 0; h < 2; ++h) total[t][h] = _mm256_add_epi32(total[t][h], _mm256_madd_epi16(part[t][h], ones));
    }
  }
  for (unsigned t = 0; t < tokens; ++t) {
    for (unsigned h = 0; h < 2; ++h) _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums[t] + 8 * h), total[t][h]);
  }
}

void block_sums_for(const uint8_t* w, const int8_t* values, uint32_t width, uint32_t vectors, int32_t (*sums)[16]) {
  uint32_t t = 0;
  for (; t + 4 <= width; t += 4) block_sums_of<4>(w, values + 4 * t, width, vectors, sums + t);
  for (; t + 2 <= width; t += 2) block_sums_of<2>(w, values + 4 * t, width, vectors, sums + t);
  if (t < width) block_sums_of<1>(w, values + 4 * t, width, vectors, sums + t);
}

void ternary_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint32_t width, uint32_t vectors,
                  int32_t (*sums)[token_tile][16]) {
  block_sums_for(w0, values, width, vectors, sums[0]);
  if (w1 != w0) block_sums_for(w1, values, width, vectors, sums[1]);
}

}  // namespace
}  // namespace bitfleet

#include "kernels/attention_kernels.inl"
#include "kernels/dense_kernels.inl"
#include "kernels/ternary_driver.inl"
#include "kernels/token_kernels.inl"

namespace bitfleet {

const Kernels avx2_kernels{KernelSet::avx2, ternary_matmul, dense_matmul, quantize,  rms_norm, gate_relu_squared,
                           gate_silu,       attend,         to_halves,    expand_row};

}  // namespace bitfleet
