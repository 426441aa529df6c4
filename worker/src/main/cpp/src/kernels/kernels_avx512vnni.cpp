// Kernels for AVX-512 (F, BW, DQ, VL) with VNNI. No other translation unit may be compiled with these flags.

#include <immintrin.h>

#include "kernels/kernel_tables.h"
#include "kernels/lanes.h"

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

BITFLEET_INLINE __m512i broadcast_group(const int8_t* group) {
  int32_t four;
  std::memcpy(&four, group, 4);
  return _mm512_set1_epi32(four);
}

// One token. The fields of a byte are not shifted down: each is masked in place, so its products come out 1, 4, 16 or 64
// times too large, and the four *sums* are shifted at the end. Exact, since every product is a multiple of that power.
BITFLEET_INLINE void one_token(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint32_t vectors,
                               int32_t (*sums)[token_tile][16]) {
  __m512i a0 = _mm512_setzero_si512(), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  const __m512i m0 = _mm512_set1_epi8(0x03), m1 = _mm512_set1_epi8(0x0C), m2 = _mm512_set1_epi8(0x30), m3 = _mm512_set1_epi8(static_cast<char>(0xC0));
  for (uint32_t v = 0; v < vectors; ++v) {
    const uint64_t offset = 64ULL * v;
    _mm_prefetch(reinterpret_cast<const char*>(w0 + offset + 3072), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(w1 + offset + 3072), _MM_HINT_T0);
    const __m512i p = _mm512_loadu_si512(w0 + offset);
    const __m512i q = _mm512_loadu_si512(w1 + offset);
    const __m512i g0 = broadcast_group(values + 16ULL * v);
    const __m512i g1 = broadcast_group(values + 16ULL * v + 4);
    const __m512i g2 = broadcast_group(values + 16ULL * v + 8);
    const __m512i g3 = broadcast_group(values + 16ULL * v + 12);
    a0 = _mm512_dpbusd_epi32(a0, _mm512_and_si512(p, m0), g0);
    b0 = _mm512_dpbusd_epi32(b0, _mm512_and_si512(q, m0), g0);
    a1 = _mm512_dpbusd_epi32(a1, _mm512_and_si512(p, m1), g1);
    b1 = _mm512_dpbusd_epi32(b1, _mm512_and_si512(q, m1), g1);
    a2 = _mm512_dpbusd_epi32(a2, _mm512_and_si512(p, m2), g2);
    b2 = _mm512_dpbusd_epi32(b2, _mm512_and_si512(q, m2), g2);
    a3 = _mm512_dpbusd_epi32(a3, _mm512_and_si512(p, m3), g3);
    b3 = _mm512_dpbusd_epi32(b3, _mm512_and_si512(q, m3), g3);
  }
  const __m512i a = _mm512_add_epi32(_mm512_add_epi32(a0, _mm512_srai_epi32(a1, 2)), _mm512_add_epi32(_mm512_srai_epi32(a2, 4), _mm512_srai_epi32(a3, 6)));
  const __m512i b = _mm512_add_epi32(_mm512_add_epi32(b0, _mm512_srai_epi32(b1, 2)), _mm512_add_epi32(_mm512_srai_epi32(b2, 4), _mm512_srai_epi32(b3, 6)));
  _mm512_storeu_si512(sums[0][0], a);
  _mm512_storeu_si512(sums[1][0], b);
}

// Several tokens: fields are shifted down, since one accumulator per token and row block is all the registers allow.
template <unsigned tokens>
BITFLEET_INLINE void tile(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint32_t vectors,
                          int32_t (*sums)[token_tile][16]) {
  const __m512i mask = _mm512_set1_epi8(3);
  __m512i a[tokens];
  __m512i b[tokens];
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) a[t] = b[t] = _mm512_setzero_si512();
  for (uint32_t v = 0; v < vectors; ++v) {
    const uint64_t offset = 64ULL * v;
    _mm_prefetch(reinterpret_cast<const char*>(w0 + offset + 3072), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(w1 + offset + 3072), _MM_HINT_T0);
    const __m512i p = _mm512_loadu_si512(w0 + offset);
    const __m512i q = _mm512_loadu_si512(w1 + offset);
#pragma GCC unroll 4
    for (unsigned f = 0; f < 4; ++f) {
      const __m512i pc = _mm512_and_si512(_mm512_srli_epi32(p, 2 * f), mask);
      const __m512i qc = _mm512_and_si512(_mm512_srli_epi32(q, 2 * f), mask);
#pragma GCC unroll 8
      for (unsigned t = 0; t < tokens; ++t) {
        const __m512i g = broadcast_group(values + ((4ULL * v + f) * tokens + t) * 4);
        a[t] = _mm512_dpbusd_epi32(a[t], pc, g);
        b[t] = _mm512_dpbusd_epi32(b[t], qc, g);
      }
    }
  }
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) {
    _mm512_storeu_si512(sums[0][t], a[t]);
    _mm512_storeu_si512(sums[1][t], b[t]);
  }
}

BITFLEET_INLINE void ternary_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint32_t width, uint32_t vectors,
                                  int32_t (*sums)[token_tile][16]) {
  switch (width) {
    case 1: one_token(w0, w1, values, vectors, sums); break;
    case 2: tile<2>(w0, w1, values, vectors, sums); break;
    case 3: tile<3>(w0, w1, values, vectors, sums); break;
    case 4: tile<4>(w0, w1, values, vectors, sums); break;
    case 5: tile<5>(w0, w1, values, vectors, sums); break;
    case 6: tile<6>(w0, w1, values, vectors, sums); break;
    case 7: tile<7>(w0, w1, values, vectors, sums); break;
    default: tile<8>(w0, w1, values, vectors, sums); break;
  }
}

}  // namespace
}  // namespace bitfleet

#include "kernels/attention_kernels.inl"
#include "kernels/dense_kernels.inl"
#include "kernels/ternary_driver.inl"
#include "kernels/token_kernels.inl"

namespace bitfleet {

const Kernels avx512vnni_kernels{KernelSet::avx512vnni, ternary_matmul, dense_matmul, quantize,  rms_norm, gate_relu_squared,
                                 gate_silu,             attend,         to_halves,    expand_row};

}  // namespace bitfleet
