// Products with weights in base 3 by AVX-512 VNNI and VBMI; see base3_decode_avx512.inl. Needs two_bit_avx512.inl and ternary_driver.inl.

#include "kernels/base3_decode_avx512.inl"

namespace bitfleet {
namespace {

// One token: as with two bits, fields stay where they are and the sums are shifted. The fourth and the fifth share one.
BITFLEET_VBMI void base3_one_token(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint32_t vectors, int32_t (*sums)[token_tile][16]) {
  const Base3Decoder decoder = base3_decoder();
  __m512i a0 = _mm512_setzero_si512(), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  const __m512i m0 = _mm512_set1_epi8(0x03), m1 = _mm512_set1_epi8(0x0C), m2 = _mm512_set1_epi8(0x30), m3 = _mm512_set1_epi8(static_cast<char>(0xC0));
  for (uint32_t v = 0; v < vectors; ++v) {
    const uint64_t offset = 64ULL * v;
    _mm_prefetch(reinterpret_cast<const char*>(w0 + offset + 3072), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(w1 + offset + 3072), _MM_HINT_T0);
    const FiveCodes p = decode(decoder, _mm512_loadu_si512(w0 + offset));
    const FiveCodes q = decode(decoder, _mm512_loadu_si512(w1 + offset));
    const int8_t* group = values + 20ULL * v;
    const __m512i g0 = broadcast_group(group), g1 = broadcast_group(group + 4), g2 = broadcast_group(group + 8);
    const __m512i g3 = broadcast_group(group + 12), g4 = broadcast_group(group + 16);
    a0 = _mm512_dpbusd_epi32(a0, _mm512_and_si512(p.four, m0), g0);
    b0 = _mm512_dpbusd_epi32(b0, _mm512_and_si512(q.four, m0), g0);
    a1 = _mm512_dpbusd_epi32(a1, _mm512_and_si512(p.four, m1), g1);
    b1 = _mm512_dpbusd_epi32(b1, _mm512_and_si512(q.four, m1), g1);
    a2 = _mm512_dpbusd_epi32(a2, _mm512_and_si512(p.four, m2), g2);
    b2 = _mm512_dpbusd_epi32(b2, _mm512_and_si512(q.four, m2), g2);
    a3 = _mm512_dpbusd_epi32(a3, _mm512_and_si512(p.four, m3), g3);
    b3 = _mm512_dpbusd_epi32(b3, _mm512_and_si512(q.four, m3), g3);
    a3 = _mm512_dpbusd_epi32(a3, p.fifth, g4);
    b3 = _mm512_dpbusd_epi32(b3, q.fifth, g4);
  }
  _mm512_storeu_si512(sums[0][0], shifted_sum(a0, a1, a2, a3));
  _mm512_storeu_si512(sums[1][0], shifted_sum(b0, b1, b2, b3));
}

template <unsigned tokens>
BITFLEET_VBMI void base3_tile(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t vectors,
                              int32_t (*sums)[token_tile][16]) {
  const Base3Decoder decoder = base3_decoder();
  const __m512i mask = _mm512_set1_epi8(3);
  __m512i a[tokens];
  __m512i b[tokens];
  const int8_t* q[tokens];
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) {
    a[t] = b[t] = _mm512_setzero_si512();
    q[t] = values + t * stride;
  }
  for (uint32_t v = 0; v < vectors; ++v) {
    const uint64_t offset = 64ULL * v;
    _mm_prefetch(reinterpret_cast<const char*>(w0 + offset + 3072), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(w1 + offset + 3072), _MM_HINT_T0);
    const FiveCodes first = decode(decoder, _mm512_loadu_si512(w0 + offset));
    const FiveCodes second = decode(decoder, _mm512_loadu_si512(w1 + offset));
#pragma GCC unroll 5
    for (unsigned f = 0; f < 5; ++f) {
      const __m512i first_codes = code_of(first, f, mask);
      const __m512i second_codes = code_of(second, f, mask);
#pragma GCC unroll 8
      for (unsigned t = 0; t < tokens; ++t) {
        const __m512i g = broadcast_group(q[t] + 20ULL * v + 4 * f);
        a[t] = _mm512_dpbusd_epi32(a[t], first_codes, g);
        b[t] = _mm512_dpbusd_epi32(b[t], second_codes, g);
      }
    }
  }
#pragma GCC unroll 8
  for (unsigned t = 0; t < tokens; ++t) {
    _mm512_storeu_si512(sums[0][t], a[t]);
    _mm512_storeu_si512(sums[1][t], b[t]);
  }
}

void base3_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors,
                int32_t (*sums)[token_tile][16]) {
  switch (tokens) {
    case 1: return base3_one_token(w0, w1, values, vectors, sums);
    case 2: return base3_tile<2>(w0, w1, values, stride, vectors, sums);
    case 3: return base3_tile<3>(w0, w1, values, stride, vectors, sums);
    case 4: return base3_tile<4>(w0, w1, values, stride, vectors, sums);
    case 5: return base3_tile<5>(w0, w1, values, stride, vectors, sums);
    case 6: return base3_tile<6>(w0, w1, values, stride, vectors, sums);
    case 7: return base3_tile<7>(w0, w1, values, stride, vectors, sums);
    default: return base3_tile<8>(w0, w1, values, stride, vectors, sums);
  }
}

void base3_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out, uint64_t out_stride) {
  for_row_block_pairs(first_row, last_row, [&](const RowBlockPair& pair) {
    one_scale(w, x, pair, base3_vectors(w.columns), base3_sums, out, out_stride);
  });
}

}  // namespace
}  // namespace bitfleet
