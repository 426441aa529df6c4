#pragma once

#include "kernels/head_kernels.h"

namespace bitfleet {

extern const HeadKernels scalar_head_kernels;
#if defined(__x86_64__)
extern const HeadKernels avx2_head_kernels;
extern const HeadKernels avx512vnni_head_kernels;
#endif

}  // namespace bitfleet
