#include "quant/dense_weights.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <string>

#include "gguf/mapped_file.h"
#include "model/model_error.h"
#include "quant/half.h"
#include "quant/round_group.h"
#include "quant/tensor_type.h"

namespace bitfleet {
namespace {

// The unpackers take one row; false for a scale that is not finite. Layouts: see quant/tensor_type.h.
bool unpack_q8_0(const uint8_t* row, uint32_t columns, int8_t* values, float* scales) {
  bool sound = true;
  for (uint32_t k = 0; k < columns; k += 32, row += 34) {
    *scales = read_half(row);
    sound = sound && std::isfinite(*scales++);
    std::memcpy(values + k, row + 2, 32);
  }
  return sound;
}

bool unpack_q4_0(const uint8_t* row, uint32_t columns, int8_t* values, float* scales) {
  bool sound = true;
  for (uint32_t k = 0; k < columns; k += 32, row += 18) {
    *scales = read_half(row);
    sound = sound && std::isfinite(*scales++);
    for (uint32_t j = 0; j < 16; ++j) {
      values[k + j] = static_cast<int8_t>((row[2 + j] & 15) - 8);
      values[k + 16 + j] = static_cast<int8_t>((row[2 + j] >> 4) - 8);
    }
  }
  return sound;
}

// 256 weights in 210 bytes: 128 of low nibbles, 64 of high bit pairs, 16 signed sub-scales, an f16 scale. Each half of 128
// weights is four runs of 32: nibbles low, low, high, high of two 32-byte pieces; bit pairs 0, 2, 4, 6 of one.
bool unpack_q6_k(const uint8_t* row, uint32_t columns, int8_t* values, float* scales) {
  bool sound = true;
  for (uint32_t k = 0; k < columns; k += 256, row += 210) {
    const float scale = read_half(row + 208);
    sound = sound && std::isfinite(scale);
    for (uint32_t g = 0; g < 16; ++g) *scales++ = scale * static_cast<float>(static_cast<int8_t>(row[192 + g]));
    for (uint32_t half = 0; half < 2; ++half) {
      const uint8_t* low = row + 64 * half;
      const uint8_t* high = row + 128 + 32 * half;
      for (uint32_t run = 0; run < 4; ++run) {
        for (uint32_t l = 0; l < 32; ++l) {
          const uint32_t nibble = low[32 * (run & 1) + l] >> (run < 2 ? 0 : 4) & 15;
          const uint32_t pair = high[l] >> (2 * run) & 3;
          values[k + 128 * half + 32 * run + l] = static_cast<int8_t>(static_cast<int>(nibble | pair << 4) - 32);
        }
      }
    }
  }
  return sound;
}

}  // namespace

DenseWeights DenseWeights::rounded_to(WeightQuant quant, ThreadTeam& team) && {
  if (quant == WeightQuant::none || four_bits_ || (quant == WeightQuant::int8 && format_ == DenseFormat::int8_groups)) return std::move(*this);
  DenseWeights rounded;
  rounded.format_ = DenseFormat::int8_groups;
  rounded.rows_ = rows_;
  rounded.columns_ = columns_;
  rounded.factor_ = factor_;
  rounded.four_bits_ = quant == WeightQuant::q4_0;
  const uint32_t stride = padded(columns_);
  rounded.group_ = stride % 32 == 0 ? 32 : 16;
  const uint32_t groups = stride / rounded.group_;
  rounded.values_ = Buffer<uint8_t>(static_cast<uint64_t>(rows_) * stride, "weights", Pages::huge);
  rounded.scales_ = Buffer<float>(static_cast<uint64_t>(rows_) * groups, "weight scales", Pages::huge);
  DenseView from = view();
  from.factor = 1;
  const Kernels& kernels = kernels_for(KernelSet::scalar);
  std::atomic<uint32_t> bad_row{UINT32_MAX};
  team.run([&](uint32_t rank) {
    const Share share = share_of(rows_, rank, team.size());
    const Buffer<float> row(stride, "weights");
    for (uint32_t r = share.begin; r < share.end; ++r) {
      kernels.expand_row(from, r, row.data());
      for (uint32_t g = 0; g < groups; ++g) {
        auto* values = reinterpret_cast<int8_t*>(rounded.values_.data()) + static_cast<uint64_t>(r) * stride + g * rounded.group_;
        const float scale = round_group(quant, row.data() + g * rounded.group_, rounded.group_, values);
        rounded.scales_[static_cast<uint64_t>(r) * groups + g] = scale;
        if (!std::isfinite(scale)) bad_row.store(r, std::memory_order_relaxed);
      }
    }
  });
  if (const uint32_t row = bad_row.load(); row != UINT32_MAX) {
    throw ModelError(ModelErrorCode::bad_file, "weights of row " + std::to_string(row) + " are too large to be rounded to " + std::string(to_string(quant)));
  }
  return rounded;
}

DenseWeights DenseWeights::copy(const GgufTensor& tensor, ThreadTeam& team) {
  const auto type = static_cast<TensorType>(tensor.type);
  DenseWeights weights;
  weights.columns_ = static_cast<uint32_t>(tensor.dims[0]);
  weights.rows_ = static_cast<uint32_t>(tensor.rows());
  const uint32_t columns = weights.columns_;
  const uint64_t stride = padded(columns);
  uint32_t element_bytes = 1;
  switch (type) {
    case TensorType::f32: weights.format_ = DenseFormat::f32; element_bytes = 4; break;
    case TensorType::f16: weights.format_ = DenseFormat::f16; element_bytes = 2; break;
    case TensorType::bf16: weights.format_ = DenseFormat::bf16; element_bytes = 2; break;
    case TensorType::q6_k: weights.format_ = DenseFormat::int8_groups; weights.group_ = 16; break;
    default: weights.format_ = DenseFormat::int8_groups; weights.group_ = 32; break;
  }
  weights.four_bits_ = type == TensorType::q4_0;
  weights.values_ = Buffer<uint8_t>(weights.rows_ * stride * element_bytes, "weights", Pages::huge);
  const uint64_t groups = weights.group_ == 0 ? 0 : stride / weights.group_;
  if (groups != 0) weights.scales_ = Buffer<float>(weights.rows_ * groups, "weight scales", Pages::huge);

  const uint64_t file_row = tensor.data.size() / weights.rows_;
  std::atomic<uint32_t> bad_row{UINT32_MAX};
  team.run([&](uint32_t rank) {
    const Share share = share_of(weights.rows_, rank, team.size());
    for (uint32_t row = share.begin; row < share.end; ++row) {
      const auto* from = reinterpret_cast<const uint8_t*>(tensor.data.data()) + row * file_row;
      uint8_t* to = weights.values_.data() + row * stride * element_bytes;
      if (groups == 0) {
        std::memcpy(to, from, file_row);
        continue;
      }
      auto* values = reinterpret_cast<int8_t*>(to);
      float* scales = weights.scales_.data() + row * groups;
      const bool sound = type == TensorType::q8_0   ? unpack_q8_0(from, columns, values, scales)
                         : type == TensorType::q4_0 ? unpack_q4_0(from, columns, values, scales)
                                                    : unpack_q6_k(from, columns, values, scales);
      if (!sound) bad_row.store(row, std::memory_order_relaxed);
    }
  });
  if (const uint32_t row = bad_row.load(); row != UINT32_MAX) {
    throw ModelError(ModelErrorCode::bad_file,
                     "tensor '" + std::string(tensor.name) + "': row " + std::to_string(row) + " has a scale that is not finite");
  }
  return weights;
}

std::optional<DenseWeights> DenseWeights::in_place(const GgufTensor& tensor, std::shared_ptr<const MappedFile> mapping) {
  const auto type = static_cast<TensorType>(tensor.type);
  if (mapping == nullptr || tensor.dims[0] % lanes != 0) return std::nullopt;
  DenseWeights weights;
  switch (type) {
    case TensorType::f32: weights.format_ = DenseFormat::f32; break;
    case TensorType::f16: weights.format_ = DenseFormat::f16; break;
    case TensorType::bf16: weights.format_ = DenseFormat::bf16; break;
    default: return std::nullopt;
  }
  weights.columns_ = static_cast<uint32_t>(tensor.dims[0]);
  weights.rows_ = static_cast<uint32_t>(tensor.rows());
  weights.mapped_ = tensor.data.data();
  weights.mapping_ = std::move(mapping);
  return weights;
}

void DenseWeights::forget_rows() const {
  if (mapping_ != nullptr) mapping_->forget_pages();
}

bool DenseWeights::holds(uint32_t rows, uint32_t columns) const {
  const uint64_t elements = uint64_t{rows} * padded(columns);
  const uint64_t element_bytes = format_ == DenseFormat::f32 ? 4 : format_ == DenseFormat::int8_groups ? 1 : 2;
  if (rows_ != rows || columns_ != columns || (mapped_ == nullptr && values_.size() != elements * element_bytes)) return false;
  if (format_ != DenseFormat::int8_groups) return group_ == 0 && scales_.size() == 0;
  return (group_ == 16 || group_ == 32) && padded(columns) % group_ == 0 && scales_.size() == elements / group_;
}

}  // namespace bitfleet
