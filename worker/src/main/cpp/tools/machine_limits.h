#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/kernel_set.h"

namespace bitfleet::tools {

// What a machine can do at most, against which an engine's speed is held. Both measure with `threads` threads at once and give
// the best of several tries, since a shared machine only ever takes away. ModelError out_of_memory when there is no memory to read.

// Bytes per second from memory: each thread reads its own part of a gibibyte in four interleaved runs.
double read_bandwidth(uint32_t threads);

struct IntegerRate {
  double operations_per_second;  // a multiplication and an addition are two
  std::string_view unit;         // the instruction that did them
};

// 8-bit products summed to 32 bits, from registers, with the unit that a kernel set has for many tokens at once. ModelError
// unsupported_model for a set this machine cannot run.
IntegerRate int8_rate(uint32_t threads, KernelSet set);

}  // namespace bitfleet::tools
