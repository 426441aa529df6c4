#pragma once

#include <cstdint>

#include "gguf/gguf_file.h"
#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "quant/weight_quant.h"
#include "threads/thread_team.h"

namespace bitfleet {

// A matrix that is not ternary, copied row by row into the layout of DenseView. F32, F16 and BF16 stay as they are;
// Q8_0, Q4_0 and Q6_K become signed bytes with one float scale per 32, 32 and 16 weights, which represents them exactly.
class DenseWeights {
 public:
  // A tensor of shape [columns, rows] of a known type that is not ternary. ModelError bad_file for scales that are
  // not finite.
  static DenseWeights copy(const GgufTensor& tensor, ThreadTeam& team);

  // The same weights, rounded; as they are for `none` and where they are bytes of no more than the precision asked for. Rows
  // that are no multiple of 32 share scales by 16.
  DenseWeights rounded_to(WeightQuant quant, ThreadTeam& team) &&;

  DenseView view() const {
    return {format_, values_.data(), scales_.size() == 0 ? nullptr : scales_.data(), group_, factor_, rows_, columns_};
  }
  void multiply_by(float factor) { factor_ = factor; }
  uint64_t bytes() const { return values_.bytes() + scales_.bytes(); }

 private:
  DenseFormat format_ = DenseFormat::f32;
  Buffer<uint8_t> values_;
  Buffer<float> scales_;
  uint32_t group_ = 0;
  float factor_ = 1;
  uint32_t rows_ = 0;
  uint32_t columns_ = 0;
  bool four_bits_ = false;  // the bytes hold 16 levels
};

}  // namespace bitfleet
