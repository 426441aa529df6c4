#include "text/utf8.h"

namespace bitfleet {

Utf8Unit read_utf8(std::string_view text) {
  using Kind = Utf8Unit::Kind;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {Kind::whole, 1, lead};

  // Table 3-7 of the Unicode Standard: the second byte of E0, ED, F0 and F4 has a range of its own.
  uint32_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {Kind::invalid, 1, 0};
  }

  uint32_t code_point = lead & (0xFFu >> (length + 1));
  for (uint32_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Kind::unfinished, i, 0};
    if (byte(i) < low || byte(i) > high) return {Kind::invalid, i, 0};
    code_point = code_point << 6 | (byte(i) & 0x3Fu);
    low = 0x80;
    high = 0xBF;
  }
  return {Kind::whole, length, code_point};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Utf8Unit unit = read_utf8(text);
    if (unit.kind != Utf8Unit::Kind::whole) return false;
    text.remove_prefix(unit.length);
  }
  return true;
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Utf8Unit unit = read_utf8(text);
    out.append(unit.kind == Utf8Unit::Kind::whole ? text.substr(0, unit.length) : replacement_character);
    text.remove_prefix(unit.length);
  }
  return out;
}

void append_utf8(std::string& out, uint32_t code_point) {
  const auto push = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | (code_point >> 12 & 0x3F));
    push(0x80 | (code_point >> 6 & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

void Utf8Holdback::push(std::string_view bytes, std::string& out) {
  held_.append(bytes);
  std::string_view rest = held_;
  while (!rest.empty()) {
    const Utf8Unit unit = read_utf8(rest);
    if (unit.kind == Utf8Unit::Kind::unfinished) break;
    out.append(unit.kind == Utf8Unit::Kind::whole ? rest.substr(0, unit.length) : replacement_character);
    rest.remove_prefix(unit.length);
  }
  held_.erase(0, held_.size() - rest.size());
}

void Utf8Holdback::finish(std::string& out) {
  if (!held_.empty()) out.append(replacement_character);
  held_.clear();
}

}  // namespace bitfleet
