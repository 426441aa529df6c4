// Rounded heads: their kernels against loops written from the comments of head_kernels.h, bit for bit; what rounding keeps.

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <vector>

#include "check.h"
#include "kernels/head_kernels.h"
#include "model/model_error.h"
#include "quant/dense_weights.h"
#include "quant/half.h"
#include "quant/head_weights.h"
#include "random_bytes.h"

using namespace bitfleet;
using bitfleet::testing::TestRandom;

namespace {

void for_each_set(const std::function<void(const HeadKernels&, const std::string&)>& body) {
  for (const KernelSet set : runnable_kernel_sets()) body(head_kernels_for(set), std::string(to_string(set)));
}

struct Matrix {
  std::vector<float> values;  // [rows][padded(columns)]
  uint32_t rows;
  uint32_t columns;

  DenseView view() const { return {DenseFormat::f32, values.data(), nullptr, 0, 1, rows, columns}; }
};

Matrix random_matrix(TestRandom& random, uint32_t rows, uint32_t columns) {
  Matrix m{std::vector<float>(static_cast<size_t>(rows) * padded(columns)), rows, columns};
  for (uint32_t r = 0; r < rows; ++r) {
    for (uint32_t k = 0; k < columns; ++k) m.values[static_cast<size_t>(r) * padded(columns) + k] = random.uniform() * (1 + static_cast<float>(k % 7));
  }
  return m;
}

// The weight of a row and column as an integer, and its scale, read by the layout that HeadView states.
int weight_of(const HeadView& w, uint32_t row, uint32_t column, float* scale) {
  const uint32_t groups = head_groups(w.columns);
  const uint32_t g = column / 32;
  const uint32_t c = column % 32;
  const uint64_t block = row / 16;
  *scale = half_to_float(w.scales[(block * groups + g) * 16 + row % 16]);
  const uint8_t* group = w.values + (block * groups + g) * w.group_bytes();
  if (w.format == HeadFormat::int8) return group[c / 4 * 64 + row % 16 * 4 + c % 4] - 128;
  const uint8_t both = group[c % 16 / 4 * 64 + row % 16 * 4 + c % 4];
  return (c < 16 ? both & 15 : both >> 4) - 8;
}

struct Quantized {
  std::vector<int8_t> high, low;
  std::vector<int32_t> sums;
  std::vector<float> scales;

  FineView view(uint32_t tokens) const { return {high.data(), low.data(), sums.data(), scales.data(), tokens}; }
};

Quantized quantized(const HeadKernels& kernels, const std::vector<float>& x, uint32_t columns, uint32_t tokens) {
  const size_t groups = head_groups(columns);
  Quantized q{std::vector<int8_t>(tokens * groups * 32, 77), std::vector<int8_t>(tokens * groups * 32, 77), std::vector<int32_t>(tokens * groups),
              std::vector<float>(tokens)};
  for (uint32_t t = 0; t < tokens; ++t) {
    kernels.quantize(x.data() + static_cast<size_t>(t) * padded(columns), columns, q.high.data() + t * groups * 32, q.low.data() + t * groups * 32,
                     q.sums.data() + t * groups, &q.scales[t]);
  }
  return q;
}

std::vector<float> inputs(TestRandom& random, uint32_t columns, uint32_t tokens, float outlier) {
  std::vector<float> x(static_cast<size_t>(tokens) * padded(columns));
  for (uint32_t t = 0; t < tokens; ++t) {
    for (uint32_t k = 0; k < columns; ++k) x[static_cast<size_t>(t) * padded(columns) + k] = random.uniform();
    x[static_cast<size_t>(t) * padded(columns) + t % columns] = outlier;
  }
  return x;
}

void check_product(uint32_t rows, uint32_t columns, uint32_t tokens, WeightQuant quant, float outlier, TestRandom& random) {
  ThreadTeam team(1);
  const HeadWeights head = HeadWeights::round(random_matrix(random, rows, columns).view(), quant, team);
  const HeadView w = head.view();
  const std::vector<float> x = inputs(random, columns, tokens, outlier);
  for_each_set([&](const HeadKernels& kernels, const std::string& set) {
    const Quantized q = quantized(kernels, x, columns, tokens);
    std::vector<float> out(static_cast<size_t>(tokens) * rows, -1);
    const uint32_t middle = row_blocks(rows) / 2;
    kernels.matmul(w, q.view(tokens), 0, middle, out.data(), rows);
    kernels.matmul(w, q.view(tokens), middle, row_blocks(rows), out.data(), rows);
    for (uint32_t t = 0; t < tokens; ++t) {
      for (uint32_t r = 0; r < rows; ++r) {
        float expected = 0;
        for (uint32_t g = 0; g < head_groups(columns); ++g) {
          int64_t sum = 0;
          float scale = 0;
          for (uint32_t k = 32 * g; k < std::min(columns, 32 * g + 32); ++k) {
            const size_t at = static_cast<size_t>(t) * head_groups(columns) * 32 + k;
            sum += int64_t{weight_of(w, r, k, &scale)} * (128 * q.high[at] + q.low[at]);
          }
          const float term = scale * static_cast<float>(sum);
          expected = expected + term;
        }
        expected = expected / q.scales[t] * 1.0F;
        const float actual = out[static_cast<size_t>(t) * rows + r];
        if (std::bit_cast<uint32_t>(expected + 0.0F) != std::bit_cast<uint32_t>(actual + 0.0F)) {
          bitfleet::testing::fail(__FILE__, __LINE__, set + ": row " + std::to_string(r) + " of token " + std::to_string(t) + " is " + std::to_string(actual) +
                                                          ", not " + std::to_string(expected));
        }
      }
    }
  });
}

TEST(products_follow_their_layout_and_order_in_every_set) {
  TestRandom random(7);
  for (const WeightQuant quant : {WeightQuant::int8, WeightQuant::q4_0}) {
    for (uint32_t tokens = 1; tokens <= 9; ++tokens) check_product(40, 96, tokens, quant, 1, random);
    check_product(1, 32, 1, quant, 1, random);
    check_product(17, 48, 3, quant, 1, random);  // half a group more
    check_product(33, 20, 5, quant, 1, random);
    check_product(16, 2560, 4, quant, 400, random);
  }
}

TEST(sums_of_the_largest_weights_and_activations_do_not_overflow) {
  TestRandom random(8);
  Matrix m = random_matrix(random, 16, 64);
  for (size_t i = 0; i < m.values.size(); ++i) m.values[i] = i / 64 % 2 == 0 ? 1.0F : -1.0F;
  const std::vector<float> x(64, 3.0F);
  ThreadTeam team(1);
  for (const WeightQuant quant : {WeightQuant::int8, WeightQuant::q4_0}) {
    const HeadWeights head = HeadWeights::round(m.view(), quant, team);
    for_each_set([&](const HeadKernels& kernels, const std::string&) {
      const Quantized q = quantized(kernels, x, 64, 1);
      std::vector<float> out(16);
      kernels.matmul(head.view(), q.view(1), 0, 1, out.data(), 16);
      for (uint32_t r = 0; r < 16; ++r) CHECK(std::fabs(out[r] - (r % 2 == 0 ? 192.0F : -192.0F)) < 0.2F);
    });
  }
}

TEST(quantization_keeps_fifteen_bits_and_every_set_has_the_same) {
  TestRandom random(9);
  for (const uint32_t columns : {16U, 32U, 40U, 2560U}) {
    std::vector<float> x = inputs(random, columns, 1, 50);
    x[columns / 2] = -50;
    const Quantized expected = quantized(head_kernels_for(KernelSet::scalar), x, columns, 1);
    for_each_set([&](const HeadKernels& kernels, const std::string& set) {
      const Quantized q = quantized(kernels, x, columns, 1);
      CHECK(q.high == expected.high && q.low == expected.low && q.sums == expected.sums && q.scales == expected.scales);
      int64_t sum = 0;
      for (size_t k = 0; k < q.high.size(); ++k) {
        const int value = 128 * q.high[k] + q.low[k];
        sum += value;
        const float x_k = k < columns ? x[k] : 0.0F;
        if (std::fabs(static_cast<float>(value) / q.scales[0] - x_k) > 0.501F / q.scales[0]) bitfleet::testing::fail(__FILE__, __LINE__, set);
      }
      int64_t told = 0;
      for (const int32_t part : q.sums) told += part;
      CHECK_EQUAL(told, sum);
    });
  }
}

TEST(zeros_and_tiny_inputs_are_no_trouble) {
  const std::vector<float> zeros(64);
  std::vector<float> tiny(64, 1e-30F);
  for_each_set([&](const HeadKernels& kernels, const std::string&) {
    for (const int8_t q : quantized(kernels, zeros, 64, 1).high) CHECK_EQUAL(int{q}, 0);
    for (const int8_t q : quantized(kernels, tiny, 64, 1).low) CHECK_EQUAL(int{q}, 0);
  });
}

TEST(weights_too_large_for_a_scale_are_refused_by_row) {
  TestRandom random(10);
  Matrix m = random_matrix(random, 20, 64);
  m.values[18 * 64 + 3] = 1e9F;
  ThreadTeam team(2);
  try {
    HeadWeights::round(m.view(), WeightQuant::q4_0, team);
    bitfleet::testing::fail(__FILE__, __LINE__, "it was taken");
  } catch (const ModelError& error) {
    CHECK(std::string(error.what()).find("row 18") != std::string::npos);
  }
}

}  // namespace
