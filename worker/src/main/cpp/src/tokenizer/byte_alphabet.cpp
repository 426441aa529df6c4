#include "tokenizer/byte_alphabet.h"

#include <array>

#include "text/utf8.h"

namespace bitfleet {
namespace {

constexpr bool stands_for_itself(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

struct Alphabet {
  std::array<uint32_t, 256> letters{};
  std::array<int16_t, 256 + 68> bytes{};  // by code point; -1 where the code point is no letter
};

constexpr Alphabet alphabet = [] {
  Alphabet result;
  for (auto& byte : result.bytes) byte = -1;
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const uint32_t letter = stands_for_itself(byte) ? byte : next++;
    result.letters[byte] = letter;
    result.bytes[letter] = static_cast<int16_t>(byte);
  }
  return result;
}();

}  // namespace

uint32_t letter_of_byte(uint8_t byte) { return alphabet.letters[byte]; }

std::optional<std::string> bytes_of_letters(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const Utf8Unit unit = read_utf8(text);
    if (unit.kind != Utf8Unit::Kind::whole || unit.code_point >= alphabet.bytes.size()) return std::nullopt;
    const int16_t byte = alphabet.bytes[unit.code_point];
    if (byte < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(byte));
    text.remove_prefix(unit.length);
  }
  return bytes;
}

}  // namespace bitfleet
