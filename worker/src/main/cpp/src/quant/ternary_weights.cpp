#include "quant/ternary_weights.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <vector>

#include "model/model_error.h"
#include "quant/half.h"
#include "quant/tensor_type.h"
#include "quant/ternary_codes.h"

namespace bitfleet {
namespace {

[[noreturn]] void fail(ModelErrorCode code, const GgufTensor& tensor, const std::string& what) {
  throw ModelError(code, "tensor '" + std::string(tensor.name) + "': " + what);
}

[[noreturn]] void fail_row(const GgufTensor& tensor, uint32_t row) {
  fail(ModelErrorCode::bad_file, tensor,
       "row " + std::to_string(row) + " holds an invalid ternary code or scale; the file is damaged or written in another layout");
}

float i2_s_scale(const GgufTensor& tensor) {
  float scale;
  std::memcpy(&scale, tensor.data.data() + tensor.elements() / 4, sizeof scale);
  if (!std::isfinite(scale) || scale <= 0) {
    fail(ModelErrorCode::bad_file, tensor, "its I2_S scale is not a positive number; the tensor may be stored in another layout");
  }
  return scale;
}

// Writers of TQ1_0 and TQ2_0 store a scale with each block even where the model has one per matrix; an all-zero block
// gets scale 0. Such a tensor needs one multiplication per output, not one per block.
bool share_one_scale(const std::vector<float>& scales, float* shared) {
  *shared = 0;
  for (const float scale : scales) {
    if (scale == 0) continue;
    if (*shared != 0 && scale != *shared) return false;
    *shared = scale;
  }
  return true;
}

// Of TQ1_0 and TQ2_0, whose blocks end in an f16. They are read before the weights, since the layout depends on them.
std::vector<float> scales_of(const GgufTensor& tensor, uint32_t rows, uint32_t scales_per_row, uint32_t block_bytes) {
  std::vector<float> scales(static_cast<uint64_t>(rows) * scales_per_row);
  const auto* bytes = reinterpret_cast<const uint8_t*>(tensor.data.data());
  for (uint64_t i = 0; i < scales.size(); ++i) {
    scales[i] = read_half(bytes + (i + 1) * block_bytes - 2);
    if (!std::isfinite(scales[i])) fail_row(tensor, static_cast<uint32_t>(i / scales_per_row));
  }
  return scales;
}

}  // namespace

TernaryWeights TernaryWeights::repack(const GgufTensor& tensor, I2sBlock order, TernaryLayout layout, ThreadTeam& team) {
  const auto type = static_cast<TensorType>(tensor.type);
  const auto columns = static_cast<uint32_t>(tensor.dims[0]);
  const auto rows = static_cast<uint32_t>(tensor.dims[1]);
  const auto i2s_block = static_cast<uint32_t>(order);
  if (type == TensorType::i2_s && columns % i2s_block != 0) {
    fail(ModelErrorCode::unsupported_model, tensor,
         "rows of " + std::to_string(columns) + " weights are not whole I2_S blocks of " + std::to_string(i2s_block));
  }
  const uint32_t scales_per_row = scale_blocks(columns);
  const uint64_t row_bytes =
      type == TensorType::i2_s ? columns / 4 : static_cast<uint64_t>(columns / 256) * (type == TensorType::tq1_0 ? 54 : 66);

  TernaryWeights weights;
  weights.rows_ = rows;
  weights.columns_ = columns;
  std::vector<float> scales;  // [rows][scales_per_row]
  if (type == TensorType::i2_s) {
    weights.scale_ = i2_s_scale(tensor);
  } else {
    scales = scales_of(tensor, rows, scales_per_row, type == TensorType::tq1_0 ? 54 : 66);
  }
  const bool one_scale = type == TensorType::i2_s || share_one_scale(scales, &weights.scale_);
  weights.layout_ = one_scale ? layout : TernaryLayout::two_bit;
  weights.packed_ = Buffer<uint8_t>(ternary_bytes(weights.layout_, rows, columns), "weights", Pages::huge);
  std::vector<std::vector<uint8_t>> scratch(team.members(), std::vector<uint8_t>(padded(columns)));

  std::atomic<uint32_t> bad_row{UINT32_MAX};
  team.run([&](uint32_t rank) {
    uint8_t* codes = scratch[rank].data();
    std::vector<float> ignored(scales_per_row);
    const Share share = share_of(row_units(rows), rank, team.size());
    for (uint32_t row = share.begin * row_unit; row < std::min(share.end * row_unit, rows); ++row) {
      const std::byte* bytes = tensor.data.data() + row * row_bytes;
      const bool sound = type == TensorType::i2_s    ? decode_i2_s(bytes, columns, i2s_block, codes)
                         : type == TensorType::tq2_0 ? decode_tq2_0(bytes, columns, codes, ignored.data())
                                                     : decode_tq1_0(bytes, columns, codes, ignored.data());
      if (!sound) {
        bad_row.store(row, std::memory_order_relaxed);
        return;
      }
      for (uint32_t b = 0; b < (type == TensorType::i2_s ? 0 : scales_per_row); ++b) {
        if (scales[static_cast<uint64_t>(row) * scales_per_row + b] == 0) std::memset(codes + b * scale_block, 1, scale_block);
      }
      pack_row(weights.layout_, codes, columns, row, weights.packed_.data());
    }
  });
  if (const uint32_t row = bad_row.load(); row != UINT32_MAX) fail_row(tensor, row);
  if (one_scale) return weights;

  weights.scale_ = 1;
  weights.block_scales_ = Buffer<float>(static_cast<uint64_t>(row_blocks(rows)) * scales_per_row * lanes, "block scales", Pages::huge);
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t b = 0; b < scales_per_row; ++b) {
      weights.block_scales_[(static_cast<uint64_t>(row / lanes) * scales_per_row + b) * lanes + row % lanes] =
          scales[static_cast<uint64_t>(row) * scales_per_row + b];
    }
  }
  return weights;
}

}  // namespace bitfleet
