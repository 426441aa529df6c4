#pragma once

#include <cstdint>
#include <memory>
#include <optional>

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

  // The matrix where it lies in a mapped file, which is kept: rows are read from there when they are asked for. Nothing where they
  // cannot be read in place: types with scales, and rows that are no multiple of 16.
  static std::optional<DenseWeights> in_place(const GgufTensor& tensor, std::shared_ptr<const MappedFile> mapping);

  // Gives back the memory of rows read from a mapped file; they are read from there again. The system maps 64 KiB around each.
  void forget_rows() const;

  // Whether this is a matrix of that shape, whole, that a kernel may be given.
  bool holds(uint32_t rows, uint32_t columns) const;

  // Writes to or reads from an archive (see model/prepared_file.h). Not for one that lies in a mapped file.
  template <typename Archive>
  void pass(Archive& archive) {
    if constexpr (Archive::reads) {
      format_ = static_cast<DenseFormat>(archive.number(static_cast<uint64_t>(DenseFormat::int8_groups)));
      group_ = static_cast<uint32_t>(archive.number(32));
      rows_ = static_cast<uint32_t>(archive.number(UINT32_MAX));
      columns_ = static_cast<uint32_t>(archive.number(UINT32_MAX));
      factor_ = archive.real();
      four_bits_ = archive.number(1) == 1;
    } else {
      archive.number(static_cast<uint64_t>(format_));
      archive.number(group_);
      archive.number(rows_);
      archive.number(columns_);
      archive.real(factor_);
      archive.number(four_bits_ ? 1 : 0);
    }
    archive.array(values_, "weights", Pages::huge);
    archive.array(scales_, "weight scales", Pages::huge);
  }

  DenseView view() const {
    return {format_, mapped_ != nullptr ? mapped_ : values_.data(), scales_.size() == 0 ? nullptr : scales_.data(), group_, factor_, rows_, columns_};
  }
  void multiply_by(float factor) { factor_ = factor; }
  uint64_t bytes() const { return values_.bytes() + scales_.bytes(); }

 private:
  DenseFormat format_ = DenseFormat::f32;
  Buffer<uint8_t> values_;
  const void* mapped_ = nullptr;  // in place of values_
  std::shared_ptr<const MappedFile> mapping_;
  Buffer<float> scales_;
  uint32_t group_ = 0;
  float factor_ = 1;
  uint32_t rows_ = 0;
  uint32_t columns_ = 0;
  bool four_bits_ = false;  // the bytes hold 16 levels
};

}  // namespace bitfleet
