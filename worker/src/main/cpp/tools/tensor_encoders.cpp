#include "tools/tensor_encoders.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quant/half.h"

namespace bitfleet::tools {
namespace {

template <typename T>
void put(std::vector<uint8_t>& out, T value) {
  const size_t at = out.size();
  out.resize(at + sizeof value);
  std::memcpy(out.data() + at, &value, sizeof value);
}

void encode_i2_s(std::span<const uint8_t> codes, std::vector<uint8_t>& out) {
  size_t at = out.size();
  out.resize(at + codes.size() / 4);
  for (size_t start = 0; start < codes.size(); start += 128) {
    for (size_t p = 0; p < 32; p += 8, at += 8) {
      uint64_t packed = 0;
      for (size_t n = 0; n < 4; ++n) {
        uint64_t eight;
        std::memcpy(&eight, codes.data() + start + 32 * n + p, 8);
        packed |= eight << (6 - 2 * n);
      }
      std::memcpy(out.data() + at, &packed, 8);
    }
  }
}

void encode_tq2_0(std::span<const uint8_t> codes, std::span<const float> scales, std::vector<uint8_t>& out) {
  for (size_t start = 0; start < codes.size(); start += 256) {
    for (size_t half = 0; half < 256; half += 128) {
      for (size_t m = 0; m < 32; ++m) {
        const uint8_t* c = codes.data() + start + half + m;
        out.push_back(static_cast<uint8_t>(c[0] | c[32] << 2 | c[64] << 4 | c[96] << 6));
      }
    }
    put(out, float_to_half(scales[start / 256]));
  }
}

// A base-3 number of five digits becomes the byte whose fractions give the digits back: rounded up.
uint8_t trits_to_byte(const uint8_t* codes, size_t stride, size_t count) {
  uint32_t value = 0;
  for (size_t n = 0; n < 5; ++n) value = value * 3 + (n < count ? codes[n * stride] : 0);
  return static_cast<uint8_t>((value * 256 + 242) / 243);
}

void encode_tq1_0(std::span<const uint8_t> codes, std::span<const float> scales, std::vector<uint8_t>& out) {
  for (size_t start = 0; start < codes.size(); start += 256) {
    const uint8_t* c = codes.data() + start;
    for (size_t m = 0; m < 32; ++m) out.push_back(trits_to_byte(c + m, 32, 5));
    for (size_t m = 0; m < 16; ++m) out.push_back(trits_to_byte(c + 160 + m, 16, 5));
    for (size_t m = 0; m < 4; ++m) out.push_back(trits_to_byte(c + 240 + m, 4, 4));
    put(out, float_to_half(scales[start / 256]));
  }
}

float largest_of(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(value));
  return largest;
}

int quantized(float value, float scale, int low, int high) {
  return scale == 0 ? 0 : std::clamp(static_cast<int>(std::nearbyint(value / scale)), low, high);
}

void encode_q8_0(std::span<const float> values, std::vector<uint8_t>& out) {
  for (size_t k = 0; k < values.size(); k += 32) {
    const auto block = values.subspan(k, 32);
    const uint16_t half = float_to_half(largest_of(block) / 127);
    put(out, half);
    for (const float value : block) out.push_back(static_cast<uint8_t>(static_cast<int8_t>(quantized(value, half_to_float(half), -127, 127))));
  }
}

void encode_q4_0(std::span<const float> values, std::vector<uint8_t>& out) {
  for (size_t k = 0; k < values.size(); k += 32) {
    const auto block = values.subspan(k, 32);
    const uint16_t half = float_to_half(largest_of(block) / 7);
    const float scale = half_to_float(half);
    put(out, half);
    for (size_t j = 0; j < 16; ++j) {
      out.push_back(static_cast<uint8_t>((quantized(block[j], scale, -8, 7) + 8) | (quantized(block[16 + j], scale, -8, 7) + 8) << 4));
    }
  }
}

void encode_q6_k(std::span<const float> values, std::vector<uint8_t>& out) {
  for (size_t k = 0; k < values.size(); k += 256) {
    const auto block = values.subspan(k, 256);
    const uint16_t half = float_to_half(largest_of(block) / 31 / 127);
    const float scale = half_to_float(half);
    uint8_t bytes[210] = {};
    std::memcpy(bytes + 208, &half, 2);
    for (size_t g = 0; g < 16; ++g) {
      const int sub = std::max(1, quantized(largest_of(block.subspan(16 * g, 16)) / 31, scale, 1, 127));
      bytes[192 + g] = static_cast<uint8_t>(sub);
      for (size_t i = 16 * g; i < 16 * g + 16; ++i) {
        const auto q = static_cast<uint32_t>(quantized(block[i], scale * static_cast<float>(sub), -32, 31) + 32);
        const size_t part = i / 128;
        const size_t run = i % 128 / 32;
        const size_t l = i % 32;
        bytes[64 * part + 32 * (run & 1) + l] |= static_cast<uint8_t>((q & 15) << (run < 2 ? 0 : 4));
        bytes[128 + 32 * part + l] |= static_cast<uint8_t>(q >> 4 << (2 * run));
      }
    }
    out.insert(out.end(), bytes, bytes + sizeof bytes);
  }
}

}  // namespace

void encode_ternary_row(TensorType type, std::span<const uint8_t> codes, std::span<const float> scales, std::vector<uint8_t>& out) {
  switch (type) {
    case TensorType::tq1_0: encode_tq1_0(codes, scales, out); break;
    case TensorType::tq2_0: encode_tq2_0(codes, scales, out); break;
    default: encode_i2_s(codes, out); break;
  }
}

void i2_s_trailer(float scale, std::vector<uint8_t>& out) {
  put(out, scale);
  out.resize(out.size() + 28);
}

void encode_dense_row(TensorType type, std::span<const float> values, std::vector<uint8_t>& out) {
  switch (type) {
    case TensorType::f16: for (const float value : values) put(out, float_to_half(value)); break;
    case TensorType::bf16: for (const float value : values) put(out, float_to_bfloat16(value)); break;
    case TensorType::q8_0: encode_q8_0(values, out); break;
    case TensorType::q4_0: encode_q4_0(values, out); break;
    case TensorType::q6_k: encode_q6_k(values, out); break;
    default: for (const float value : values) put(out, value); break;
  }
}

}  // namespace bitfleet::tools
