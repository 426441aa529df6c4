#pragma once

#include <cstdint>

#include "kernels/kernel_set.h"
#include "kernels/kv_layout.h"
#include "kernels/ternary_layout.h"

namespace bitfleet {

// The kernels read plain views; owners live in quant/ and model/. "Padded" lengths are rounded up to 16 elements, and
// the elements beyond the real length are zero in every buffer, so that no kernel has a tail to treat.

constexpr uint32_t lanes = 16;               // outputs of a row block; partial sums of every float reduction
constexpr uint32_t scale_block = 256;        // weights that share a scale when a tensor has more than one

constexpr uint32_t attention_tokens = 8;     // most query positions of an attention kernel's call
constexpr uint32_t attention_heads = 4;      // most heads of it
constexpr uint32_t largest_head_dim = 512;

constexpr uint32_t padded(uint32_t length) { return (length + lanes - 1) / lanes * lanes; }
constexpr uint32_t row_blocks(uint32_t rows) { return (rows + lanes - 1) / lanes; }
constexpr uint32_t scale_blocks(uint32_t columns) { return (columns + scale_block - 1) / scale_block; }

// Bytes between the quantized vectors of two tokens: whole vectors of every layout, and an odd number of cache lines, so that the same
// columns of 16 tokens do not compete for one set of the cache.
constexpr uint64_t quantized_stride(uint32_t columns) { return (((columns + uint64_t{319}) / 320 * 5 + 1) | 1) * 64; }

// A ternary matrix.
struct TernaryView {
  const uint8_t* packed;      // ternary_bytes(layout, rows, columns), see TernaryLayout
  TernaryLayout layout;
  const float* block_scales;  // [row_blocks][scale_blocks(columns)][16], or null when `scale` serves the whole tensor; two_bit only
  float scale;
  float factor;               // multiplies the finished output; 1 where the file has no separate scale tensor
  uint32_t rows;
  uint32_t columns;
};

// Activations of a batch, quantized per token: value ≈ q / scale.
struct QuantizedView {
  const int8_t* values;        // [tokens rounded up to 16][stride], zero beyond `columns`; the tokens beyond the last hold anything
  const float* scales;         // [tokens]
  const int32_t* sums;         // [tokens] sum of q, to undo the +1 in the weight codes
  const int32_t* block_sums;   // [tokens][scale_blocks(columns)]
  uint32_t tokens;
  uint32_t columns;
  uint64_t stride;             // quantized_stride(columns)
};

// What a thread lends to ternary_matmul for intermediate results: 64-byte aligned, its content of no meaning between calls.
constexpr uint64_t ternary_scratch_bytes = 576 << 10;

enum class DenseFormat { f32, f16, bf16, int8_groups };

// Weights that are not ternary, row-major, each row padded to 16 elements.
struct DenseView {
  DenseFormat format;
  const void* values;    // [rows][padded(columns)] of the format's element
  const float* scales;   // int8_groups: [rows][padded(columns) / group], else null
  uint32_t group;        // int8_groups: 16 or 32 elements share a scale
  float factor;
  uint32_t rows;
  uint32_t columns;
};

// Query positions of one sequence, of heads that share a KV head, over a cache in pages of kv_page positions, laid out as kv_layout.h says.
// What a page holds of positions that nothing attends to is never read into a result, not even when it is no number.
struct AttentionView {
  const float* queries;       // [tokens][query_stride]: of each token [heads][head_dim], rotated
  uint64_t query_stride;
  KvQuant quant;
  const uint8_t* cache;       // what page 0 of the pool holds for this layer and KV head
  const uint32_t* pages;      // [ceil(longest positions / kv_page)] of the sequence, in order
  uint64_t page_stride;       // bytes from one page of the pool to the next
  uint32_t tokens;            // 1..attention_tokens
  uint32_t heads;             // 1..attention_heads
  uint32_t head_dim;
  const uint32_t* positions;  // [tokens] token t attends to 0 .. positions[t] - 1
  float scale;
  float* scores;              // scratch [tokens][heads][score_stride]
  uint64_t score_stride;      // at least the longest positions, rounded up to kv_page
  float* sums;                // scratch [tokens][heads][padded(head_dim)]
  float* page;                // scratch [kv_page · padded(head_dim)]
  float* out;                 // [tokens][out_stride]: of each token [heads][head_dim]
  uint64_t out_stride;
};

// One implementation of every hot loop. All implementations give the same bits: integer sums are exact, a float sum has
// one order (16 partial sums over index mod 16, then a fixed tree; or plain ascending order, where said), nothing is
// fused, and exp is one polynomial. No function allocates, throws or keeps state.
struct Kernels {
  KernelSet set;

  // out[t * out_stride + r] = (sum of code·q - sum of q) / x.scale · w.scale · factor for rows [first_row, last_row); first_row is a
  // multiple of row_unit, last_row too unless it is w.rows. With block scales: sum over blocks, ascending, of scale · integer sum; then
  // / x.scale. Every set reads every layout; one that is not its own (see layout_for) slowly.
  void (*ternary_matmul)(const TernaryView& w, const QuantizedView& x, uint32_t first_row, uint32_t last_row, float* out,
                         uint64_t out_stride, void* scratch);

  // out[t * out_stride + r] = factor · sum of w·x over x [tokens][x_stride], for rows [first_row, last_row).
  void (*dense_matmul)(const DenseView& w, const float* x, uint64_t x_stride, uint32_t tokens, uint32_t first_row,
                       uint32_t last_row, float* out, uint64_t out_stride);

  // Quantizes one token: scale = 127 / max(|x|max, 1e-5), q = clamp(round to even(x · scale), -128, 127). x: [padded(columns)].
  // values: [quantized_stride(columns)], zeros behind the last column.
  void (*quantize)(const float* x, uint32_t columns, int8_t* values, float* scale, int32_t* sum, int32_t* block_sums);

  // out = x / sqrt(mean of x² + epsilon) · weight; the sum of squares in double. out may be x.
  void (*rms_norm)(const float* x, const float* weight, uint32_t length, float epsilon, float* out);

  void (*gate_relu_squared)(const float* gate, const float* up, uint32_t length, float* out);  // max(gate,0)² · up
  void (*gate_silu)(const float* gate, const float* up, uint32_t length, float* out);          // gate·sigmoid(gate) · up

  // Softmax attention. f16: scores are q·k in ascending dimension order, the output is summed in ascending position order.
  // int8: queries are rounded to 15 bits, weights times the scales of the values to 14 bits of a page's largest; sums of a head's dimensions
  // and of a page's positions are exact, and the pages are added in ascending order.
  void (*attend)(const AttentionView& view);

  void (*to_halves)(const float* x, uint32_t length, uint16_t* out);                  // clamped to ±65504
  void (*expand_row)(const DenseView& w, uint32_t row, float* out);                   // [padded(columns)], for embeddings
};

// The table of a set the machine can run (see runnable_kernel_sets). ModelError unsupported_model for one it cannot.
const Kernels& kernels_for(KernelSet set);

}  // namespace bitfleet
