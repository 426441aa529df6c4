// Products of bytes with 15-bit numbers, with VPDPBUSD: a number is 128 · high + low, two signed bytes.

namespace bitfleet {
namespace {

constexpr int32_t sum_bias = kv_byte_bias;

BITFLEET_INLINE void store_fine(uint8_t* to, const IntLanes& q) {
  const auto number = (__m512i)q.part[0];
  const __m512i upper = _mm512_srai_epi32(_mm512_add_epi32(number, _mm512_set1_epi32(64)), 7);
  const __m128i high = _mm512_cvtepi32_epi8(upper);
  const __m128i low = _mm512_cvtepi32_epi8(_mm512_sub_epi32(number, _mm512_slli_epi32(upper, 7)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_unpacklo_epi32(high, low));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16), _mm_unpackhi_epi32(high, low));
}

BITFLEET_INLINE __m512i four_fine(const uint8_t* from) {
  int32_t four;
  std::memcpy(&four, from, 4);
  return _mm512_set1_epi32(four);
}

template <unsigned heads, unsigned vectors>
BITFLEET_INLINE void byte_sums(const uint8_t* matrix, uint64_t row_bytes, uint32_t rows, const uint8_t* fine, uint64_t fine_stride,
                               const uint8_t* next, IntLanes (*sums)[vectors]) {
  __m512i high[heads][vectors];
  __m512i low[heads][vectors];
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 2
    for (unsigned v = 0; v < vectors; ++v) high[h][v] = low[h][v] = _mm512_setzero_si512();
  }
  for (uint32_t r = 0; r < rows; ++r) {
    __m512i bytes[vectors];
#pragma GCC unroll 2
    for (unsigned v = 0; v < vectors; ++v) {
      bytes[v] = _mm512_loadu_si512(matrix + r * row_bytes + 64 * v);
      _mm_prefetch(reinterpret_cast<const char*>(next + r * row_bytes + 64 * v), _MM_HINT_T0);
    }
#pragma GCC unroll 4
    for (unsigned h = 0; h < heads; ++h) {
      const uint8_t* four = fine + h * fine_stride + 8 * r;
#pragma GCC unroll 2
      for (unsigned v = 0; v < vectors; ++v) {
        high[h][v] = _mm512_dpbusd_epi32(high[h][v], bytes[v], four_fine(four));
        low[h][v] = _mm512_dpbusd_epi32(low[h][v], bytes[v], four_fine(four + 4));
      }
    }
  }
#pragma GCC unroll 4
  for (unsigned h = 0; h < heads; ++h) {
#pragma GCC unroll 2
    for (unsigned v = 0; v < vectors; ++v) {
      sums[h][v].part[0] = (NativeInts)_mm512_add_epi32(_mm512_slli_epi32(high[h][v], 7), low[h][v]);
    }
  }
}

}  // namespace
}  // namespace bitfleet
