// Takes five weights in base 3 out of a byte, 64 bytes at once, with the 64-entry byte permutes of AVX-512 VBMI. VBMI is a target of
// its own, since not every processor with VNNI has it: call this where runs_vbmi().

#include "kernels/base3_tables.h"

#define BITFLEET_VBMI __attribute__((target("avx512vbmi")))

namespace bitfleet {
namespace {

struct Base3Decoder {
  __m512i low, high, fifth;
};

// Four codes in two bits each, and the fifth in bits 6 and 7.
struct FiveCodes {
  __m512i four;
  __m512i fifth;
};

BITFLEET_INLINE BITFLEET_VBMI Base3Decoder base3_decoder() {
  return {_mm512_load_si512(base3_tables.low), _mm512_load_si512(base3_tables.high), _mm512_load_si512(base3_tables.fifth)};
}

BITFLEET_INLINE BITFLEET_VBMI FiveCodes decode(const Base3Decoder& d, __m512i bytes) {
  const __m512i top = _mm512_set1_epi8(static_cast<char>(0xC0));
  const __mmask64 high = _mm512_cmpge_epu8_mask(bytes, top);
  const __m512i four = _mm512_permutexvar_epi8(bytes, d.low);
  const __m512i fifth = _mm512_and_si512(bytes, top);
  return {_mm512_mask_permutexvar_epi8(four, high, bytes, d.high), _mm512_mask_permutexvar_epi8(fifth, high, bytes, d.fifth)};
}

// One field alone, in the low two bits.
BITFLEET_INLINE BITFLEET_VBMI __m512i code_of(const FiveCodes& codes, unsigned field, __m512i mask) {
  if (field == 4) return _mm512_and_si512(_mm512_srli_epi32(codes.fifth, 6), mask);
  return _mm512_and_si512(_mm512_srli_epi32(codes.four, 2 * field), mask);
}

}  // namespace
}  // namespace bitfleet
