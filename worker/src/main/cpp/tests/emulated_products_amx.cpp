// Compiled like kernels_amx.cpp.

#include <immintrin.h>

#include "emulated_products.h"
#include "emulated_tiles.h"
#include "kernels/lanes.h"

#include "kernels/ternary_output.inl"
#include "kernels/tile_expanders_avx512.inl"
#include "kernels/tile_products.inl"

namespace bitfleet {

void avx512_tile_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                        uint64_t out_stride, void* scratch) {
  if (w.layout == TernaryLayout::base3) TileProducts<EmulatedTiles, Base3Expander>::multiply(w, x, first_row, last_row, out, out_stride, scratch);
  else TileProducts<EmulatedTiles, TwoBitExpander>::multiply(w, x, first_row, last_row, out, out_stride, scratch);
}

}  // namespace bitfleet
