#include <bit>
#include <cmath>
#include <cstring>
#include <sstream>

#include "check.h"
#include "model/model_error.h"
#include "quant/dense_weights.h"
#include "quant/half.h"
#include "quant/tensor_type.h"
#include "quant/ternary_codes.h"
#include "quant/ternary_weights.h"
#include "random_bytes.h"
#include "tools/tensor_encoders.h"

using namespace bitfleet;
using bitfleet::testing::TestRandom;

namespace {

GgufTensor tensor_of(const std::vector<uint8_t>& bytes, TensorType type, uint64_t columns, uint64_t rows) {
  GgufTensor tensor;
  tensor.name = "w";
  tensor.type = static_cast<uint32_t>(type);
  tensor.rank = 2;
  tensor.dims = {columns, rows, 1, 1};
  tensor.data = std::as_bytes(std::span(bytes));
  return tensor;
}

// Code of row r, column k in the packed layout, read from its definition.
uint32_t packed_code(const TernaryView& view, uint32_t r, uint32_t k) {
  const uint32_t v = k / 16, f = k / 4 % 4, j = k % 4;
  return view.packed[static_cast<size_t>(r / 16) * padded(view.columns) * 4 + 64 * v + 4 * (r % 16) + j] >> (2 * f) & 3;
}

ModelErrorCode repack_error(const std::vector<uint8_t>& bytes, TensorType type, uint64_t columns, uint64_t rows) {
  ThreadTeam team(2);
  try {
    TernaryWeights::repack(tensor_of(bytes, type, columns, rows), I2sBlock::x86_128, TernaryLayout::two_bit, team);
  } catch (const ModelError& error) {
    return error.code();
  }
  return ModelErrorCode::io_error;
}

}  // namespace

TEST(an_i2_s_block_has_its_weights_where_bitnet_cpp_puts_them) {
  std::vector<uint8_t> row(32, 0x55);  // all codes 1
  row[3] = 0x92;                       // 10 01 00 10: weights 3, 35, 67, 99 are +1, 0, -1, +1
  uint8_t codes[128];
  CHECK(decode_i2_s(reinterpret_cast<const std::byte*>(row.data()), 128, 128, codes));
  for (int k = 0; k < 128; ++k) CHECK_EQUAL(k == 3 || k == 99 ? 2 : k == 67 ? 0 : 1, static_cast<int>(codes[k]));
  CHECK(decode_i2_s(reinterpret_cast<const std::byte*>(row.data()), 128, 64, codes));  // the order of ARM builds
  for (int k = 0; k < 128; ++k) CHECK_EQUAL(k == 3 || k == 51 ? 2 : k == 35 ? 0 : 1, static_cast<int>(codes[k]));
  row[31] = 0x5C;
  CHECK(!decode_i2_s(reinterpret_cast<const std::byte*>(row.data()), 128, 128, codes));
}

// Bytes and expectations worked out by hand from the published layout.
TEST(tq1_0_and_tq2_0_blocks_decode_to_hand_made_values) {
  std::vector<uint8_t> tq2(66, 0x55);
  tq2[0] = 0x24;   // weights 0, 32, 64, 96: 0, 1, 2, 0
  tq2[32] = 0x02;  // weights 128, 160, 192, 224: 2, 0, 0, 0
  tq2[64] = 0x00, tq2[65] = 0x38;  // 0.5
  uint8_t codes[256];
  float scale = 0;
  CHECK(decode_tq2_0(reinterpret_cast<const std::byte*>(tq2.data()), 256, codes, &scale));
  CHECK_EQUAL(0.5F, scale);
  for (int k = 0; k < 256; ++k) {
    const int expected = k == 0 || k == 96 || k == 160 || k == 192 || k == 224 ? 0 : k == 64 || k == 128 ? 2 : 1;
    CHECK_EQUAL(expected, static_cast<int>(codes[k]));
  }
  tq2[63] = 0x30;
  CHECK(!decode_tq2_0(reinterpret_cast<const std::byte*>(tq2.data()), 256, codes, &scale));

  std::vector<uint8_t> tq1(54, 0x80);  // 121.5 · 256 / 243: all ones, 11111 in base 3 = 121 -> 128
  tq1[0] = 0;                          // 00000
  tq1[1] = 255;                        // 22222 = 242 -> 254.9
  tq1[52] = 0x00, tq1[53] = 0x3C;      // 1.0
  CHECK(decode_tq1_0(reinterpret_cast<const std::byte*>(tq1.data()), 256, codes, &scale));
  CHECK_EQUAL(1.0F, scale);
  for (int k = 0; k < 160; ++k) CHECK_EQUAL(k % 32 == 0 ? 0 : k % 32 == 1 ? 2 : 1, static_cast<int>(codes[k]));
  for (int k = 160; k < 256; ++k) CHECK_EQUAL(1, static_cast<int>(codes[k]));
}

TEST(every_ternary_format_repacks_to_the_same_weights) {
  TestRandom random(bitfleet::testing::announced_seed("repack", 51));
  const uint32_t columns = 512, rows = 37;
  std::vector<std::vector<uint8_t>> codes(rows, std::vector<uint8_t>(columns));
  for (auto& row : codes) for (uint8_t& code : row) code = static_cast<uint8_t>(random.below(3));
  for (const TensorType type : {TensorType::i2_s, TensorType::tq1_0, TensorType::tq2_0}) {
    for (const bool many_scales : {false, true}) {
      std::vector<uint8_t> bytes;
      std::vector<float> all_scales;
      for (uint32_t r = 0; r < rows; ++r) {
        std::vector<float> scales(2, 0.25F);
        if (many_scales) scales = {0.25F + 0.25F * static_cast<float>(r % 3), 1.5F};
        all_scales.insert(all_scales.end(), scales.begin(), scales.end());
        tools::encode_ternary_row(type, codes[r], scales, bytes);
      }
      if (type == TensorType::i2_s) tools::i2_s_trailer(0.25F, bytes);
      CHECK_EQUAL(*tensor_bytes(type, columns, columns * rows), bytes.size());
      ThreadTeam team(3);
      const TernaryWeights weights = TernaryWeights::repack(tensor_of(bytes, type, columns, rows), I2sBlock::x86_128, TernaryLayout::two_bit, team);
      const TernaryView view = weights.view();
      for (uint32_t r = 0; r < rows; ++r) {
        for (uint32_t k = 0; k < columns; ++k) CHECK_EQUAL(static_cast<uint32_t>(codes[r][k]), packed_code(view, r, k));
      }
      if (type == TensorType::i2_s || !many_scales) {
        CHECK(view.block_scales == nullptr);
        CHECK_EQUAL(0.25F, view.scale);
      } else {
        CHECK_EQUAL(1.0F, view.scale);
        for (uint32_t r = 0; r < rows; ++r) {
          for (uint32_t b = 0; b < 2; ++b) CHECK_EQUAL(all_scales[2 * r + b], view.block_scales[(r / 16 * 2 + b) * 16 + r % 16]);
        }
      }
    }
  }
}

TEST(a_block_with_scale_zero_holds_zeros_and_does_not_spoil_the_common_scale) {
  std::vector<uint8_t> codes(256, 2);
  std::vector<uint8_t> bytes;
  tools::encode_ternary_row(TensorType::tq2_0, codes, std::vector<float>{0.0F}, bytes);
  tools::encode_ternary_row(TensorType::tq2_0, codes, std::vector<float>{0.75F}, bytes);
  ThreadTeam team(1);
  const TernaryWeights weights = TernaryWeights::repack(tensor_of(bytes, TensorType::tq2_0, 256, 2), I2sBlock::x86_128, TernaryLayout::two_bit, team);
  CHECK(!weights.has_block_scales());
  CHECK_EQUAL(0.75F, weights.view().scale);
  CHECK_EQUAL(1U, packed_code(weights.view(), 0, 100));
  CHECK_EQUAL(2U, packed_code(weights.view(), 1, 100));
}

TEST(damaged_ternary_tensors_are_refused) {
  std::vector<uint8_t> codes(256, 1);
  std::vector<uint8_t> good;
  tools::encode_ternary_row(TensorType::i2_s, codes, {}, good);
  tools::i2_s_trailer(1.0F, good);
  CHECK(repack_error(good, TensorType::i2_s, 256, 1) == ModelErrorCode::io_error);  // accepted
  std::vector<uint8_t> bad = good;
  bad[17] = 0xC0;
  CHECK(repack_error(bad, TensorType::i2_s, 256, 1) == ModelErrorCode::bad_file);
  for (const float scale : {0.0F, -1.0F, NAN, INFINITY}) {
    bad = good;
    std::memcpy(bad.data() + 64, &scale, 4);
    CHECK(repack_error(bad, TensorType::i2_s, 256, 1) == ModelErrorCode::bad_file);
  }
  CHECK(repack_error(good, TensorType::i2_s, 64, 4) == ModelErrorCode::unsupported_model);
  std::vector<uint8_t> infinite;
  tools::encode_ternary_row(TensorType::tq1_0, codes, std::vector<float>{INFINITY}, infinite);
  CHECK(repack_error(infinite, TensorType::tq1_0, 256, 1) == ModelErrorCode::bad_file);
}

TEST(dense_formats_come_back_within_their_precision) {
  TestRandom random(bitfleet::testing::announced_seed("dense formats", 52));
  const uint32_t columns = 512, rows = 5;
  std::vector<float> values(columns);
  for (float& value : values) value = random.uniform();
  struct Precision {
    TensorType type;
    float error;
  };
  for (const Precision p : {Precision{TensorType::f32, 0}, {TensorType::f16, 2.5e-4F}, {TensorType::bf16, 2e-3F}, {TensorType::q8_0, 4.5e-3F}, {TensorType::q6_k, 0.02F}, {TensorType::q4_0, 0.08F}}) {
    std::vector<uint8_t> bytes;
    for (uint32_t r = 0; r < rows; ++r) tools::encode_dense_row(p.type, values, bytes);
    CHECK_EQUAL(*tensor_bytes(p.type, columns, columns * rows), bytes.size());
    ThreadTeam team(2);
    const DenseWeights weights = DenseWeights::copy(tensor_of(bytes, p.type, columns, rows), team);
    std::vector<float> row(columns);
    kernels_for(KernelSet::scalar).expand_row(weights.view(), rows - 1, row.data());
    for (uint32_t k = 0; k < columns; ++k) CHECK(std::fabs(row[k] - values[k]) <= p.error);
  }
}

// Blocks worked out by hand from the published layouts.
TEST(q4_0_and_q6_k_blocks_decode_to_hand_made_values) {
  std::vector<uint8_t> q4(18, 0x88);
  q4[0] = 0x00, q4[1] = 0x40;  // 2.0
  q4[2] = 0xF0;                // weight 0: -8, weight 16: +7
  ThreadTeam team(1);
  std::vector<float> row(256);
  kernels_for(KernelSet::scalar).expand_row(DenseWeights::copy(tensor_of(q4, TensorType::q4_0, 32, 1), team).view(), 0, row.data());
  for (int k = 0; k < 32; ++k) CHECK_EQUAL(k == 0 ? -16.0F : k == 16 ? 14.0F : 0.0F, row[static_cast<size_t>(k)]);

  std::vector<uint8_t> q6(210, 0);
  for (int i = 0; i < 64; ++i) q6[static_cast<size_t>(128 + i)] = 0xAA;  // high bits 10: every weight 32 - 32 = 0
  for (int g = 0; g < 16; ++g) q6[static_cast<size_t>(192 + g)] = static_cast<uint8_t>(g + 1);
  q6[208] = 0x00, q6[209] = 0x38;  // 0.5
  q6[5] = 0x21;                    // weight 5: +1 (sub-scale 1), weight 69: +2 (sub-scale 5)
  q6[64 + 32 + 20] = 0xF0;         // weight 128 + 116: +15 (sub-scale 16)
  q6[192 + 4] = 0xFF;              // sub-scale of weights 64..79 is -1
  kernels_for(KernelSet::scalar).expand_row(DenseWeights::copy(tensor_of(q6, TensorType::q6_k, 256, 1), team).view(), 0, row.data());
  for (int k = 0; k < 256; ++k) CHECK_EQUAL(k == 5 ? 0.5F : k == 69 ? -1.0F : k == 244 ? 120.0F : 0.0F, row[static_cast<size_t>(k)]);
}

TEST(half_floats_convert_exactly_and_round_to_even) {
  CHECK_EQUAL(1.0F, half_to_float(0x3C00));
  CHECK_EQUAL(-2.0F, half_to_float(0xC000));
  CHECK_EQUAL(65504.0F, half_to_float(0x7BFF));
  CHECK_EQUAL(0x1p-24F, half_to_float(0x0001));
  CHECK(std::isinf(half_to_float(0x7C00)));
  CHECK(std::isnan(half_to_float(0x7E01)));
  for (uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    CHECK_EQUAL(half, float_to_half(half_to_float(half)));
    const double middle = (static_cast<double>(half_to_float(half)) + (bits + 1 < 0x7C00 ? static_cast<double>(half_to_float(static_cast<uint16_t>(bits + 1))) : 65536.0)) / 2;
    const auto even = static_cast<uint16_t>(bits % 2 == 0 ? bits : bits + 1);
    CHECK_EQUAL(even, float_to_half(static_cast<float>(middle)));
  }
  CHECK_EQUAL(0x3F80, float_to_bfloat16(1.0F));
  CHECK_EQUAL(0x3F80, float_to_bfloat16(1.00390625F));  // a tie, to even
  CHECK_EQUAL(0x3F82, float_to_bfloat16(1.01171875F));
}
