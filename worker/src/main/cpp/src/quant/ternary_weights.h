#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gguf/gguf_file.h"
#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "model/model.h"
#include "threads/thread_team.h"

namespace bitfleet {

// A ternary matrix repacked from I2_S, TQ1_0 or TQ2_0 into a layout that some kernel set reads fast.
class TernaryWeights {
 public:
  // Checks and repacks a tensor of shape [columns, rows]. ModelError bad_file for the invalid code 3 or a scale that is not
  // finite (or, for I2_S, not positive); unsupported_model for row lengths the format cannot hold. A tensor with several scales a row
  // gets two_bit, whatever `layout` says: no other layout has whole vectors for each scale.
  static TernaryWeights repack(const GgufTensor& tensor, I2sBlock order, TernaryLayout layout, ThreadTeam& team);

  TernaryView view() const {
    return {packed_.data(), layout_, block_scales_.size() == 0 ? nullptr : block_scales_.data(), scale_, factor_, rows_, columns_};
  }
  void multiply_by(float factor) { factor_ = factor; }
  uint64_t bytes() const { return packed_.bytes() + block_scales_.bytes(); }
  bool has_block_scales() const { return block_scales_.size() != 0; }

 private:
  Buffer<uint8_t> packed_;
  TernaryLayout layout_ = TernaryLayout::two_bit;
  Buffer<float> block_scales_;
  float scale_ = 1;
  float factor_ = 1;
  uint32_t rows_ = 0;
  uint32_t columns_ = 0;
};

}  // namespace bitfleet
