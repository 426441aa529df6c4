#include "tokenizer/byte_level_bpe.h"

#include <optional>

#include "model/model_error.h"
#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/merge_queue.h"
#include "tokenizer/vocabulary.h"

namespace bitfleet {
namespace {

constexpr uint32_t no_token = 0xFFFFFFFF;

uint64_t pair_key(uint32_t left, uint32_t right) { return uint64_t{left} << 32 | right; }

// Text may become a token that is text; user_defined ones were cut out before, but a word may equal one as well.
bool reachable(TokenType type) {
  return type == TokenType::normal || type == TokenType::user_defined || type == TokenType::unused ||
         type == TokenType::undefined;
}

}  // namespace

ByteLevelBpe::Symbol ByteLevelBpe::intern(const std::string& bytes) {
  const auto [place, fresh] = symbols_.try_emplace(bytes, static_cast<Symbol>(bytes_of_symbol_.size()));
  if (fresh) {
    bytes_of_symbol_.push_back(bytes);
    token_of_symbol_.push_back(no_token);
  }
  return place->second;
}

ByteLevelBpe::ByteLevelBpe(const Vocabulary& vocabulary, std::vector<std::string>& assumptions)
    : pre_(pre_tokenizer_named(vocabulary.pre)), ignore_merges_(ignores_merges(pre_, vocabulary.pre)) {
  size_t duplicates = 0;
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto& token = vocabulary.tokens[id];
    if (token.text.empty() || !reachable(token.type)) continue;
    const auto bytes = bytes_of_letters(token.text);
    if (!bytes) continue;
    uint32_t& known = token_of_symbol_[intern(*bytes)];
    if (known == no_token) known = id;
    else ++duplicates;
  }
  if (duplicates > 0) {
    assumptions.push_back(std::to_string(duplicates) + " tokens repeat the text of an earlier one; text yields the earlier");
  }

  size_t without_token = 0;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const Symbol symbol = intern(std::string(1, static_cast<char>(byte)));
    symbol_of_byte_[byte] = symbol;
    without_token += token_of_symbol_[symbol] == no_token ? 1 : 0;
  }
  if (without_token == 256) {
    throw ModelError(ModelErrorCode::bad_file, "tokenizer.ggml.tokens holds no byte of the gpt2 alphabet");
  }
  if (without_token > 0) {
    assumptions.push_back(std::to_string(without_token) + " bytes have no token of their own; text loses them");
  }

  size_t useless = 0;
  uint32_t rank = 0;
  for (const std::string& line : vocabulary.merges) {
    const uint32_t rank_of_line = rank++;
    // The first character may itself be a space in files of doubtful origin, so the border is sought from the second.
    const size_t border = line.size() > 1 ? line.find(' ', 1) : std::string::npos;
    std::optional<std::string> left;
    std::optional<std::string> right;
    if (border != std::string::npos && border + 1 < line.size()) {
      left = bytes_of_letters(std::string_view(line).substr(0, border));
      right = bytes_of_letters(std::string_view(line).substr(border + 1));
    }
    if (!left || !right) {
      ++useless;
      continue;
    }
    const Symbol left_symbol = intern(*left);
    const Symbol right_symbol = intern(*right);
    const Symbol result = intern(*left + *right);
    if (!merges_.try_emplace(pair_key(left_symbol, right_symbol), Merge{rank_of_line, result}).second) ++useless;
  }
  if (useless > 0) assumptions.push_back(std::to_string(useless) + " merges are malformed or repeated and were ignored");
}

void ByteLevelBpe::encode_word(std::string_view bytes, std::vector<Symbol>& scratch, std::vector<uint32_t>& ids) const {
  if (ignore_merges_) {
    const auto whole = symbols_.find(std::string(bytes));
    if (whole != symbols_.end() && token_of_symbol_[whole->second] != no_token) {
      ids.push_back(token_of_symbol_[whole->second]);
      return;
    }
  }
  scratch.clear();
  for (char byte : bytes) scratch.push_back(symbol_of_byte_[static_cast<uint8_t>(byte)]);
  merge_symbols<uint32_t>(scratch, [this](Symbol left, Symbol right) -> std::optional<std::pair<uint32_t, Symbol>> {
    const auto merge = merges_.find(pair_key(left, right));
    if (merge == merges_.end()) return std::nullopt;
    return std::pair(merge->second.rank, merge->second.result);
  });
  for (Symbol symbol : scratch) {
    if (token_of_symbol_[symbol] != no_token) {
      ids.push_back(token_of_symbol_[symbol]);
      continue;
    }
    for (char byte : bytes_of_symbol_[symbol]) {
      const uint32_t token = token_of_symbol_[symbol_of_byte_[static_cast<uint8_t>(byte)]];
      if (token != no_token) ids.push_back(token);
    }
  }
}

void ByteLevelBpe::encode(std::string_view text, std::vector<uint32_t>& ids) const {
  std::string clean;
  if (!is_utf8(text)) {
    clean = replace_invalid_utf8(text);
    text = clean;
  }
  std::vector<uint32_t> code_points;
  std::vector<size_t> offsets;  // [code_points.size() + 1] byte offset of each code point
  code_points.reserve(text.size());
  offsets.reserve(text.size() + 1);
  for (size_t offset = 0; offset < text.size();) {
    const Utf8Unit unit = read_utf8(text.substr(offset));
    code_points.push_back(unit.code_point);
    offsets.push_back(offset);
    offset += unit.length;
  }
  offsets.push_back(text.size());

  std::vector<Symbol> scratch;
  size_t begin = 0;
  for (size_t end : split_words(pre_, code_points)) {
    encode_word(text.substr(offsets[begin], offsets[end] - offsets[begin]), scratch, ids);
    begin = end;
  }
}

}  // namespace bitfleet
