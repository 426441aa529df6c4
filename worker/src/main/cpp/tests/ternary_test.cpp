// Ternary products of every kernel set and layout, and of the matrix unit's code on emulated tiles, against loops written from the
// comments of kernels.h, bit for bit.

#include <algorithm>
#include <bit>
#include <vector>

#include "check.h"
#include "emulated_products.h"
#include "kernels/kernels.h"
#include "kernels/processor.h"
#include "memory/buffer.h"
#include "quant/ternary_codes.h"
#include "random_bytes.h"

using namespace bitfleet;
using bitfleet::testing::TestRandom;

namespace {

struct Implementation {
  std::string name;
  decltype(Kernels::ternary_matmul) matmul;
  bool reads_block_scales;
};

std::vector<Implementation> implementations() {
  std::vector<Implementation> all;
  for (const KernelSet set : runnable_kernel_sets()) all.push_back({std::string(to_string(set)), kernels_for(set).ternary_matmul, true});
  all.push_back({"emulated tiles", plain_tile_matmul, false});
#if defined(__x86_64__)
  if (runs_vbmi()) all.push_back({"emulated tiles, AVX-512", avx512_tile_matmul, false});
#endif
  return all;
}

enum class Codes { random, minus_ones, ones, zeros };
enum class Activations { random, lowest, highest, alternating };

struct TernaryCase {
  TernaryLayout layout;
  uint32_t rows;
  uint32_t columns;
  uint32_t tokens;
  bool block_scales;
  Codes codes;
  Activations activations;
};

void check_ternary(const TernaryCase& c, TestRandom& random) {
  const uint32_t width = padded(c.columns);
  const uint32_t blocks = row_blocks(c.rows);
  const uint32_t scale_count = scale_blocks(c.columns);
  std::vector<std::vector<uint8_t>> codes(c.rows, std::vector<uint8_t>(width, 1));
  const Buffer<uint8_t> packed(ternary_bytes(c.layout, c.rows, c.columns), "test weights");
  for (uint32_t r = 0; r < c.rows; ++r) {
    for (uint32_t k = 0; k < c.columns; ++k) {
      codes[r][k] = c.codes == Codes::random ? static_cast<uint8_t>(random.below(3)) : c.codes == Codes::minus_ones ? 0 : c.codes == Codes::ones ? 2 : 1;
    }
    pack_row(c.layout, codes[r].data(), c.columns, r, packed.data());
  }
  std::vector<float> scales(static_cast<size_t>(blocks) * scale_count * 16);
  for (float& scale : scales) scale = 0.5F + random.uniform() * 0.25F;

  std::vector<std::vector<int8_t>> q(c.tokens, std::vector<int8_t>(width));
  const uint64_t stride = quantized_stride(c.columns);
  const Buffer<int8_t> values((c.tokens + 15) / 16 * 16 * stride, "test activations");
  const Buffer<uint8_t> scratch(ternary_scratch_bytes, "test scratch");
  std::vector<float> token_scales(c.tokens);
  std::vector<int32_t> sums(c.tokens);
  std::vector<int32_t> block_sums(static_cast<size_t>(c.tokens) * scale_count);
  for (uint32_t t = 0; t < c.tokens; ++t) {
    token_scales[t] = 10.0F + random.uniform();
    for (uint32_t k = 0; k < c.columns; ++k) {
      int value = static_cast<int>(random.below(256)) - 128;
      if (c.activations == Activations::lowest) value = -128;
      if (c.activations == Activations::highest) value = 127;
      if (c.activations == Activations::alternating) value = k % 2 == 0 ? -128 : 127;
      q[t][k] = static_cast<int8_t>(value);
      values[t * stride + k] = q[t][k];
      sums[t] += value;
      block_sums[static_cast<size_t>(t) * scale_count + k / scale_block] += value;
    }
  }

  const float scale = 0.0371F;
  const float factor = 1.25F;
  std::vector<float> expected(static_cast<size_t>(c.tokens) * c.rows);
  for (uint32_t t = 0; t < c.tokens; ++t) {
    for (uint32_t r = 0; r < c.rows; ++r) {
      std::vector<int64_t> exact(scale_count);
      for (uint32_t k = 0; k < c.columns; ++k) exact[k / scale_block] += (static_cast<int64_t>(codes[r][k]) - 1) * q[t][k];
      float& y = expected[static_cast<size_t>(t) * c.rows + r];
      if (c.block_scales) {
        for (uint32_t b = 0; b < scale_count; ++b) y += scales[(static_cast<size_t>(r / 16) * scale_count + b) * 16 + r % 16] * static_cast<float>(exact[b]);
      } else {
        int64_t total = 0;
        for (const int64_t part : exact) total += part;
        y = static_cast<float>(total);
      }
      y = y / token_scales[t] * scale * factor;
    }
  }

  const TernaryView w{packed.data(), c.layout, c.block_scales ? scales.data() : nullptr, scale, factor, c.rows, c.columns};
  const QuantizedView x{values.data(), token_scales.data(), sums.data(), block_sums.data(), c.tokens, c.columns, stride};
  for (const Implementation& implementation : implementations()) {
    if (c.block_scales && !implementation.reads_block_scales) continue;
    std::vector<float> actual(expected.size(), -7.0F);
    const uint32_t split = row_units(c.rows) / 3 * row_unit;  // ranges as threads get them
    for (uint64_t i = 0; i < scratch.size(); ++i) scratch[i] = 0xA5;
    if (split > 0) implementation.matmul(w, x, 0, split, actual.data(), c.rows, scratch.data());
    implementation.matmul(w, x, split, c.rows, actual.data(), c.rows, scratch.data());
    for (size_t i = 0; i < expected.size(); ++i) {
      if (std::bit_cast<uint32_t>(expected[i]) == std::bit_cast<uint32_t>(actual[i])) continue;
      bitfleet::testing::fail(__FILE__, __LINE__, implementation.name + ", " + std::string(to_string(c.layout)) + ", " + std::to_string(c.rows) + " x " +
                                                      std::to_string(c.columns) + ", " + std::to_string(c.tokens) + " tokens: element " + std::to_string(i) +
                                                      " is " + std::to_string(actual[i]) + ", not " + std::to_string(expected[i]));
    }
  }
}

constexpr TernaryLayout layouts[] = {TernaryLayout::two_bit, TernaryLayout::base3};

}  // namespace

TEST(ternary_products_are_exact_for_every_batch_size) {
  TestRandom random(bitfleet::testing::announced_seed("ternary products", 11));
  for (uint32_t tokens = 1; tokens <= 19; ++tokens) {
    for (const TernaryLayout layout : layouts) check_ternary({layout, 48, 256, tokens, false, Codes::random, Activations::random}, random);
    check_ternary({TernaryLayout::two_bit, 48, 768, tokens, true, Codes::random, Activations::random}, random);
  }
}

TEST(ternary_products_are_exact_for_odd_shapes) {
  TestRandom random(bitfleet::testing::announced_seed("odd shapes", 12));
  for (const uint32_t rows : {1U, 15U, 16U, 17U, 33U, 100U}) {
    for (const uint32_t columns : {16U, 128U, 144U, 384U, 1000U, 2560U, 6912U}) {
      for (const uint32_t tokens : {1U, 3U, 9U}) {
        for (const TernaryLayout layout : layouts) check_ternary({layout, rows, columns, tokens, false, Codes::random, Activations::random}, random);
        check_ternary({TernaryLayout::two_bit, rows, columns, tokens, true, Codes::random, Activations::random}, random);
      }
    }
  }
}

// What is beside and behind passes of 32 and 256 tokens and tiles of 16.
TEST(ternary_products_are_exact_for_prompts) {
  TestRandom random(bitfleet::testing::announced_seed("prompts", 15));
  for (const uint32_t tokens : {31U, 32U, 33U, 48U, 49U, 64U, 255U, 257U, 300U}) {
    for (const TernaryLayout layout : layouts) {
      check_ternary({layout, 96, 640, tokens, false, Codes::random, Activations::random}, random);
      check_ternary({layout, 80, 1000, tokens, false, Codes::random, Activations::random}, random);
    }
  }
  for (const TernaryLayout layout : layouts) check_ternary({layout, 160, 6912, 70, false, Codes::random, Activations::random}, random);
}

TEST(ternary_products_neither_wrap_nor_saturate_at_the_extremes) {
  TestRandom random(13);
  for (const Codes codes : {Codes::minus_ones, Codes::ones, Codes::zeros}) {
    for (const Activations activations : {Activations::lowest, Activations::highest, Activations::alternating}) {
      for (const uint32_t tokens : {1U, 2U, 8U}) {
        for (const TernaryLayout layout : layouts) check_ternary({layout, 32, 16384, tokens, false, codes, activations}, random);
        check_ternary({TernaryLayout::two_bit, 32, 16384, tokens, true, codes, activations}, random);
      }
    }
  }
}

// The longest row that Hyperparameters admits: the unshifted sums of the one-token kernel come closest to 2^31 here.
TEST(the_longest_row_does_not_overflow_the_sums) {
  TestRandom random(14);
  for (const TernaryLayout layout : layouts) {
    check_ternary({layout, 16, 1 << 18, 1, false, Codes::ones, Activations::lowest}, random);
    check_ternary({layout, 16, 1 << 18, 2, false, Codes::ones, Activations::lowest}, random);
  }
}

