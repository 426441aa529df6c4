#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quant/tensor_type.h"

namespace bitfleet::tools {

// Writes a GGUF v3 file front to back without seeking: metadata first, then all tensors declared, then their data as the
// generators produce it. For generated models and tests; throws ModelError io_error when the stream fails.
class GgufWriter {
 public:
  using Sink = std::function<void(std::span<const uint8_t>)>;

  void add_text(std::string_view key, std::string_view value);
  void add_u32(std::string_view key, uint32_t value);
  void add_f32(std::string_view key, float value);
  void add_bool(std::string_view key, bool value);
  void add_texts(std::string_view key, const std::vector<std::string>& values);
  void add_i32s(std::string_view key, const std::vector<int32_t>& values);
  void add_f32s(std::string_view key, const std::vector<float>& values);

  // `generate` is called once, while writing, and must hand the sink exactly the bytes of the tensor, in pieces of any size.
  void add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> dims, std::function<void(const Sink&)> generate);

  void write(std::ostream& out) const;

 private:
  struct Tensor {
    std::string name;
    TensorType type;
    std::vector<uint64_t> dims;
    uint64_t bytes;
    std::function<void(const Sink&)> generate;
  };

  void add_key(std::string_view key, uint32_t type);

  std::string entries_;
  uint64_t entry_count_ = 0;
  std::vector<Tensor> tensors_;
};

}  // namespace bitfleet::tools
