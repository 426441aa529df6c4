#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace bitfleet {

// What a set computes wrongly: a sentence, or nothing. Quantizes some activations and multiplies them with a small random matrix in every
// layout, for batches of 1, 3, 8 and 17 tokens, and wants the bits of the reference. Takes a few milliseconds.
//
// Tests prove the kernels before they are shipped; this proves them where they run: on this processor, under this hypervisor, after
// this compiler.
std::optional<std::string> fault_of(const Kernels& tested, const Kernels& reference);

struct KernelChoice {
  KernelSet set;                     // never `automatic`
  std::vector<std::string> refused;  // why better ones were passed over, a sentence each
};

// The first of these that computes what the reference does; the reference's own set when none does. Best first.
KernelChoice choose_among(std::span<const Kernels* const> candidates, const Kernels& reference);

// The wanted set, or for `automatic` the best, when it computes what scalar does; else the next slower one that does. ModelError
// unsupported_model for a set the machine cannot run.
KernelChoice choose_kernels(KernelSet wanted);

}  // namespace bitfleet
