#pragma once

#include <cstdint>
#include <string_view>

namespace bitfleet::tools {

// What a machine can do at most, against which an engine's speed is held. Both measure with `threads` threads at once and give
// the best of several tries, since a shared machine only ever takes away. ModelError out_of_memory when there is no memory to read.

// Bytes per second from memory: each thread reads its own part of a gibibyte in four interleaved runs.
double read_bandwidth(uint32_t threads);

struct IntegerRate {
  double operations_per_second;  // a multiplication and an addition are two
  std::string_view unit;         // the instruction that did them
};

// 8-bit products summed to 32 bits, from registers, with the best unit this machine has among those the kernels use.
IntegerRate int8_rate(uint32_t threads);

}  // namespace bitfleet::tools
