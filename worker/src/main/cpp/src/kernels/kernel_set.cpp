#include "kernels/kernel_set.h"

#include "kernels/kernel_tables.h"
#include "kernels/processor.h"
#include "model/model_error.h"

namespace bitfleet {
namespace {

#if defined(__x86_64__)
const Kernels& amx_kernels() {
  static const Kernels kernels = [] {
    Kernels k = avx512vnni_kernels;
    k.set = KernelSet::amx;
    k.ternary_matmul = amx_ternary_matmul;
    return k;
  }();
  return kernels;
}
#endif

}  // namespace

std::string_view to_string(KernelSet set) {
  switch (set) {
    case KernelSet::automatic: return "auto";
    case KernelSet::scalar: return "scalar";
    case KernelSet::avx2: return "avx2";
    case KernelSet::avx512vnni: return "avx512vnni";
    case KernelSet::amx: return "amx";
    case KernelSet::neon: return "neon";
  }
  return "unknown";
}

std::optional<KernelSet> parse_kernel_set(std::string_view text) {
  for (const KernelSet set : {KernelSet::automatic, KernelSet::scalar, KernelSet::avx2, KernelSet::avx512vnni, KernelSet::amx, KernelSet::neon}) {
    if (to_string(set) == text) return set;
  }
  return std::nullopt;
}

std::string kernel_set_names() { return "auto, scalar, avx2, avx512vnni, amx or neon"; }

std::vector<KernelSet> runnable_kernel_sets() {
  std::vector<KernelSet> sets{KernelSet::scalar};
#if defined(__x86_64__)
  if (runs_avx2()) sets.push_back(KernelSet::avx2);
  if (runs_avx512vnni()) sets.push_back(KernelSet::avx512vnni);
  if (runs_amx()) sets.push_back(KernelSet::amx);
#elif defined(__aarch64__)
  if (runs_neon_dot()) sets.push_back(KernelSet::neon);
#endif
  return sets;
}

KernelSet best_kernel_set() { return runnable_kernel_sets().back(); }

TernaryLayout layout_for(KernelSet set) {
  if (set == KernelSet::automatic) set = best_kernel_set();
  const bool wide = set == KernelSet::avx512vnni || set == KernelSet::amx;
  return wide && unpacks_faster_than_memory() ? TernaryLayout::base3 : TernaryLayout::two_bit;
}

std::vector<TernaryLayout> fast_layouts(KernelSet set) {
  std::vector<TernaryLayout> layouts{TernaryLayout::two_bit};
  const bool wide = set == KernelSet::avx512vnni || set == KernelSet::amx;
  if (wide && runs_vbmi()) layouts.push_back(TernaryLayout::base3);
  return layouts;
}

std::string_view to_string(TernaryLayout layout) {
  switch (layout) {
    case TernaryLayout::two_bit: return "two_bit";
    case TernaryLayout::base3: return "base3";
  }
  return "unknown";
}

std::optional<TernaryLayout> parse_layout(std::string_view text) {
  for (const TernaryLayout layout : {TernaryLayout::two_bit, TernaryLayout::base3}) {
    if (to_string(layout) == text) return layout;
  }
  return std::nullopt;
}

const Kernels& kernels_for(KernelSet set) {
  if (set == KernelSet::automatic) set = best_kernel_set();
  for (const KernelSet runnable : runnable_kernel_sets()) {
    if (runnable != set) continue;
#if defined(__x86_64__)
    if (set == KernelSet::amx) return amx_kernels();
    if (set == KernelSet::avx512vnni) return avx512vnni_kernels;
    if (set == KernelSet::avx2) return avx2_kernels;
#elif defined(__aarch64__)
    if (set == KernelSet::neon) return neon_kernels;
#endif
    return scalar_kernels;
  }
  std::string there;
  for (const KernelSet runnable : runnable_kernel_sets()) there += (there.empty() ? "" : ", ") + std::string(to_string(runnable));
  throw ModelError(ModelErrorCode::unsupported_model,
                   "this machine cannot run the " + std::string(to_string(set)) + " kernels; it can run " + there);
}

}  // namespace bitfleet
