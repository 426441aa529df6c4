// Integer sums of weights of two bits with AVX2.

namespace bitfleet {
namespace {

// One row block (two halves of 8 outputs) and `tokens` tokens of a tile. vpmaddubsw adds pairs in 16 bits, at most
// 2·128·2 in size; 4 fields × 15 vectors stay below 2^15: after those, 32-bit sums take over.
template <unsigned tokens>
BITFLEET_INLINE void block_sums_of(const uint8_t* w, const int8_t* values, uint64_t stride, uint32_t vectors,
                                   int32_t (*sums)[16]) {
  const __m256i mask = _mm256_set1_epi8(3);
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i total[tokens][2];
  for (unsigned t = 0; t < tokens; ++t) total[t][0] = total[t][1] = _mm256_setzero_si256();
  for (uint32_t v = 0; v < vectors;) {
    const uint32_t end = vectors - v < 15 ? vectors : v + 15;
    __m256i part[tokens][2];
    for (unsigned t = 0; t < tokens; ++t) part[t][0] = part[t][1] = _mm256_setzero_si256();
    for (; v < end; ++v) {
      _mm_prefetch(reinterpret_cast<const char*>(w + 64ULL * v + 2048), _MM_HINT_T0);
      __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 64ULL * v));
      __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 64ULL * v + 32));
      const int8_t* group = values + 16ULL * v;
#pragma GCC unroll 4
      for (unsigned f = 0; f < 4; ++f) {
        const __m256i low_codes = _mm256_and_si256(low, mask);
        const __m256i high_codes = _mm256_and_si256(high, mask);
#pragma GCC unroll 4
        for (unsigned t = 0; t < tokens; ++t) {
          int32_t four;
          std::memcpy(&four, group + t * stride + 4 * f, 4);
          const __m256i q = _mm256_set1_epi32(four);
          part[t][0] = _mm256_add_epi16(part[t][0], _mm256_maddubs_epi16(low_codes, q));
          part[t][1] = _mm256_add_epi16(part[t][1], _mm256_maddubs_epi16(high_codes, q));
          // gcc would add products to each other first, for which there are not registers enough.
          __asm__("" : "+x"(part[t][0]), "+x"(part[t][1]));
        }
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

void block_sums_for(const uint8_t* w, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors, int32_t (*sums)[16]) {
  uint32_t t = 0;
  for (; t + 4 <= tokens; t += 4) block_sums_of<4>(w, values + t * stride, stride, vectors, sums + t);
  for (; t + 2 <= tokens; t += 2) block_sums_of<2>(w, values + t * stride, stride, vectors, sums + t);
  if (t < tokens) block_sums_of<1>(w, values + t * stride, stride, vectors, sums + t);
}

void two_bit_sums(const uint8_t* w0, const uint8_t* w1, const int8_t* values, uint64_t stride, uint32_t tokens, uint32_t vectors,
                  int32_t (*sums)[token_tile][16]) {
  block_sums_for(w0, values, stride, tokens, vectors, sums[0]);
  if (w1 != w0) block_sums_for(w1, values, stride, tokens, vectors, sums[1]);
}

}  // namespace
}  // namespace bitfleet
