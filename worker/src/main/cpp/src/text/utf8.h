#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bitfleet {

inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";  // U+FFFD

// What the bytes at one place are. `length` is the bytes to take, at least 1 unless the text is at its end.
struct Utf8Unit {
  enum class Kind {
    whole,       // one code point
    invalid,     // these bytes can begin no code point; one U+FFFD stands for all of them
    unfinished   // a correct beginning of a code point, then the text ends
  };
  Kind kind = Kind::whole;
  uint32_t length = 0;      // bytes, 1..4
  uint32_t code_point = 0;  // with `whole`
};

// Reads strictly (no overlong forms, no surrogates, nothing past U+10FFFF) and cuts invalid bytes as the Unicode
// Standard recommends: the longest correct beginning of a code point is one error ("maximal subparts", section 3.9).
// `text` is not empty.
Utf8Unit read_utf8(std::string_view text);

bool is_utf8(std::string_view text);

// Each invalid stretch becomes U+FFFD, an unfinished end too.
std::string replace_invalid_utf8(std::string_view text);

// `code_point` is a Unicode scalar value.
void append_utf8(std::string& out, uint32_t code_point);

// Turns bytes that arrive in arbitrary pieces into whole UTF-8: a code point leaves once it is complete, invalid
// bytes leave as U+FFFD as soon as they are known to be invalid. Holds at most 3 bytes.
class Utf8Holdback {
 public:
  // Appends to `out` what has become whole.
  void push(std::string_view bytes, std::string& out);
  // The end: what is still held becomes one U+FFFD.
  void finish(std::string& out);
  size_t held() const { return held_.size(); }

 private:
  std::string held_;
};

}  // namespace bitfleet
