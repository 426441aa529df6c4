#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bitfleet {

// Element types of GGUF tensors that this engine reads. The values are ggml's type ids.
enum class TensorType : uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,    // 32 weights: f16 scale, 16 bytes; byte j holds weight j (low) and 16 + j (high), minus 8
  q8_0 = 8,    // 32 weights: f16 scale, 32 signed bytes
  q6_k = 14,   // 256 weights: low 4 bits, high 2 bits, 16 signed sub-scales, f16 scale
  bf16 = 30,
  tq1_0 = 34,  // 256 ternary weights: base 3, five to a byte, f16 scale
  tq2_0 = 35,  // 256 ternary weights: 2 bits each, f16 scale
  i2_s = 36    // ternary, 2 bits each, one f32 scale behind the whole tensor (Microsoft's bitnet.cpp)
};

// nullopt for an id outside the enum.
std::optional<TensorType> tensor_type(uint32_t id);

std::string_view to_string(TensorType type);
std::string describe_tensor_type(uint32_t id);  // "q6_k", or "type 21" for an unknown id

// Elements that a row must be a multiple of.
uint32_t block_elements(TensorType type);

// Bytes of a tensor of this type; nullopt when row_length is not a multiple of block_elements (for i2_s: when the
// element count is not a multiple of 4) or the size exceeds 2^62. `elements` is a multiple of `row_length`.
std::optional<uint64_t> tensor_bytes(TensorType type, uint64_t row_length, uint64_t elements);

constexpr bool is_ternary(TensorType type) {
  return type == TensorType::i2_s || type == TensorType::tq1_0 || type == TensorType::tq2_0;
}

}  // namespace bitfleet
