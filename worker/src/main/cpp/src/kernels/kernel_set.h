#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/ternary_layout.h"

namespace bitfleet {

// Families of compute kernels in one binary. All give the same bits for the same input; they differ in
// speed alone. `automatic` stands for the best set this machine can run.
enum class KernelSet { automatic, scalar, avx2, avx512vnni, amx, neon };

std::string_view to_string(KernelSet set);

// Accepts auto, scalar, avx2, avx512vnni, amx and neon; nullopt for anything else.
std::optional<KernelSet> parse_kernel_set(std::string_view text);

// What parse_kernel_set accepts, as a sentence has it.
std::string kernel_set_names();

// The sets this processor and operating system can run, slowest first. Never empty: scalar is always there.
std::vector<KernelSet> runnable_kernel_sets();

// Last of runnable_kernel_sets().
KernelSet best_kernel_set();

// The layout of ternary weights that a set reads fastest on this machine, by what is known of its processor and not by a measurement:
// the choice must not depend on who else is busy while the engine starts. Every set can read every layout.
TernaryLayout layout_for(KernelSet set);

// The layouts that a set has kernels of its own for, here. The first is two_bit.
std::vector<TernaryLayout> fast_layouts(KernelSet set);

std::string_view to_string(TernaryLayout layout);
std::optional<TernaryLayout> parse_layout(std::string_view text);  // two_bit or base3

}  // namespace bitfleet
