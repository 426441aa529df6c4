#include "model/linear_product.h"

#include <algorithm>


namespace bitfleet {

ProductInput::ProductInput(uint32_t most_tokens, uint32_t longest)
    : stride_(padded(longest)),
      floats_(most_tokens * stride_, "activations"),
      values_((most_tokens + uint64_t{15}) / 16 * 16 * quantized_stride(longest), "quantized activations"),
      scales_(most_tokens, "activation scales"),
      sums_(most_tokens, "activation sums"),
      block_sums_(static_cast<uint64_t>(most_tokens) * scale_blocks(longest), "activation sums") {}

void ProductInput::begin(uint32_t tokens, uint32_t columns) {
  tokens_ = tokens;
  columns_ = columns;
}

void ProductInput::quantize(const Kernels& kernels, uint32_t token) const {
  kernels.quantize(vector(token), columns_, values_.data() + token * quantized_stride(columns_), &scales_[token], &sums_[token],
                   block_sums_.data() + static_cast<uint64_t>(token) * scale_blocks(columns_));
}

QuantizedView ProductInput::quantized() const {
  return {values_.data(), scales_.data(), sums_.data(), block_sums_.data(), tokens_, columns_, quantized_stride(columns_)};
}

Share rows_of(Share units, uint32_t rows) { return {std::min(units.begin * row_unit, rows), std::min(units.end * row_unit, rows)}; }

void multiply(const Kernels& kernels, const DenseView& matrix, const ProductInput& input, Share rows, float* out, uint64_t out_stride) {
  if (rows.begin < rows.end) kernels.dense_matmul(matrix, input.vector(0), input.stride(), input.tokens(), rows.begin, rows.end, out, out_stride);
}

void multiply(const Kernels& kernels, const Linear& linear, const ProductInput& input, const ProductScratch& scratch, uint32_t rank,
              Share rows, float* out, uint64_t out_stride) {
  if (const auto* ternary = std::get_if<TernaryWeights>(&linear.matrix)) {
    if (rows.begin < rows.end) kernels.ternary_matmul(ternary->view(), input.quantized(), rows.begin, rows.end, out, out_stride, scratch.of(rank));
  } else {
    multiply(kernels, std::get<DenseWeights>(linear.matrix).view(), input, rows, out, out_stride);
  }
}

}  // namespace bitfleet
