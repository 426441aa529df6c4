// Integer sums of weights of two bits with AVX-512 VNNI: one vpdpbusd does 16 outputs × 4 columns.

namespace bitfleet {
namespace {

BITFLEET_INLINE __m512i broadcast_group(const int8_t* group) {
  int32_t four;
  std::memcpy(&four, group, 4);
  return _mm512_set1_epi32(four);
}

// The four sums of one token, of which sums 1 to 3 are 4, 16 and 64 times too large.
BITFLEET_INLINE __m512i shifted_sum(__m512i a0, __m512i a1, __m512i a2, __m512i a3) {
  return _mm512_add_epi32(_mm512_add_epi32(a0, _mm512_srai_epi32(a1, 2)),
                          _mm512_add_epi32(_mm512_srai_epi32(a2, 4), _mm512_srai_epi32(a3, 6)));
}

// One or two tokens. The fields of a byte are not shifted down: each is masked in place, so its products come out 1, 4, 16 or 64
// times too large, and the four *sums* are shifted at the end. Exact, since every product is a multiple of that power.
template <unsigned tokens>
BITFLEET_INLINE void tile_in_place(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t vectors,
                                   int32_t (*sums)[token_tile][16]) {
  static_assert(tokens <= 2);  // 8 sums a token, of 32 registers; with three gcc spills
  __m512i a[tokens][4];
  __m512i b[tokens][4];
#pragma GCC unroll 2
  for (unsigned t = 0; t < tokens; ++t) {
#pragma GCC unroll 4
    for (unsigned f = 0; f < 4; ++f) a[t][f] = b[t][f] = _mm512_setzero_si512();
  }
  for (uint32_t v = 0; v < vectors; ++v) {
    const uint64_t offset = 64ULL * v;
    _mm_prefetch(reinterpret_cast<const char*>(w0 + offset + 3072), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(w1 + offset + 3072), _MM_HINT_T0);
    const __m512i first = _mm512_loadu_si512(w0 + offset);
    const __m512i second = _mm512_loadu_si512(w1 + offset);
#pragma GCC unroll 4
    for (unsigned f = 0; f < 4; ++f) {
      const __m512i mask = _mm512_set1_epi8(static_cast<char>(3 << (2 * f)));
      const __m512i first_codes = _mm512_and_si512(first, mask);
      const __m512i second_codes = _mm512_and_si512(second, mask);
#pragma GCC unroll 2
      for (unsigned t = 0; t < tokens; ++t) {
        const __m512i g = broadcast_group(values + t * stride + 16ULL * v + 4 * f);
        a[t][f] = _mm512_dpbusd_epi32(a[t][f], first_codes, g);
        b[t][f] = _mm512_dpbusd_epi32(b[t][f], second_codes, g);
      }
    }
  }
#pragma GCC unroll 2
  for (unsigned t = 0; t < tokens; ++t) {
    _mm512_storeu_si512(sums[0][t], shifted_sum(a[t][0], a[t][1], a[t][2], a[t][3]));
    _mm512_storeu_si512(sums[1][t], shifted_sum(b[t][0], b[t][1], b[t][2], b[t][3]));
  }
}

// More tokens: fields are shifted down, since one accumulator per token and row block is all the registers allow.
template <unsigned tokens>
BITFLEET_INLINE void tile(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t vectors,
                          int32_t (*sums)[token_tile][16]) {
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
    const __m512i first = _mm512_loadu_si512(w0 + offset);
    const __m512i second = _mm512_loadu_si512(w1 + offset);
#pragma GCC unroll 4
    for (unsigned f = 0; f < 4; ++f) {
      const __m512i first_codes = _mm512_and_si512(_mm512_srli_epi32(first, 2 * f), mask);
      const __m512i second_codes = _mm512_and_si512(_mm512_srli_epi32(second, 2 * f), mask);
#pragma GCC unroll 8
      for (unsigned t = 0; t < tokens; ++t) {
        const __m512i g = broadcast_group(q[t] + 16ULL * v + 4 * f);
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

void two_bit_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors,
                  int32_t (*sums)[token_tile][16]) {
  switch (tokens) {
    case 1: return tile_in_place<1>(w0, w1, values, stride, vectors, sums);
    case 2: return tile_in_place<2>(w0, w1, values, stride, vectors, sums);
    case 3: return tile<3>(w0, w1, values, stride, vectors, sums);
    case 4: return tile<4>(w0, w1, values, stride, vectors, sums);
    case 5: return tile<5>(w0, w1, values, stride, vectors, sums);
    case 6: return tile<6>(w0, w1, values, stride, vectors, sums);
    case 7: return tile<7>(w0, w1, values, stride, vectors, sums);
    default: return tile<8>(w0, w1, values, stride, vectors, sums);
  }
}

}  // namespace
}  // namespace bitfleet
