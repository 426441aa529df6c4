#include "quant/tensor_type.h"

namespace bitfleet {
namespace {

struct Shape {
  TensorType type;
  std::string_view name;
  uint32_t block_elements;
  uint32_t block_bytes;
  uint32_t trailer_bytes;
};

// I2_S has a row unit of 128 for our kernels, but its size depends on the element count alone.
constexpr Shape shapes[] = {
    {TensorType::f32, "f32", 1, 4, 0},        {TensorType::f16, "f16", 1, 2, 0},
    {TensorType::q4_0, "q4_0", 32, 18, 0},    {TensorType::q8_0, "q8_0", 32, 34, 0},
    {TensorType::q6_k, "q6_k", 256, 210, 0},  {TensorType::bf16, "bf16", 1, 2, 0},
    {TensorType::tq1_0, "tq1_0", 256, 54, 0}, {TensorType::tq2_0, "tq2_0", 256, 66, 0},
    {TensorType::i2_s, "i2_s", 4, 1, 32},
};

const Shape& shape_of(TensorType type) {
  for (const Shape& shape : shapes) {
    if (shape.type == type) return shape;
  }
  return shapes[0];  // unreachable: the enum has no other values
}

}  // namespace

std::optional<TensorType> tensor_type(uint32_t id) {
  for (const Shape& shape : shapes) {
    if (static_cast<uint32_t>(shape.type) == id) return shape.type;
  }
  return std::nullopt;
}

std::string_view to_string(TensorType type) { return shape_of(type).name; }

std::string describe_tensor_type(uint32_t id) {
  const auto known = tensor_type(id);
  return known ? std::string(to_string(*known)) : "type " + std::to_string(id);
}

uint32_t block_elements(TensorType type) {
  return type == TensorType::i2_s ? 128 : shape_of(type).block_elements;
}

std::optional<uint64_t> tensor_bytes(TensorType type, uint64_t row_length, uint64_t elements) {
  const Shape& shape = shape_of(type);
  const uint64_t unit = type == TensorType::i2_s ? elements : row_length;
  if (unit % shape.block_elements != 0) return std::nullopt;
  const uint64_t blocks = elements / shape.block_elements;
  constexpr uint64_t limit = uint64_t{1} << 62;
  if (blocks > (limit - shape.trailer_bytes) / shape.block_bytes) return std::nullopt;
  return blocks * shape.block_bytes + shape.trailer_bytes;
}

}  // namespace bitfleet
