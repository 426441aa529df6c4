#include "kernels/kernel_set.h"

#include "kernels/kernel_tables.h"
#include "model/model_error.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace bitfleet {
namespace {

#if defined(__x86_64__)
struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

constexpr bool bit(uint32_t word, uint32_t index) { return (word >> index & 1) != 0; }

// Which register files the operating system saves (XCR0); an instruction set the processor has is of no use without.
uint64_t saved_state() {
  if (!bit(cpuid(1).ecx, 27)) return 0;  // OSXSAVE
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

bool runs_avx2() {
  constexpr uint64_t ymm = 0x6;
  return (saved_state() & ymm) == ymm && bit(cpuid(1).ecx, 28) && bit(cpuid(1).ecx, 29) && bit(cpuid(7).ebx, 5);  // AVX, F16C, AVX2
}

bool runs_avx512vnni() {
  constexpr uint64_t zmm = 0xE6;
  const Registers leaf = cpuid(7);
  return runs_avx2() && (saved_state() & zmm) == zmm && bit(leaf.ebx, 16) && bit(leaf.ebx, 17) && bit(leaf.ebx, 30) &&
         bit(leaf.ebx, 31) && bit(leaf.ecx, 11);  // F, DQ, BW, VL, VNNI
}
#endif

}  // namespace

std::string_view to_string(KernelSet set) {
  switch (set) {
    case KernelSet::automatic: return "auto";
    case KernelSet::scalar: return "scalar";
    case KernelSet::avx2: return "avx2";
    case KernelSet::avx512vnni: return "avx512vnni";
  }
  return "unknown";
}

std::optional<KernelSet> parse_kernel_set(std::string_view text) {
  for (const KernelSet set : {KernelSet::automatic, KernelSet::scalar, KernelSet::avx2, KernelSet::avx512vnni}) {
    if (to_string(set) == text) return set;
  }
  return std::nullopt;
}

std::vector<KernelSet> runnable_kernel_sets() {
  std::vector<KernelSet> sets{KernelSet::scalar};
#if defined(__x86_64__)
  if (runs_avx2()) sets.push_back(KernelSet::avx2);
  if (runs_avx512vnni()) sets.push_back(KernelSet::avx512vnni);
#endif
  return sets;
}

KernelSet best_kernel_set() { return runnable_kernel_sets().back(); }

const Kernels& kernels_for(KernelSet set) {
  if (set == KernelSet::automatic) set = best_kernel_set();
  for (const KernelSet runnable : runnable_kernel_sets()) {
    if (runnable != set) continue;
#if defined(__x86_64__)
    if (set == KernelSet::avx512vnni) return avx512vnni_kernels;
    if (set == KernelSet::avx2) return avx2_kernels;
#endif
    return scalar_kernels;
  }
  throw ModelError(ModelErrorCode::unsupported_model,
                   "this machine cannot run the " + std::string(to_string(set)) + " kernels");
}

}  // namespace bitfleet
