// Kernels for AVX-512 (F, BW, DQ, VL) with VNNI. No other translation unit may be compiled with these flags.

#include <immintrin.h>

#include "kernels/kernel_tables.h"
#include "kernels/lanes.h"
#include "kernels/processor.h"

namespace bitfleet {
namespace {

BITFLEET_INLINE Lanes load_halves(const uint16_t* from) {
  return {{(NativeFloats)_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))}};
}

BITFLEET_INLINE void store_halves(uint16_t* to, const Lanes& v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtps_ph((__m512)v.part[0], _MM_FROUND_TO_NEAREST_INT));
}

BITFLEET_INLINE Lanes load_bfloats(const uint16_t* from) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  return {{(NativeFloats)_mm512_slli_epi32(wide, 16)}};
}

BITFLEET_INLINE Lanes load_bytes(const int8_t* from) {
  return {{(NativeFloats)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))))}};
}

BITFLEET_INLINE void store_bytes(int8_t* to, const IntLanes& v) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8((__m512i)v.part[0]));
}

}  // namespace
}  // namespace bitfleet

#include "kernels/attention_kernels.inl"
#include "kernels/byte_sums_avx512.inl"
#include "kernels/byte_attention.inl"
#include "kernels/dense_kernels.inl"
#include "kernels/ternary_output.inl"
#include "kernels/token_kernels.inl"

#include "kernels/two_bit_avx512.inl"

#include "kernels/ternary_driver.inl"

#include "kernels/base3_avx512.inl"

namespace bitfleet {
namespace {

void ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                    uint64_t out_stride, void*) {
  switch (w.layout) {
    case TernaryLayout::two_bit: return two_bit_matmul(w, x, first_row, last_row, out, out_stride);
    case TernaryLayout::base3:
      if (runs_vbmi()) return base3_matmul(w, x, first_row, last_row, out, out_stride);
      return foreign_matmul(w, x, first_row, last_row, out, out_stride);
  }
}

}  // namespace

const Kernels avx512vnni_kernels{KernelSet::avx512vnni, ternary_matmul, dense_matmul, quantize,  rms_norm, gate_relu_squared,
                                 gate_silu,             attend,         to_halves,    expand_row};

}  // namespace bitfleet
