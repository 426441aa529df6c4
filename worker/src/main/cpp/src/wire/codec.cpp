#include "wire/codec.h"

#include <bit>

#include "text/utf8.h"

namespace bitfleet::wire {

void Encoder::varint(uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void Encoder::key(uint32_t field, WireType type) { varint(uint64_t{field} << 3 | static_cast<uint32_t>(type)); }

void Encoder::unsigned_integer(uint32_t field, uint64_t value) {
  if (value != 0) present_unsigned_integer(field, value);
}

void Encoder::boolean(uint32_t field, bool value) { unsigned_integer(field, value ? 1 : 0); }

void Encoder::real(uint32_t field, float value) {
  if (std::bit_cast<uint32_t>(value) != 0) present_real(field, value);
}

void Encoder::bytes(uint32_t field, std::string_view value) {
  if (!value.empty()) present_bytes(field, value);
}

void Encoder::text(uint32_t field, std::string_view value) {
  if (is_utf8(value)) {
    bytes(field, value);
  } else {
    bytes(field, replace_invalid_utf8(value));
  }
}

void Encoder::present_unsigned_integer(uint32_t field, uint64_t value) {
  key(field, WireType::varint);
  varint(value);
}

void Encoder::present_real(uint32_t field, float value) {
  key(field, WireType::fixed32);
  fixed(value);
}

void Encoder::fixed(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) out_.push_back(static_cast<char>(bits >> shift));
}

void Encoder::present_bytes(uint32_t field, std::string_view value) {
  key(field, WireType::length_delimited);
  varint(value.size());
  out_.append(value);
}

std::string_view Decoder::take(size_t count) {
  if (count > rest_.size()) throw MalformedMessage("message is cut short");
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

uint64_t Decoder::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<uint8_t>(take(1)[0]);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      if (shift == 63 && byte > 1) throw MalformedMessage("varint exceeds 64 bits");
      return value;
    }
  }
  throw MalformedMessage("varint is longer than 10 bytes");
}

bool Decoder::next() {
  if (rest_.empty()) return false;
  const uint64_t key = varint();
  if (key >> 3 == 0 || key >> 32 != 0) throw MalformedMessage("field number out of range");
  field_ = static_cast<uint32_t>(key >> 3);
  type_ = static_cast<WireType>(key & 7);
  return true;
}

void Decoder::expect(WireType type) const {
  if (type_ != type) throw MalformedMessage("field " + std::to_string(field_) + " has an unexpected wire type");
}

uint64_t Decoder::unsigned_integer() {
  expect(WireType::varint);
  return varint();
}

uint32_t Decoder::unsigned_integer_32() { return static_cast<uint32_t>(unsigned_integer()); }

bool Decoder::boolean() { return unsigned_integer() != 0; }

float Decoder::real() {
  expect(WireType::fixed32);
  uint32_t bits = 0;
  const std::string_view four = take(4);
  for (int i = 3; i >= 0; --i) bits = bits << 8 | static_cast<uint8_t>(four[static_cast<size_t>(i)]);
  return std::bit_cast<float>(bits);
}

std::string_view Decoder::bytes() {
  expect(WireType::length_delimited);
  const uint64_t length = varint();
  if (length > rest_.size()) throw MalformedMessage("field " + std::to_string(field_) + " is longer than its message");
  return take(static_cast<size_t>(length));
}

std::string_view Decoder::text() {
  const std::string_view value = bytes();
  if (!is_utf8(value)) throw MalformedMessage("field " + std::to_string(field_) + " is not valid UTF-8");
  return value;
}

void Decoder::skip() {
  switch (type_) {
    case WireType::varint: varint(); return;
    case WireType::fixed64: take(8); return;
    case WireType::length_delimited: bytes(); return;
    case WireType::fixed32: take(4); return;
  }
  // Groups (3, 4) are not part of proto3; 6 and 7 never existed.
  throw MalformedMessage("unknown wire type");
}

}  // namespace bitfleet::wire
