#include "emulated_products.h"
#include "emulated_tiles.h"
#include "kernels/lanes.h"

#include "kernels/ternary_output.inl"
#include "kernels/tile_products.inl"

namespace bitfleet {
namespace {

struct PlainTwoBit {
  static constexpr uint32_t fields = 4;
  static uint32_t vectors(uint32_t columns) { return two_bit_vectors(columns); }
  template <typename At>
  static void expand(const uint8_t* vector, At at) {
    for (uint32_t f = 0; f < 4; ++f) {
      for (uint32_t i = 0; i < 64; ++i) at(f)[i] = vector[i] >> (2 * f) & 3;
    }
  }
};

struct PlainBase3 {
  static constexpr uint32_t fields = 5;
  static uint32_t vectors(uint32_t columns) { return base3_vectors(columns); }
  template <typename At>
  static void expand(const uint8_t* vector, At at) {
    for (uint32_t i = 0; i < 64; ++i) {
      const uint32_t low = vector[i] & 63U;
      const bool high = vector[i] >= 192;
      uint32_t four = high ? 64 + low % 17 : low;
      for (uint32_t f = 0; f < 4; ++f, four /= 3) at(f)[i] = static_cast<uint8_t>(four % 3);
      at(4)[i] = static_cast<uint8_t>(high ? low / 17 : vector[i] >> 6);
    }
  }
};

}  // namespace

void plain_tile_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                       uint64_t out_stride, void* scratch) {
  if (w.layout == TernaryLayout::base3) TileProducts<EmulatedTiles, PlainBase3>::multiply(w, x, first_row, last_row, out, out_stride, scratch);
  else TileProducts<EmulatedTiles, PlainTwoBit>::multiply(w, x, first_row, last_row, out, out_stride, scratch);
}

}  // namespace bitfleet
