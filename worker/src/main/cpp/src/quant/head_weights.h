#pragma once

#include <cstdint>

#include "kernels/head_kernels.h"
#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "quant/weight_quant.h"
#include "threads/thread_team.h"

namespace bitfleet {

// An output head of 8 or 4 bits in the layout of HeadView.
class HeadWeights {
 public:
  // Rounds a matrix to int8 or q4_0, with an f16 scale for each 32 columns as Q8_0 and Q4_0 have; weights that are such
  // numbers already are taken over exactly. ModelError bad_file for rows that are too large for an f16 scale.
  static HeadWeights round(const DenseView& from, WeightQuant quant, ThreadTeam& team);

  HeadView view() const { return {format_, values_.data(), scales_.data(), factor_, rows_, columns_}; }
  uint64_t bytes() const { return values_.bytes() + scales_.bytes(); }

 private:
  HeadFormat format_ = HeadFormat::int8;
  Buffer<uint8_t> values_;
  Buffer<uint16_t> scales_;
  float factor_ = 1;
  uint32_t rows_ = 0;
  uint32_t columns_ = 0;
};

}  // namespace bitfleet
