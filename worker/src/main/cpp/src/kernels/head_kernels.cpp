#include "kernels/head_kernels.h"

#include "kernels/head_tables.h"

namespace bitfleet {

const HeadKernels& head_kernels_for(KernelSet set) {
#if defined(__x86_64__)
  if (set == KernelSet::automatic) set = best_kernel_set();
  if (set == KernelSet::scalar) return scalar_head_kernels;
  if (set == KernelSet::avx2) return avx2_head_kernels;
  return avx512vnni_head_kernels;
#else
  static_cast<void>(set);
  return scalar_head_kernels;
#endif
}

}  // namespace bitfleet
