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

  // Whether this is a matrix of that shape, whole, that a kernel may be given.
  bool holds(uint32_t rows, uint32_t columns) const {
    const bool scaled = block_scales_.size() == 0 || (layout_ == TernaryLayout::two_bit && block_scales_.size() == uint64_t{row_blocks(rows)} * scale_blocks(columns) * lanes);
    return rows_ == rows && columns_ == columns && scaled && packed_.size() == ternary_bytes(layout_, rows, columns);
  }

  // Writes to or reads from an archive (see model/prepared_file.h).
  template <typename Archive>
  void pass(Archive& archive) {
    if constexpr (Archive::reads) {
      layout_ = static_cast<TernaryLayout>(archive.number(static_cast<uint64_t>(TernaryLayout::base3)));
      rows_ = static_cast<uint32_t>(archive.number(UINT32_MAX));
      columns_ = static_cast<uint32_t>(archive.number(UINT32_MAX));
      scale_ = archive.real();
      factor_ = archive.real();
    } else {
      archive.number(static_cast<uint64_t>(layout_));
      archive.number(rows_);
      archive.number(columns_);
      archive.real(scale_);
      archive.real(factor_);
    }
    archive.array(packed_, "weights", Pages::huge);
    archive.array(block_scales_, "block scales", Pages::huge);
  }

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
