#include "quant/head_weights.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>

#include "model/model_error.h"
#include "quant/half.h"
#include "quant/round_group.h"

namespace bitfleet {
namespace {

// The group's own bytes and scale, where the matrix is of such groups and they are exact in the format wanted.
bool take_over(const DenseView& from, HeadFormat format, uint32_t row, uint32_t group, int8_t* values, float* scale) {
  if (from.format != DenseFormat::int8_groups || from.group != head_group) return false;
  const uint64_t stride = padded(from.columns);
  if (stride % head_group != 0) return false;
  const auto* bytes = static_cast<const int8_t*>(from.values) + row * stride + static_cast<uint64_t>(group) * head_group;
  *scale = from.scales[row * (stride / head_group) + group];
  if (half_to_float(float_to_half(*scale)) != *scale) return false;
  const int least = format == HeadFormat::int8 ? -128 : -8;
  const int most = format == HeadFormat::int8 ? 127 : 7;
  if (std::any_of(bytes, bytes + head_group, [&](int8_t v) { return v < least || v > most; })) return false;
  std::copy_n(bytes, head_group, values);
  return true;
}

void place(HeadFormat format, const int8_t* values, uint32_t row, uint8_t* group) {
  for (uint32_t column = 0; column < head_group; ++column) {
    if (format == HeadFormat::int8) {
      group[column / 4 * 64 + row * 4 + column % 4] = static_cast<uint8_t>(values[column] + 128);
      continue;
    }
    const uint32_t in_half = column % 16;
    uint8_t& both = group[in_half / 4 * 64 + row * 4 + in_half % 4];
    const auto nibble = static_cast<uint8_t>(values[column] + 8);
    both = static_cast<uint8_t>(column < 16 ? (both & 0xF0) | nibble : (both & 0x0F) | nibble << 4);
  }
}

}  // namespace

HeadWeights HeadWeights::round(const DenseView& matrix, WeightQuant quant, ThreadTeam& team) {
  HeadWeights head;
  head.format_ = quant == WeightQuant::int8 ? HeadFormat::int8 : HeadFormat::int4;
  head.rows_ = matrix.rows;
  head.columns_ = matrix.columns;
  head.factor_ = matrix.factor;
  DenseView from = matrix;
  from.factor = 1;
  const uint32_t groups = head_groups(matrix.columns);
  const uint64_t group_bytes = head.view().group_bytes();
  const uint32_t blocks = row_blocks(matrix.rows);
  head.values_ = Buffer<uint8_t>(blocks * groups * group_bytes, "the head", Pages::huge);
  head.scales_ = Buffer<uint16_t>(static_cast<uint64_t>(blocks) * groups * head_lanes, "the head's scales", Pages::huge);
  const Kernels& kernels = kernels_for(KernelSet::automatic);
  std::atomic<uint32_t> bad_row{UINT32_MAX};
  team.run([&](uint32_t rank) {
    const Share share = share_of(blocks, rank, team.size());
    const Buffer<float> row(static_cast<uint64_t>(groups) * head_group, "a row of the head");
    int8_t values[head_group];
    for (uint32_t r = share.begin * head_lanes; r < std::min(share.end * head_lanes, matrix.rows); ++r) {
      kernels.expand_row(from, r, row.data());
      const uint64_t block = r / head_lanes;
      for (uint32_t g = 0; g < groups; ++g) {
        float scale = 0;
        if (!take_over(from, head.format_, r, g, values, &scale)) scale = round_group(quant, row.data() + g * head_group, head_group, values);
        place(head.format_, values, r % head_lanes, head.values_.data() + (block * groups + g) * group_bytes);
        head.scales_[(block * groups + g) * head_lanes + r % head_lanes] = float_to_half(scale);
        if (!std::isfinite(scale)) bad_row.store(r, std::memory_order_relaxed);
      }
    }
  });
  if (const uint32_t bad = bad_row.load(); bad != UINT32_MAX) {
    throw ModelError(ModelErrorCode::bad_file, "weights of row " + std::to_string(bad) + " are too large to be rounded to " + std::string(to_string(quant)));
  }
  return head;
}

}  // namespace bitfleet
