#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bitfleet {

// Byte-level BPE writes each byte as one printable character, so that a vocabulary is text: the bytes that are
// printable Latin-1 stand for themselves, the other 68 for U+0100, U+0101, … in ascending order.
// Source: bytes_to_unicode in OpenAI's GPT-2 encoder.py.
uint32_t letter_of_byte(uint8_t byte);

// The bytes that `text` stands for; nullopt when it holds a character outside the alphabet.
std::optional<std::string> bytes_of_letters(std::string_view text);

}  // namespace bitfleet
