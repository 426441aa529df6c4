#pragma once

#include "kernels/kernels.h"

namespace bitfleet {

// ternary_matmul by tile_products.inl on emulated tiles: with a plain expander, for any machine; and with the expanders that the amx set
// has, for machines that run AVX-512 with VBMI.
void plain_tile_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                       uint64_t out_stride, void* scratch);
void avx512_tile_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                        uint64_t out_stride, void* scratch);

}  // namespace bitfleet
