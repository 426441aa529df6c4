#pragma once

#include <cstdint>
#include <string_view>

namespace bitfleet {

// Type codes of GGUF metadata values.
enum class GgufType : uint32_t {
  u8 = 0, i8 = 1, u16 = 2, i16 = 3, u32 = 4, i32 = 5, f32 = 6, boolean = 7, string = 8, array = 9,
  u64 = 10, i64 = 11, f64 = 12
};
constexpr uint32_t gguf_type_count = 13;

// Bytes of one value; 0 for strings and arrays.
constexpr uint32_t scalar_bytes(GgufType type) {
  switch (type) {
    case GgufType::u8: case GgufType::i8: case GgufType::boolean: return 1;
    case GgufType::u16: case GgufType::i16: return 2;
    case GgufType::u32: case GgufType::i32: case GgufType::f32: return 4;
    case GgufType::u64: case GgufType::i64: case GgufType::f64: return 8;
    case GgufType::string: case GgufType::array: return 0;
  }
  return 0;
}

constexpr bool is_integer(GgufType type) {
  return scalar_bytes(type) != 0 && type != GgufType::f32 && type != GgufType::f64 && type != GgufType::boolean;
}

constexpr std::string_view to_string(GgufType type) {
  constexpr std::string_view names[gguf_type_count] = {"u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string",
                                                       "array", "u64", "i64", "f64"};
  return static_cast<uint32_t>(type) < gguf_type_count ? names[static_cast<uint32_t>(type)] : "unknown";
}

// A metadata entry that has been walked and found sound: where its value lies, not a copy of it.
struct GgufEntry {
  std::string_view key;
  GgufType type;
  GgufType element_type;   // of arrays
  uint64_t count;          // of arrays
  uint64_t value_offset;   // of the scalar, of a string's length, or of an array's first element
};

}  // namespace bitfleet
