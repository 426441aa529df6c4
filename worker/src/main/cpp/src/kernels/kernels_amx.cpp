// Ternary products on the AMX unit. Everything else of this set is the avx512vnni set's. Compiled for AVX-512 with VNNI and VBMI, which
// every processor with AMX has; no other translation unit but theirs may be.

#include <immintrin.h>

#include "kernels/kernel_tables.h"
#include "kernels/lanes.h"

#include "kernels/ternary_output.inl"

#include "kernels/tile_expanders_avx512.inl"
#include "kernels/tile_products.inl"

namespace bitfleet {
namespace {

// What LDTILECFG reads. Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfiguration) == 64);

// The instructions by hand: gcc 12's intrinsics take no template parameter for a tile, and declare too little of what they read and write.
struct AmxTiles {
  static void configure(uint32_t rows) {
    TileConfiguration configuration;
    for (int tile = 0; tile < 8; ++tile) {
      configuration.row_bytes[tile] = 64;
      configuration.rows[tile] = static_cast<uint8_t>(tile < 6 ? rows : tile_rows);
    }
    __asm__ volatile("ldtilecfg %0" : : "m"(configuration));
  }
  static void release() { __asm__ volatile("tilerelease"); }
  template <int tile>
  BITFLEET_INLINE void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(tile));
  }
  template <int tile>
  BITFLEET_INLINE void load(const void* rows, uint64_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(rows), "r"(stride), "i"(tile) : "memory");
  }
  template <int tile>
  BITFLEET_INLINE void store(void* rows, uint64_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(rows), "r"(stride), "i"(tile) : "memory");
  }
  template <int c, int a, int b>
  BITFLEET_INLINE void dot() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b));
  }
};

}  // namespace

void amx_ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                        uint64_t out_stride, void* scratch) {
  // A single token leaves 15/16 of a tile idle, and the vector unit waits for memory as well as the matrix unit does.
  if (x.tokens == 1 || w.block_scales != nullptr) {
    avx512vnni_kernels.ternary_matmul(w, x, first_row, last_row, out, out_stride, scratch);
  } else if (w.layout == TernaryLayout::base3) {
    TileProducts<AmxTiles, Base3Expander>::multiply(w, x, first_row, last_row, out, out_stride, scratch);
  } else {
    TileProducts<AmxTiles, TwoBitExpander>::multiply(w, x, first_row, last_row, out, out_stride, scratch);
  }
}

}  // namespace bitfleet
