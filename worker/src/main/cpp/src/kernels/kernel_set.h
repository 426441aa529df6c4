#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace bitfleet {

// Families of compute kernels in one binary. All give the same bits for the same input; they differ in
// speed alone. `automatic` stands for the best set this machine can run.
enum class KernelSet { automatic, scalar, avx2, avx512vnni };

std::string_view to_string(KernelSet set);

// Accepts auto, scalar, avx2 and avx512vnni; nullopt for anything else.
std::optional<KernelSet> parse_kernel_set(std::string_view text);

// The sets this processor and operating system can run, slowest first. Never empty: scalar is always there.
std::vector<KernelSet> runnable_kernel_sets();

// Last of runnable_kernel_sets().
KernelSet best_kernel_set();

}  // namespace bitfleet
