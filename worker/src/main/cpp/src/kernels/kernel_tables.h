#pragma once

#include "kernels/kernels.h"

namespace bitfleet {

extern const Kernels scalar_kernels;
#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avx512vnni_kernels;

// What the amx set has in place of the avx512vnni set's.
void amx_ternary_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                        uint64_t out_stride, void* scratch);
#elif defined(__aarch64__)
extern const Kernels neon_kernels;
#endif

}  // namespace bitfleet
