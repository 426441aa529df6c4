#include "tools/gguf_writer.h"

#include <stdexcept>

#include "gguf/gguf_value.h"
#include "model/model_error.h"

namespace bitfleet::tools {
namespace {

constexpr uint64_t alignment = 32;

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<uint64_t>(out, text.size());
  out.append(text);
}

constexpr uint64_t aligned(uint64_t offset) { return (offset + alignment - 1) / alignment * alignment; }

}  // namespace

void GgufWriter::add_key(std::string_view key, uint32_t type) {
  put_text(entries_, key);
  put<uint32_t>(entries_, type);
  ++entry_count_;
}

void GgufWriter::add_text(std::string_view key, std::string_view value) {
  add_key(key, static_cast<uint32_t>(GgufType::string));
  put_text(entries_, value);
}

void GgufWriter::add_u32(std::string_view key, uint32_t value) {
  add_key(key, static_cast<uint32_t>(GgufType::u32));
  put(entries_, value);
}

void GgufWriter::add_f32(std::string_view key, float value) {
  add_key(key, static_cast<uint32_t>(GgufType::f32));
  put(entries_, value);
}

void GgufWriter::add_bool(std::string_view key, bool value) {
  add_key(key, static_cast<uint32_t>(GgufType::boolean));
  put<uint8_t>(entries_, value ? 1 : 0);
}

void GgufWriter::add_texts(std::string_view key, const std::vector<std::string>& values) {
  add_key(key, static_cast<uint32_t>(GgufType::array));
  put(entries_, static_cast<uint32_t>(GgufType::string));
  put<uint64_t>(entries_, values.size());
  for (const std::string& value : values) put_text(entries_, value);
}

void GgufWriter::add_i32s(std::string_view key, const std::vector<int32_t>& values) {
  add_key(key, static_cast<uint32_t>(GgufType::array));
  put(entries_, static_cast<uint32_t>(GgufType::i32));
  put<uint64_t>(entries_, values.size());
  for (const int32_t value : values) put(entries_, value);
}

void GgufWriter::add_f32s(std::string_view key, const std::vector<float>& values) {
  add_key(key, static_cast<uint32_t>(GgufType::array));
  put(entries_, static_cast<uint32_t>(GgufType::f32));
  put<uint64_t>(entries_, values.size());
  for (const float value : values) put(entries_, value);
}

void GgufWriter::add_tensor(std::string_view name, TensorType type, std::vector<uint64_t> dims, std::function<void(const Sink&)> generate) {
  uint64_t elements = 1;
  for (const uint64_t dim : dims) elements *= dim;
  const auto bytes = tensor_bytes(type, dims.at(0), elements);
  if (!bytes) {
    throw ModelError(ModelErrorCode::unsupported_model, "tensor '" + std::string(name) + "': rows of " + std::to_string(dims[0]) + " do not fit the type " + std::string(to_string(type)));
  }
  tensors_.push_back({std::string(name), type, std::move(dims), *bytes, std::move(generate)});
}

void GgufWriter::write(std::ostream& out) const {
  std::string header;
  put<uint32_t>(header, 0x46554747);
  put<uint32_t>(header, 3);
  put<uint64_t>(header, tensors_.size());
  put<uint64_t>(header, entry_count_);
  header += entries_;
  uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    put_text(header, tensor.name);
    put<uint32_t>(header, static_cast<uint32_t>(tensor.dims.size()));
    for (const uint64_t dim : tensor.dims) put(header, dim);
    put(header, static_cast<uint32_t>(tensor.type));
    put(header, offset);
    offset += aligned(tensor.bytes);
  }
  header.resize(aligned(header.size()));
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const Tensor& tensor : tensors_) {
    uint64_t written = 0;
    tensor.generate([&](std::span<const uint8_t> bytes) {
      written += bytes.size();
      out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    });
    if (written != tensor.bytes) throw std::logic_error("the generator of '" + tensor.name + "' wrote " + std::to_string(written) + " bytes");
    constexpr char zeros[alignment] = {};
    out.write(zeros, static_cast<std::streamsize>(aligned(written) - written));
    if (!out) throw ModelError(ModelErrorCode::io_error, "cannot write the model");
  }
  out.flush();
  if (!out) throw ModelError(ModelErrorCode::io_error, "cannot write the model");
}

}  // namespace bitfleet::tools
