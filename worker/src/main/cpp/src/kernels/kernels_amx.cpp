// Ternary products on the AMX unit. Everything else of this set is the avx512vnni set's. Compiled for AVX-512 with VNNI and VBMI, which
// every processor with AMX has; no other translation unit but theirs may be.

#include <immintrin.h>

#include "kernels/amx_tiles.h"
#include "kernels/kernel_tables.h"
#include "kernels/lanes.h"

#include "kernels/ternary_output.inl"

#include "kernels/tile_expanders_avx512.inl"
#include "kernels/tile_products.inl"

namespace bitfleet {

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
