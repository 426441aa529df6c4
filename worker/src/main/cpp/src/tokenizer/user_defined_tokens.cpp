#include "tokenizer/user_defined_tokens.h"

#include "tokenizer/vocabulary.h"

namespace bitfleet {
namespace {

// A longer one would make the search cost its length at every place of a text.
constexpr size_t longest_token_bytes = 256;

}  // namespace

UserDefinedTokens::UserDefinedTokens(const Vocabulary& vocabulary, std::vector<std::string>& assumptions) {
  size_t too_long = 0;
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto& token = vocabulary.tokens[id];
    if (token.type != TokenType::user_defined || token.text.empty()) continue;
    if (token.text.size() > longest_token_bytes) {
      ++too_long;
      continue;
    }
    uint64_t node = 0;
    for (char byte : token.text) {
      const auto [child, fresh] =
          children_.try_emplace(node << 8 | static_cast<uint8_t>(byte), static_cast<uint32_t>(token_of_node_.size()));
      if (fresh) token_of_node_.push_back(no_token);
      node = child->second;
    }
    if (token_of_node_[node] == no_token) token_of_node_[node] = id;
  }
  if (too_long > 0) {
    assumptions.push_back(std::to_string(too_long) + " user-defined tokens are longer than 256 bytes and are not sought in text");
  }
}

void UserDefinedTokens::split(std::string_view text, const std::function<void(std::string_view)>& on_text,
                              const std::function<void(uint32_t)>& on_token) const {
  size_t begin = 0;
  size_t i = 0;
  while (!empty() && i < text.size()) {
    uint64_t node = 0;
    uint32_t found = no_token;
    size_t found_end = 0;
    for (size_t j = i; j < text.size(); ++j) {
      const auto child = children_.find(node << 8 | static_cast<uint8_t>(text[j]));
      if (child == children_.end()) break;
      node = child->second;
      if (token_of_node_[node] != no_token) {
        found = token_of_node_[node];
        found_end = j + 1;
      }
    }
    if (found == no_token) {
      ++i;
      continue;
    }
    if (i > begin) on_text(text.substr(begin, i - begin));
    on_token(found);
    begin = i = found_end;
  }
  if (begin < text.size()) on_text(text.substr(begin));
}

}  // namespace bitfleet
