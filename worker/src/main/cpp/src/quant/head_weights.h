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

  // Whether this is a matrix of that shape, whole, that a kernel may be given.
  bool holds(uint32_t rows, uint32_t columns) const {
    const uint64_t groups = uint64_t{row_blocks(rows)} * head_groups(columns);
    return rows_ == rows && columns_ == columns && values_.size() == groups * view().group_bytes() && scales_.size() == groups * head_lanes;
  }

  // Writes to or reads from an archive (see model/prepared_file.h).
  template <typename Archive>
  void pass(Archive& archive) {
    if constexpr (Archive::reads) {
      format_ = archive.number(1) == 0 ? HeadFormat::int8 : HeadFormat::int4;
      rows_ = static_cast<uint32_t>(archive.number(UINT32_MAX));
      columns_ = static_cast<uint32_t>(archive.number(UINT32_MAX));
      factor_ = archive.real();
    } else {
      archive.number(format_ == HeadFormat::int8 ? 0 : 1);
      archive.number(rows_);
      archive.number(columns_);
      archive.real(factor_);
    }
    archive.array(values_, "the head", Pages::huge);
    archive.array(scales_, "the head's scales", Pages::huge);
  }

 private:
  HeadFormat format_ = HeadFormat::int8;
  Buffer<uint8_t> values_;
  Buffer<uint16_t> scales_;
  float factor_ = 1;
  uint32_t rows_ = 0;
  uint32_t columns_ = 0;
};

}  // namespace bitfleet
