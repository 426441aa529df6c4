#pragma once

#include <cstdint>

#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "model/weights.h"
#include "threads/thread_team.h"

namespace bitfleet {

// The input of one or several matrix products: vectors of a batch as floats, and quantized beside them when a ternary matrix is
// to read them. Reserved once for the largest batch and the longest vector; reused for every product.
class ProductInput {
 public:
  ProductInput(uint32_t most_tokens, uint32_t longest);

  // Sets the shape of what follows. One thread.
  void begin(uint32_t tokens, uint32_t columns);

  float* vector(uint32_t token) const { return floats_.data() + token * stride_; }   // [padded(columns)]
  uint64_t stride() const { return stride_; }
  uint32_t tokens() const { return tokens_; }

  // Quantizes one token's vector into its place. Different tokens from different threads at once.
  void quantize(const Kernels& kernels, uint32_t token) const;

  QuantizedView quantized() const;

 private:
  uint32_t tokens_ = 0;
  uint32_t columns_ = 0;
  uint64_t stride_;
  Buffer<float> floats_;         // [tokens][stride]
  Buffer<int8_t> values_;        // [tokens rounded up to 16][quantized_stride(columns)]
  Buffer<float> scales_;         // [tokens]
  Buffer<int32_t> sums_;         // [tokens]
  Buffer<int32_t> block_sums_;   // [tokens][scale_blocks(columns)]
};

// What the members of a team lend to the kernels.
class ProductScratch {
 public:
  explicit ProductScratch(uint32_t members) : bytes_(members * ternary_scratch_bytes, "intermediate results") {}
  void* of(uint32_t rank) const { return bytes_.data() + rank * ternary_scratch_bytes; }

 private:
  Buffer<uint8_t> bytes_;  // [members][ternary_scratch_bytes]
};

// A product's rows, as many whole units as asked for: two threads never write to one cache line, and every layout can be split there.
Share rows_of(Share units, uint32_t rows);

// Those rows of out = linear · input. out: [tokens][out_stride]. `rank` computes, for its scratch.
void multiply(const Kernels& kernels, const Linear& linear, const ProductInput& input, const ProductScratch& scratch, uint32_t rank,
              Share rows, float* out, uint64_t out_stride);
void multiply(const Kernels& kernels, const DenseView& matrix, const ProductInput& input, Share rows, float* out, uint64_t out_stride);

}  // namespace bitfleet
