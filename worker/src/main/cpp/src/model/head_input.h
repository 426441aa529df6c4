#pragma once

#include <cstdint>

#include "kernels/head_kernels.h"
#include "memory/buffer.h"

namespace bitfleet {

// The finely quantized input of a rounded head. Reserved once for the largest batch.
class HeadInput {
 public:
  HeadInput(uint32_t most_tokens, uint32_t columns)
      : columns_(columns),
        groups_(head_groups(columns)),
        high_(static_cast<uint64_t>(most_tokens) * groups_ * head_group, "the head's input"),
        low_(static_cast<uint64_t>(most_tokens) * groups_ * head_group, "the head's input"),
        sums_(static_cast<uint64_t>(most_tokens) * groups_, "the head's input"),
        scales_(most_tokens, "the head's input") {}

  // x: [padded(columns)]. Different tokens from different threads at once.
  void quantize(const HeadKernels& kernels, uint32_t token, const float* x) const {
    const uint64_t start = static_cast<uint64_t>(token) * groups_ * head_group;
    kernels.quantize(x, columns_, high_.data() + start, low_.data() + start, sums_.data() + static_cast<uint64_t>(token) * groups_, &scales_[token]);
  }

  FineView view(uint32_t tokens) const { return {high_.data(), low_.data(), sums_.data(), scales_.data(), tokens}; }

 private:
  uint32_t columns_;
  uint32_t groups_;
  Buffer<int8_t> high_;
  Buffer<int8_t> low_;
  Buffer<int32_t> sums_;
  Buffer<float> scales_;
};

}  // namespace bitfleet
