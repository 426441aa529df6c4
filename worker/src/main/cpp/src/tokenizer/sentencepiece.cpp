#include "tokenizer/sentencepiece.h"

#include <algorithm>
#include <optional>

#include "text/utf8.h"
#include "tokenizer/merge_queue.h"
#include "tokenizer/vocabulary.h"

namespace bitfleet {
namespace {

constexpr uint32_t no_token = 0xFFFFFFFF;
constexpr std::string_view written_space = "\xE2\x96\x81";  // U+2581

// Tokens beyond this many bytes are never merged up to, which keeps each look-up bounded in a hostile file.
constexpr size_t longest_token_bytes = 512;

bool reachable(TokenType type) {
  return type == TokenType::normal || type == TokenType::user_defined || type == TokenType::unused ||
         type == TokenType::undefined;
}

struct Better {  // orders by falling score, for merge_symbols, where smaller is better
  float score;
  bool operator<(const Better& than) const { return score > than.score; }
};

struct Span {  // bytes of the text
  uint32_t offset;
  uint32_t length;
};

}  // namespace

int SentencePiece::byte_named(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return -1;
  int value = 0;
  for (char c : text.substr(3, 2)) {
    const auto digit = std::string_view("0123456789ABCDEF").find(c);
    if (digit == std::string_view::npos) return -1;
    value = value * 16 + static_cast<int>(digit);
  }
  return value;
}

SentencePiece::SentencePiece(const Vocabulary& vocabulary, std::vector<std::string>& assumptions) {
  token_of_byte_.fill(vocabulary.unknown_token.value_or(no_token));
  std::array<bool, 256> named{};
  size_t duplicates = 0;
  size_t too_long = 0;
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto& token = vocabulary.tokens[id];
    const int byte = token.type == TokenType::byte ? byte_named(token.text) : -1;
    if (byte >= 0 && !named[static_cast<size_t>(byte)]) {
      named[static_cast<size_t>(byte)] = true;
      token_of_byte_[static_cast<size_t>(byte)] = id;
    }
    if (token.text.empty() || !reachable(token.type)) continue;
    if (token.text.size() > longest_token_bytes) {
      ++too_long;
      continue;
    }
    if (!tokens_.try_emplace(token.text, Entry{id, token.score}).second) ++duplicates;
    longest_ = std::max(longest_, token.text.size());
  }
  if (duplicates > 0) {
    assumptions.push_back(std::to_string(duplicates) + " tokens repeat the text of an earlier one; text yields the earlier");
  }
  if (too_long > 0) {
    assumptions.push_back(std::to_string(too_long) + " tokens are longer than 512 bytes; text never yields them");
  }
  const auto without = static_cast<size_t>(std::ranges::count(named, false));
  if (without > 0) {
    assumptions.push_back(std::to_string(without) + " bytes have no token of their own; text with them yields the unknown token");
  }
}

void SentencePiece::encode(std::string_view text, bool space_prefix, std::vector<uint32_t>& ids) const {
  if (text.empty()) return;
  std::string written;
  written.reserve(text.size() + 8);
  if (space_prefix) written.append(written_space);
  while (!text.empty()) {
    const Utf8Unit unit = read_utf8(text);
    if (unit.kind != Utf8Unit::Kind::whole) written.append(replacement_character);
    else if (unit.code_point == ' ') written.append(written_space);
    else written.append(text.substr(0, unit.length));
    text.remove_prefix(unit.length);
  }

  std::vector<Span> symbols;
  for (size_t offset = 0; offset < written.size();) {
    const Utf8Unit unit = read_utf8(std::string_view(written).substr(offset));
    symbols.push_back({static_cast<uint32_t>(offset), unit.length});
    offset += unit.length;
  }
  const auto text_of = [&](Span span) { return std::string_view(written).substr(span.offset, span.length); };
  merge_symbols<Better>(symbols, [&](Span left, Span right) -> std::optional<std::pair<Better, Span>> {
    const Span both{left.offset, left.length + right.length};
    if (both.length > longest_) return std::nullopt;
    const auto token = tokens_.find(text_of(both));
    if (token == tokens_.end()) return std::nullopt;
    return std::pair(Better{token->second.score}, both);
  });
  for (Span symbol : symbols) {
    const std::string_view bytes = text_of(symbol);
    if (const auto token = tokens_.find(bytes); token != tokens_.end()) {
      ids.push_back(token->second.id);
      continue;
    }
    for (char byte : bytes) {
      const uint32_t token = token_of_byte_[static_cast<uint8_t>(byte)];
      if (token != no_token) ids.push_back(token);
    }
  }
}

}  // namespace bitfleet
