#pragma once

#include "kernels/kernels.h"

namespace bitfleet {

extern const Kernels scalar_kernels;
#if defined(__x86_64__)
extern const Kernels avx2_kernels;
extern const Kernels avx512vnni_kernels;
#endif

}  // namespace bitfleet
