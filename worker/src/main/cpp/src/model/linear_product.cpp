#include "model/linear_product.h"

#include <algorithm>

#include "threads/thread_team.h"

namespace bitfleet {

ProductInput::ProductInput(uint32_t most_tokens, uint32_t longest)
    : stride_(padded(longest)),
      floats_(most_tokens * stride_, "activations"),
      values_(most_tokens * stride_, "quantized activations"),
      scales_(most_tokens, "activation scales"),
      sums_(most_tokens, "activation sums"),
      block_sums_(static_cast<uint64_t>(most_tokens) * scale_blocks(longest), "activation sums") {}

void ProductInput::begin(uint32_t tokens, uint32_t columns) {
  tokens_ = tokens;
  columns_ = columns;
}

void ProductInput::quantize(const Kernels& kernels, uint32_t token) const {
  const uint32_t first = token / token_tile * token_tile;
  const uint32_t width = std::min(token_tile, tokens_ - first);
  int8_t* values = values_.data() + static_cast<uint64_t>(first) * padded(columns_) + 4ULL * (token - first);
  kernels.quantize(vector(token), columns_, values, width, &scales_[token], &sums_[token],
                   block_sums_.data() + static_cast<uint64_t>(token) * scale_blocks(columns_));
}

QuantizedView ProductInput::quantized() const {
  return {values_.data(), scales_.data(), sums_.data(), block_sums_.data(), tokens_, columns_};
}

void multiply(const Kernels& kernels, const DenseView& matrix, const ProductInput& input, uint32_t rank, uint32_t members,
              float* out, uint64_t out_stride) {
  // Whole blocks of 16 outputs, so that two threads never write to one cache line.
  const Share share = share_of(row_blocks(matrix.rows), rank, members);
  kernels.dense_matmul(matrix, input.vector(0), input.stride(), input.tokens(), share.begin * lanes,
                       std::min(share.end * lanes, matrix.rows), out, out_stride);
}

void multiply(const Kernels& kernels, const Linear& linear, const ProductInput& input, uint32_t rank, uint32_t members,
              float* out, uint64_t out_stride) {
  if (const auto* ternary = std::get_if<TernaryWeights>(&linear.matrix)) {
    const TernaryView view = ternary->view();
    const Share share = share_of(row_blocks(view.rows), rank, members);
    kernels.ternary_matmul(view, input.quantized(), share.begin, share.end, out, out_stride);
  } else {
    multiply(kernels, std::get<DenseWeights>(linear.matrix).view(), input, rank, members, out, out_stride);
  }
}

}  // namespace bitfleet
