// Products of bytes with 15-bit numbers, with VPMADDWD: VPMADDUBSW would saturate.

namespace bitfleet {
namespace {

constexpr int32_t sum_bias = kv_byte_bias;

BITFLEET_INLINE void store_fine(uint8_t* to, const IntLanes& q) {
  const __m256i words = _mm256_packs_epi32((__m256i)q.part[0], (__m256i)q.part[1]);  // 0-3 8-11 4-7 12-15
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_permute4x64_epi64(words, 0xD8));
}

template <unsigned heads, unsigned vectors>
BITFLEET_INLINE void byte_sums(const uint8_t* matrix, uint64_t row_bytes, uint32_t rows, const uint8_t* fine, uint64_t fine_stride,
                               const uint8_t* next, IntLanes (*sums)[vectors]) {
  for (unsigned v = 0; v < vectors; ++v) {
    for (unsigned half = 0; half < 2; ++half) {  // eight columns: more sums than that do not fit into the registers
      const uint8_t* eight = matrix + 64 * v + 32 * half;
      __m256i parts[heads][2];
#pragma GCC unroll 4
      for (unsigned h = 0; h < heads; ++h) parts[h][0] = parts[h][1] = _mm256_setzero_si256();
      for (uint32_t r = 0; r < rows; ++r) {
        const uint8_t* row = eight + r * row_bytes;
        const __m256i first = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row)));
        const __m256i second = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + 16)));
        if (half == 0) _mm_prefetch(reinterpret_cast<const char*>(next + 64 * v + r * row_bytes), _MM_HINT_T0);
#pragma GCC unroll 4
        for (unsigned h = 0; h < heads; ++h) {
          int64_t four;
          std::memcpy(&four, fine + h * fine_stride + 8 * r, 8);
          const __m256i numbers = _mm256_set1_epi64x(four);
          parts[h][0] = _mm256_add_epi32(parts[h][0], _mm256_madd_epi16(first, numbers));
          parts[h][1] = _mm256_add_epi32(parts[h][1], _mm256_madd_epi16(second, numbers));
        }
      }
#pragma GCC unroll 4
      for (unsigned h = 0; h < heads; ++h) {
        const __m256i columns = _mm256_hadd_epi32(parts[h][0], parts[h][1]);  // 0 1 4 5 2 3 6 7
        sums[h][v].part[half] = (NativeInts)_mm256_permute4x64_epi64(columns, 0xD8);
      }
    }
  }
}

}  // namespace
}  // namespace bitfleet
