#pragma once

#include <cstdint>

#include "kernels/lanes.h"

// The eight tiles of the AMX unit, as tile_products.inl wants them. Needs no compiler flag; to be run only where runs_amx().
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
      configuration.rows[tile] = static_cast<uint8_t>(tile < 6 ? rows : 16);
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
}  // namespace bitfleet
