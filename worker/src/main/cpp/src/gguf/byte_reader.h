#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "model/model_error.h"

namespace bitfleet {

static_assert(std::endian::native == std::endian::little, "GGUF is read in place, as little-endian");

// A cursor over untrusted bytes. Every read checks what is left and throws ModelError(bad_file) naming the offset and
// what was being read; no read allocates.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes, uint64_t position = 0) : bytes_(bytes), position_(position) {}

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

  template <typename T>
  T read(std::string_view what) {
    require(sizeof(T), what);
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  void skip(uint64_t count, std::string_view what) {
    require(count, what);
    position_ += count;
  }

  // A 64-bit length and that many bytes.
  std::string_view read_string(uint64_t longest, std::string_view what) {
    const uint64_t start = position_;
    const auto length = read<uint64_t>(what);
    if (length > longest) {
      fail(start, std::string(what) + " claims " + std::to_string(length) + " bytes, more than the " +
                      std::to_string(longest) + " allowed");
    }
    require(length, what);
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data() + position_), length);
    position_ += length;
    return text;
  }

  [[noreturn]] static void fail(uint64_t offset, const std::string& message) {
    throw ModelError(ModelErrorCode::bad_file, "at byte " + std::to_string(offset) + ": " + message);
  }

 private:
  void require(uint64_t count, std::string_view what) const {
    if (count > left()) {
      fail(position_, std::string(what) + " runs past the end of the file (" + std::to_string(count) + " bytes wanted, " +
                          std::to_string(left()) + " left)");
    }
  }

  std::span<const std::byte> bytes_;
  uint64_t position_;
};

}  // namespace bitfleet
