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

}  // namespace
}  // namespace bitfleet

#include "kernels/attention_kernels.inl"
#include "kernels/byte_sums_avx2.inl"
#include "kernels/byte_attention.inl"
#include "kernels/dense_kernels.inl"
#include "kernels/ternary_output.inl"
#include "kernels/token_kernels.inl"

#include "kernels/two_bit_avx2.inl"

#include "kernels/ternary_driver.inl"

namespace bitfleet {
namespace {

void ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                    uint64_t out_stride, void*) {
  if (w.layout == TernaryLayout::two_bit) two_bit_matmul(w, x, first_row, last_row, out, out_stride);
  else foreign_matmul(w, x, first_row, last_row, out, out_stride);
}

}  // namespace

const Kernels avx2_kernels{KernelSet::avx2, ternary_matmul, dense_matmul, quantize,  rms_norm, gate_relu_squared,
                           gate_silu,       attend,         to_halves,    expand_row};

}  // namespace bitfleet
