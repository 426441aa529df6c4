// Expanders (see tile_products.inl) with AVX-512; that of base 3 needs VBMI.

#include "kernels/base3_decode_avx512.inl"

namespace bitfleet {
namespace {

struct TwoBitExpander {
  static constexpr uint32_t fields = 4;
  static uint32_t vectors(uint32_t columns) { return two_bit_vectors(columns); }
  template <typename At>
  BITFLEET_INLINE void expand(const uint8_t* vector, At at) {
    const __m512i mask = _mm512_set1_epi8(3);
    const __m512i packed = _mm512_loadu_si512(vector);
#pragma GCC unroll 4
    for (unsigned f = 0; f < 4; ++f) _mm512_store_si512(at(f), _mm512_and_si512(_mm512_srli_epi32(packed, 2 * f), mask));
  }
};

struct Base3Expander {
  static constexpr uint32_t fields = 5;
  static uint32_t vectors(uint32_t columns) { return base3_vectors(columns); }
  template <typename At>
  BITFLEET_INLINE void expand(const uint8_t* vector, At at) {
    const __m512i mask = _mm512_set1_epi8(3);
    const FiveCodes codes = decode(base3_decoder(), _mm512_loadu_si512(vector));
#pragma GCC unroll 5
    for (unsigned f = 0; f < 5; ++f) _mm512_store_si512(at(f), code_of(codes, f, mask));
  }
};

}  // namespace
}  // namespace bitfleet
