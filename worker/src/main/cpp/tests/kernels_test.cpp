// Every kernel set against straightforward loops written from the comments of kernels.h, bit for bit.

#include "kernels/kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <vector>

#include "check.h"
#include "quant/half.h"
#include "random_bytes.h"

using namespace bitfleet;
using bitfleet::testing::TestRandom;

namespace {

void check_same_bits(const std::vector<float>& expected, const std::vector<float>& actual, const std::string& what) {
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::bit_cast<uint32_t>(expected[i]) != std::bit_cast<uint32_t>(actual[i])) {
      bitfleet::testing::fail(__FILE__, __LINE__, what + ": element " + std::to_string(i) + " is " + std::to_string(actual[i]) + ", not " + std::to_string(expected[i]));
    }
  }
}

void for_each_set(const std::function<void(const Kernels&, const std::string&)>& body) {
  for (const KernelSet set : runnable_kernel_sets()) body(kernels_for(set), std::string(to_string(set)));
}

// 16 partial sums over index mod 16, then the tree.
template <typename Real>
Real sum_in_lanes(const std::vector<Real>& terms) {
  Real sums[16] = {};
  for (size_t i = 0; i < terms.size(); ++i) sums[i % 16] += terms[i];
  for (int half = 8; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) sums[l] += sums[l + half];
  }
  return sums[0];
}

std::vector<float> random_floats(TestRandom& random, size_t count, float size) {
  std::vector<float> values(count);
  for (float& value : values) value = random.uniform() * size;
  return values;
}

}  // namespace

// ---- other products ------------------------------------------------------------------------------------------------

TEST(dense_products_follow_the_one_order_of_summation) {
  TestRandom random(bitfleet::testing::announced_seed("dense products", 21));
  struct Format {
    DenseFormat format;
    uint32_t group;
  };
  for (const Format f : {Format{DenseFormat::f32, 0}, {DenseFormat::f16, 0}, {DenseFormat::bf16, 0}, {DenseFormat::int8_groups, 16}, {DenseFormat::int8_groups, 32}}) {
    for (const uint32_t columns : {32U, 96U, 100U, 256U, 640U}) {
      if (f.group != 0 && columns % f.group != 0) continue;
      for (const uint32_t tokens : {1U, 2U, 3U, 4U, 7U}) {
        const uint32_t rows = 11;
        const uint32_t width = padded(columns);
        std::vector<float> weights(static_cast<size_t>(rows) * width);
        std::vector<float> f32(weights.size());
        std::vector<uint16_t> halves(weights.size());
        std::vector<int8_t> bytes(weights.size());
        std::vector<float> scales(f.group == 0 ? 0 : weights.size() / f.group);
        for (float& scale : scales) scale = random.uniform();
        for (uint32_t r = 0; r < rows; ++r) {
          for (uint32_t k = 0; k < columns; ++k) {
            const size_t i = static_cast<size_t>(r) * width + k;
            const float value = random.uniform();
            switch (f.format) {
              case DenseFormat::f32: f32[i] = weights[i] = value; break;
              case DenseFormat::f16: weights[i] = half_to_float(halves[i] = float_to_half(value)); break;
              case DenseFormat::bf16: weights[i] = bfloat16_to_float(halves[i] = float_to_bfloat16(value)); break;
              case DenseFormat::int8_groups:
                bytes[i] = static_cast<int8_t>(random.below(256));
                weights[i] = static_cast<float>(bytes[i]) * scales[i / f.group];
                break;
            }
          }
        }
        const uint64_t stride = width + 16;
        std::vector<float> x(tokens * stride);
        for (uint32_t t = 0; t < tokens; ++t) {
          for (uint32_t k = 0; k < columns; ++k) x[t * stride + k] = random.uniform() * 3;
        }
        std::vector<float> expected(tokens * rows);
        for (uint32_t t = 0; t < tokens; ++t) {
          for (uint32_t r = 0; r < rows; ++r) {
            std::vector<float> terms(width);
            for (uint32_t k = 0; k < width; ++k) terms[k] = weights[static_cast<size_t>(r) * width + k] * x[t * stride + k];
            expected[t * rows + r] = sum_in_lanes(terms) * 1.5F;
          }
        }
        const void* values = f.format == DenseFormat::f32           ? static_cast<const void*>(f32.data())
                             : f.format == DenseFormat::int8_groups ? static_cast<const void*>(bytes.data())
                                                                    : static_cast<const void*>(halves.data());
        const DenseView w{f.format, values, scales.empty() ? nullptr : scales.data(), f.group, 1.5F, rows, columns};
        for_each_set([&](const Kernels& kernels, const std::string& name) {
          std::vector<float> actual(expected.size());
          kernels.dense_matmul(w, x.data(), stride, tokens, 0, 5, actual.data(), rows);
          kernels.dense_matmul(w, x.data(), stride, tokens, 5, rows, actual.data(), rows);
          check_same_bits(expected, actual, name + " dense");
          std::vector<float> row(width);
          kernels.expand_row(w, 3, row.data());
          for (uint32_t k = 0; k < width; ++k) CHECK_EQUAL(weights[3 * width + k] * 1.5F, row[k]);
        });
      }
    }
  }
}

// ---- one token -----------------------------------------------------------------------------------------------------

namespace {

void check_quantize(const std::vector<float>& values) {
  const auto columns = static_cast<uint32_t>(values.size());
  std::vector<float> x(padded(columns));
  std::copy(values.begin(), values.end(), x.begin());
  double largest = 0.00001;
  for (const float value : values) largest = std::max(largest, static_cast<double>(std::fabs(value)));
  const auto scale = static_cast<float>(127 / largest);
  std::vector<int8_t> expected(x.size());
  std::vector<int32_t> block_sums(scale_blocks(columns));
  int32_t sum = 0;
  for (size_t k = 0; k < x.size(); ++k) {
    expected[k] = static_cast<int8_t>(std::clamp(static_cast<int>(std::nearbyint(x[k] * scale)), -128, 127));  // ties to even
    sum += expected[k];
    block_sums[k / scale_block] += expected[k];
  }
  for_each_set([&](const Kernels& kernels, const std::string&) {
    {
      std::vector<int8_t> quantized(quantized_stride(columns), 99);
      float actual_scale = 0;
      int32_t actual_sum = 0;
      std::vector<int32_t> actual_blocks(block_sums.size());
      kernels.quantize(x.data(), columns, quantized.data(), &actual_scale, &actual_sum, actual_blocks.data());
      CHECK_EQUAL(scale, actual_scale);
      CHECK_EQUAL(sum, actual_sum);
      CHECK(block_sums == actual_blocks);
      for (size_t k = 0; k < quantized.size(); ++k) CHECK_EQUAL(static_cast<int>(k < x.size() ? expected[k] : 0), static_cast<int>(quantized[k]));
    }
  });
}

}  // namespace

TEST(quantization_rounds_to_even_and_clamps_like_bitnet_cpp) {
  TestRandom random(bitfleet::testing::announced_seed("quantization", 31));
  for (const size_t length : {16U, 100U, 256U, 300U, 2560U, 6912U}) {
    for (const float size : {1e-7F, 1e-3F, 1.0F, 1e4F, 1e30F}) check_quantize(random_floats(random, length, size));
  }
  std::vector<float> ties(256);
  for (size_t i = 0; i < ties.size(); ++i) ties[i] = (static_cast<float>(i) - 128) / 2;
  ties[0] = 127;
  check_quantize(ties);
  check_quantize(std::vector<float>(64, 0.0F));
  check_quantize(std::vector<float>(64, -3.5F));
}

TEST(norms_follow_the_one_order_of_summation) {
  TestRandom random(32);
  for (const uint32_t length : {16U, 100U, 2560U}) {
    std::vector<float> x(padded(length));
    std::vector<float> weight(padded(length));
    for (uint32_t i = 0; i < length; ++i) {
      x[i] = random.uniform() * 20;
      weight[i] = random.uniform();
    }
    std::vector<double> squares(x.size());
    for (size_t i = 0; i < x.size(); ++i) squares[i] = static_cast<double>(x[i]) * x[i];
    const float mean = static_cast<float>(sum_in_lanes(squares) / length);
    const float scale = 1.0F / std::sqrt(mean + 1e-5F);
    std::vector<float> expected(x.size());
    for (size_t i = 0; i < x.size(); ++i) expected[i] = x[i] * scale * weight[i];
    for_each_set([&](const Kernels& kernels, const std::string& name) {
      std::vector<float> actual(x.size());
      kernels.rms_norm(x.data(), weight.data(), length, 1e-5F, actual.data());
      check_same_bits(expected, actual, name + " norm");
      actual = x;
      kernels.rms_norm(actual.data(), weight.data(), length, 1e-5F, actual.data());
      check_same_bits(expected, actual, name + " norm in place");
    });
  }
}

TEST(gates_agree_in_every_set_and_with_the_math_library) {
  TestRandom random(33);
  std::vector<float> gate = random_floats(random, 4096, 100);
  const std::vector<float> up = random_floats(random, 4096, 4);
  gate[0] = 0;
  gate[1] = -1000;
  gate[2] = 1000;
  gate[3] = -87.5F;
  std::vector<float> scalar(gate.size());
  kernels_for(KernelSet::scalar).gate_silu(gate.data(), up.data(), 4096, scalar.data());
  for (size_t i = 0; i < gate.size(); ++i) {
    const double exact = gate[i] / (1 + std::exp(-static_cast<double>(gate[i]))) * up[i];
    CHECK(std::fabs(scalar[i] - exact) <= 4e-7 * std::fabs(exact) + 1e-30);
  }
  for_each_set([&](const Kernels& kernels, const std::string& name) {
    std::vector<float> actual(gate.size());
    kernels.gate_silu(gate.data(), up.data(), 4096, actual.data());
    check_same_bits(scalar, actual, name + " silu");
    std::vector<float> squared(gate.size());
    for (size_t i = 0; i < gate.size(); ++i) squared[i] = std::max(gate[i], 0.0F) * std::max(gate[i], 0.0F) * up[i];
    kernels.gate_relu_squared(gate.data(), up.data(), 4096, actual.data());
    check_same_bits(squared, actual, name + " relu squared");
  });
}

TEST(half_conversion_is_that_of_the_hardware_for_every_value) {
  for_each_set([&](const Kernels& kernels, const std::string&) {
    std::vector<uint16_t> all(1 << 16);
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
    const DenseView w{DenseFormat::f16, all.data(), nullptr, 0, 1.0F, 1, 1 << 16};
    std::vector<float> wide(all.size());
    kernels.expand_row(w, 0, wide.data());
    for (size_t i = 0; i < all.size(); ++i) {
      if (!std::isnan(wide[i])) CHECK_EQUAL(std::bit_cast<uint32_t>(half_to_float(all[i])), std::bit_cast<uint32_t>(wide[i]));
      else CHECK(std::isnan(half_to_float(all[i])));
    }
    TestRandom random(34);
    std::vector<float> values(1 << 16);
    for (float& value : values) value = std::bit_cast<float>(static_cast<uint32_t>(random.next()));
    for (size_t i = 0; i < 2048; ++i) values[i] = (static_cast<float>(i) + 0.5F) * 0x1p-25F;  // ties among subnormals
    std::vector<uint16_t> halves(values.size());
    kernels.to_halves(values.data(), 1 << 16, halves.data());
    for (size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      CHECK_EQUAL(float_to_half(std::clamp(values[i], -65504.0F, 65504.0F)), halves[i]);
    }
  });
}

// ---- attention -----------------------------------------------------------------------------------------------------

namespace {

// A cache of one head and layer in pages that lie in no order, and a second reading of it, position by position.
struct PagedHead {
  PagedHead(TestRandom& random, uint32_t head_dim, uint32_t context, uint32_t filled) : head_dim(head_dim) {
    const uint32_t count = (context + kv_page - 1) / kv_page;
    page_stride = static_cast<uint64_t>(kv_page) * (head_dim + padded(head_dim)) + 64;
    const uint16_t not_a_number = 0x7E00;
    cache.assign(page_stride * (count + 2), not_a_number);
    pages.resize(count + 2);
    std::iota(pages.begin(), pages.end(), 0U);
    for (size_t i = pages.size(); i > 1; --i) std::swap(pages[i - 1], pages[random.below(i)]);
    pages.resize(count);
    for (uint32_t p = 0; p < context; ++p) {
      for (uint32_t d = 0; d < head_dim; ++d) {
        if (p < filled) *key(p, d) = float_to_half(random.uniform());
        if (p < filled) *value(p, d) = float_to_half(random.uniform());
      }
      for (uint32_t d = head_dim; d < padded(head_dim); ++d) *value(p, d) = 0;
    }
  }
  uint16_t* page_of(uint32_t position) { return cache.data() + pages[position / kv_page] * page_stride; }
  uint16_t* key(uint32_t position, uint32_t d) { return page_of(position) + d * kv_page + position % kv_page; }
  uint16_t* value(uint32_t position, uint32_t d) {
    return page_of(position) + head_dim * kv_page + (position % kv_page) * padded(head_dim) + d;
  }

  uint32_t head_dim;
  uint64_t page_stride;
  std::vector<uint32_t> pages;
  std::vector<uint16_t> cache;
};

// All `heads` heads of all tokens, `at_once` tokens to a call.
struct Attended {
  Attended(const Kernels& kernels, PagedHead& head, const std::vector<float>& queries, uint32_t heads, const std::vector<uint32_t>& positions, uint32_t at_once) {
    const uint64_t row = static_cast<uint64_t>(heads) * head.head_dim;
    stride = head.pages.size() * kv_page;
    scores.assign(positions.size() * heads * stride, 0);
    out.assign(positions.size() * row, 0);
    std::vector<float> sums(attention_tokens * attention_heads * padded(head.head_dim), 9.0F);
    std::vector<float> page(kv_page * padded(head.head_dim));
    for (uint32_t t = 0; t < positions.size(); t += at_once) {
      const auto count = static_cast<uint32_t>(std::min<size_t>(at_once, positions.size() - t));
      kernels.attend({queries.data() + t * row, row, KvQuant::none, reinterpret_cast<const uint8_t*>(head.cache.data()), head.pages.data(), head.page_stride * sizeof(uint16_t), count, heads, head.head_dim,
                      positions.data() + t, 1.0F / std::sqrt(static_cast<float>(head.head_dim)), scores.data() + t * heads * stride, stride,
                      sums.data(), page.data(), out.data() + t * row, row});
    }
  }
  uint64_t stride;
  std::vector<float> scores;  // [tokens][heads][stride]
  std::vector<float> out;     // [tokens][heads][head_dim]
};

}  // namespace

TEST(attention_follows_its_stated_orders_and_ignores_what_lies_beyond) {
  TestRandom random(bitfleet::testing::announced_seed("attention", 41));
  for (const uint32_t head_dim : {8U, 64U, 96U, 100U, 128U}) {
    for (const uint32_t heads : {1U, 2U, 3U, 4U}) {
      for (const uint32_t positions : {1U, 15U, 16U, 17U, 32U, 33U, 100U, 257U}) {
        PagedHead head(random, head_dim, 300, positions);
        const std::vector<float> queries = random_floats(random, static_cast<size_t>(heads) * head_dim, 4);
        const float scale = 1.0F / std::sqrt(static_cast<float>(head_dim));
        std::vector<float> first;
        for_each_set([&](const Kernels& kernels, const std::string& name) {
          const Attended result(kernels, head, queries, heads, {positions}, 1);
          // The scores now hold exp(score - largest); the output must be their weighted mean, summed in ascending order.
          for (uint32_t h = 0; h < heads; ++h) {
            const float* weights = result.scores.data() + h * result.stride;
            double exact_sum = 0;
            std::vector<double> exact(positions);
            double largest = -1e300;
            for (uint32_t p = 0; p < positions; ++p) {
              for (uint32_t d = 0; d < head_dim; ++d) {
                exact[p] += static_cast<double>(queries[static_cast<size_t>(h) * head_dim + d]) * half_to_float(*head.key(p, d));
              }
              largest = std::max(largest, exact[p] *= static_cast<double>(scale));
            }
            for (uint32_t p = 0; p < positions; ++p) {
              exact_sum += exact[p] = std::exp(exact[p] - largest);
              CHECK(std::fabs(exact[p] - weights[p]) < 2e-6);
            }
            for (uint32_t p = positions; p < padded(positions); ++p) CHECK_EQUAL(0.0F, weights[p]);
            const float inverse = 1.0F / sum_in_lanes(std::vector<float>(weights, weights + padded(positions)));
            CHECK(std::fabs(1.0 / inverse - exact_sum) < 1e-4 * exact_sum);
            for (uint32_t d = 0; d < head_dim; ++d) {
              float sum = 0;
              for (uint32_t p = 0; p < positions; ++p) sum += weights[p] * half_to_float(*head.value(p, d));
              CHECK_EQUAL(sum * inverse, result.out[static_cast<size_t>(h) * head_dim + d]);
            }
          }
          if (first.empty()) first = result.out;
          check_same_bits(first, result.out, name + " attention");
        });
      }
    }
  }
}

TEST(a_head_gets_the_same_bits_alone_and_in_company) {
  TestRandom random(42);
  for (const uint32_t head_dim : {64U, 100U}) {
    PagedHead head(random, head_dim, 140, 131);
    const std::vector<uint32_t> positions{29, 30, 31, 32, 33, 34, 64, 65, 1, 2, 96, 97, 129, 130, 131};
    const std::vector<float> queries = random_floats(random, positions.size() * 4 * head_dim, 4);
    std::vector<float> first;
    for_each_set([&](const Kernels& kernels, const std::string& name) {
      const Attended alone(kernels, head, queries, 4, positions, 1);
      if (first.empty()) first = alone.out;
      check_same_bits(first, alone.out, name);
      for (const uint32_t at_once : {2U, 3U, attention_tokens}) {
        const Attended together(kernels, head, queries, 4, positions, at_once);
        check_same_bits(alone.out, together.out, name);
      }
      std::vector<float> single;
      for (size_t t = 0; t < positions.size(); ++t) {
        for (uint32_t h = 0; h < 4; ++h) {
          const auto begin = queries.begin() + static_cast<ptrdiff_t>((t * 4 + h) * head_dim);
          const Attended one(kernels, head, std::vector<float>(begin, begin + head_dim), 1, {positions[t]}, 1);
          single.insert(single.end(), one.out.begin(), one.out.end());
        }
      }
      check_same_bits(alone.out, single, name);
    });
  }
}

TEST(a_kernel_set_the_machine_lacks_is_refused_and_names_round_trip) {
  CHECK(runnable_kernel_sets().front() == KernelSet::scalar);
  for (const KernelSet set : {KernelSet::automatic, KernelSet::scalar, KernelSet::avx2, KernelSet::avx512vnni, KernelSet::amx, KernelSet::neon}) CHECK(parse_kernel_set(to_string(set)) == set);
  CHECK(!parse_kernel_set("sse9"));
  CHECK(kernels_for(KernelSet::automatic).set == best_kernel_set());
}
