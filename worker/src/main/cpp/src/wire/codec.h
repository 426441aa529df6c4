#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bitfleet::wire {

// A message that is not what engine.proto describes: cut short, a length past the end, a wrong wire type for a known
// field, a string that is not UTF-8, or more elements than any honest sender uses.
class MalformedMessage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class WireType : uint32_t { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

// Writes the protobuf wire format in its canonical form: fields by ascending number, default values left out,
// repeated scalars packed, maps by ascending key. The same bytes as the reference library's deterministic mode.
//
// Source of the format: "Protocol Buffers encoding", protobuf.dev.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  // Scalars; nothing is written for the default value, as in proto3.
  void unsigned_integer(uint32_t field, uint64_t value);
  void boolean(uint32_t field, bool value);
  void real(uint32_t field, float value);                   // default is +0 by its bits: -0 is written
  void bytes(uint32_t field, std::string_view value);
  void text(uint32_t field, std::string_view value);        // invalid UTF-8 leaves as U+FFFD

  // The same with presence of their own (oneof members, `optional`, map entries): the default is written too.
  void present_unsigned_integer(uint32_t field, uint64_t value);
  void present_real(uint32_t field, float value);
  void present_bytes(uint32_t field, std::string_view value);

  template <class Range>
  void packed(uint32_t field, const Range& values) {
    if (values.empty()) return;
    std::string body;
    Encoder inner(body);
    for (uint64_t value : values) inner.varint(value);
    present_bytes(field, body);
  }

  // One packed run of `repeated float`; nothing when empty.
  template <class Range>
  void packed_reals(uint32_t field, const Range& values) {
    if (values.empty()) return;
    key(field, WireType::length_delimited);
    varint(values.size() * 4);
    for (float value : values) fixed(value);
  }

  // A nested message; `fill` receives its encoder.
  template <class Fill>
  void message(uint32_t field, Fill&& fill) {
    std::string body;
    Encoder inner(body);
    fill(inner);
    present_bytes(field, body);
  }

 private:
  void varint(uint64_t value);
  void fixed(float value);
  void key(uint32_t field, WireType type);
  std::string& out_;
};

// Walks the fields of one message. Trusts nothing: every length is checked against the bytes that are left, and
// nothing is allocated by a declared length. Throws MalformedMessage.
//
//   while (decoder.next()) switch (decoder.field()) { case 1: id = decoder.unsigned_integer(); break; default: decoder.skip(); }
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  bool next();                          // reads the key of the next field; false at the end
  uint32_t field() const { return field_; }

  uint64_t unsigned_integer();          // uint64
  uint32_t unsigned_integer_32();       // uint32 and enums: higher bits are dropped, as the format asks
  bool boolean();
  float real();
  std::string_view bytes();             // view into the message
  std::string_view text();              // checked to be UTF-8
  Decoder message() { return Decoder(bytes()); }
  void skip();                          // any field, of any wire type this format still uses

  // One `repeated uint32`: a packed run or a single element; `append` is called for each.
  template <class Append>
  void repeated_unsigned_integer_32(Append&& append) {
    if (type_ == WireType::varint) {
      append(unsigned_integer_32());
      return;
    }
    Decoder run(bytes());
    while (!run.rest_.empty()) append(static_cast<uint32_t>(run.varint()));
  }

  // One `repeated float`, likewise.
  template <class Append>
  void repeated_real(Append&& append) {
    if (type_ == WireType::fixed32) {
      append(real());
      return;
    }
    Decoder run(bytes());
    run.type_ = WireType::fixed32;
    while (!run.rest_.empty()) append(run.real());
  }

 private:
  uint64_t varint();
  void expect(WireType type) const;
  std::string_view take(size_t count);

  std::string_view rest_;
  uint32_t field_ = 0;
  WireType type_ = WireType::varint;
};

}  // namespace bitfleet::wire
