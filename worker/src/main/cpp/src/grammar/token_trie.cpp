#include "grammar/token_trie.h"

#include <algorithm>

#include "grammar/limits.h"
#include "tokenizer/tokenizer.h"

namespace bitfleet::grammar {
namespace {

constexpr std::array<uint8_t, 256> groups_of_bytes() {
  std::array<uint8_t, 256> groups{};
  uint8_t next = 10;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint8_t& group = groups[byte];
    if (byte == '\t') group = 1;
    else if (byte == '\n') group = 2;
    else if (byte == '\r') group = 3;
    else if (byte < 0x20 || byte == 0x7F) group = 0;
    else if (byte >= '0' && byte <= '9') group = 4;
    else if ((byte >= 'a' && byte <= 'f')) group = 5;
    else if ((byte >= 'g' && byte <= 'z')) group = 6;
    else if ((byte >= 'A' && byte <= 'F')) group = 7;
    else if ((byte >= 'G' && byte <= 'Z')) group = 8;
    else if (byte < 0x80) group = next++;  // space and 32 marks
    else if (byte < 0xC0) group = 9;
    else group = static_cast<uint8_t>(byte < 0xC2 ? 43 : byte < 0xE0 ? 44 : byte == 0xE0 ? 45 : byte < 0xF0 ? 46 : byte < 0xF5 ? 47 : 48);
  }
  return groups;
}

constexpr auto group_table = groups_of_bytes();

bool is_text(TokenType type) {
  return type == TokenType::normal || type == TokenType::user_defined || type == TokenType::byte || type == TokenType::undefined;
}

}  // namespace

uint32_t byte_group(uint8_t byte) { return group_table[byte]; }

TokenTrie::TokenTrie(const Tokenizer& tokenizer) : vocabulary_(tokenizer.size()) {
  for (uint32_t id = 0; id < tokenizer.size(); ++id) {
    const std::string_view piece = tokenizer.piece(id);
    if (!is_text(tokenizer.vocabulary().tokens[id].type) || tokenizer.ends_generation(id) || piece.empty() || piece.size() > most_token_bytes) continue;
    ids_.push_back(id);
  }
  std::ranges::sort(ids_, [&](uint32_t a, uint32_t b) {
    const int order = tokenizer.piece(a).compare(tokenizer.piece(b));
    return order != 0 ? order < 0 : a < b;
  });
  root_child_.fill(none);
  std::vector<uint32_t> open;  // the node of each byte of the token before
  std::string_view before;
  const auto close = [&](size_t depth) {
    while (open.size() > depth) {
      const uint32_t node = open.back();
      open.pop_back();
      nodes_[node].skip = static_cast<uint32_t>(nodes_.size());
      if (!open.empty()) nodes_[open.back()].groups |= nodes_[node].groups | uint64_t{1} << byte_group(nodes_[node].byte);
    }
  };
  for (uint32_t i = 0; i < ids_.size(); ++i) {
    const std::string_view piece = tokenizer.piece(ids_[i]);
    longest_ = std::max(longest_, static_cast<uint32_t>(piece.size()));
    size_t common = 0;
    while (common < before.size() && common < piece.size() && before[common] == piece[common]) ++common;
    close(common);
    for (size_t depth = common; depth < piece.size(); ++depth) {
      const auto byte = static_cast<uint8_t>(piece[depth]);
      const auto node = static_cast<uint32_t>(nodes_.size());
      if (depth == 0) root_child_[byte] = node;
      open.push_back(node);
      nodes_.push_back({0, 0, i, 0, static_cast<uint16_t>(depth + 1), byte});
    }
    if (nodes_[open.back()].own == UINT16_MAX) continue;  // 65,536 tokens of one text: the rest is never drawn
    ++nodes_[open.back()].own;
    if (piece.size() == 1) spelled_[static_cast<uint8_t>(piece[0])] = true;
    before = piece;
  }
  close(0);
}

uint32_t TokenTrie::child(uint32_t node, uint8_t byte) const {
  if (node == none) return root_child_[byte];
  const uint32_t end = nodes_[node].skip;
  for (uint32_t next = node + 1; next < end; next = nodes_[next].skip) {
    if (nodes_[next].byte == byte) return next;
    if (nodes_[next].byte > byte) break;
  }
  return none;
}

}  // namespace bitfleet::grammar
