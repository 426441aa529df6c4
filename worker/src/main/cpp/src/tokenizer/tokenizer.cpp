#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "tokenizer/byte_alphabet.h"

namespace bitfleet {
namespace {

std::string unescape_spaces(std::string_view text) {
  constexpr std::string_view written_space = "\xE2\x96\x81";
  std::string out;
  while (!text.empty()) {
    const bool space = text.starts_with(written_space);
    out.push_back(space ? ' ' : text.front());
    text.remove_prefix(space ? written_space.size() : 1);
  }
  return out;
}

std::string piece_of(const VocabularyToken& token, TokenizerModel model) {
  switch (token.type) {
    case TokenType::control:
    case TokenType::unknown:
    case TokenType::user_defined:
      return token.text;  // stands in the file as it stands in text
    case TokenType::byte:
      if (const int byte = SentencePiece::byte_named(token.text); byte >= 0) return std::string(1, static_cast<char>(byte));
      return token.text;
    case TokenType::normal:
    case TokenType::unused:
    case TokenType::undefined:
      break;
  }
  if (model == TokenizerModel::sentencepiece) return unescape_spaces(token.text);
  return bytes_of_letters(token.text).value_or(token.text);
}

}  // namespace

Tokenizer::Encoder Tokenizer::make_encoder(Vocabulary& vocabulary) {
  if (vocabulary.model == TokenizerModel::byte_level_bpe) return ByteLevelBpe(vocabulary, vocabulary.assumptions);
  return SentencePiece(vocabulary, vocabulary.assumptions);
}

Tokenizer::Tokenizer(Vocabulary vocabulary)
    : vocabulary_(std::move(vocabulary)),
      encoder_(make_encoder(vocabulary_)),
      user_defined_(vocabulary_, vocabulary_.assumptions) {
  pieces_.reserve(vocabulary_.tokens.size());
  for (const auto& token : vocabulary_.tokens) pieces_.push_back(piece_of(token, vocabulary_.model));
  ends_.resize(vocabulary_.tokens.size());
  for (uint32_t id : vocabulary_.end_tokens) ends_[id] = true;
  longest_piece_ = longest_piece();
}

size_t Tokenizer::longest_piece() const {
  std::vector<bool> seen(256);
  size_t longest = 0;
  for (uint32_t id = 0; id < size(); ++id) {
    if (hidden(id)) continue;
    longest = std::max(longest, pieces_[id].size());
    if (pieces_[id].size() == 1) seen[static_cast<uint8_t>(pieces_[id].front())] = true;
  }
  // A byte without a token of its own may be dropped, or become part of an unknown token of any length.
  return std::ranges::all_of(seen, std::identity()) ? longest : 0;
}

bool Tokenizer::hidden(uint32_t id) const {
  const TokenType type = vocabulary_.tokens[id].type;
  return type == TokenType::control || type == TokenType::unknown || type == TokenType::unused;
}

void Tokenizer::encode_text(std::string_view text, bool& space_prefix, std::vector<uint32_t>& ids) const {
  user_defined_.split(
      text,
      [&](std::string_view plain) {
        if (const auto* bpe = std::get_if<ByteLevelBpe>(&encoder_)) {
          bpe->encode(plain, ids);
        } else {
          std::get<SentencePiece>(encoder_).encode(plain, space_prefix && vocabulary_.add_space_prefix, ids);
        }
        space_prefix = false;
      },
      [&](uint32_t token) {
        ids.push_back(token);
        space_prefix = true;
      });
}

std::vector<uint32_t> Tokenizer::encode(std::string_view text) const {
  const PromptPart part = text;
  return encode(std::span(&part, 1), false);
}

std::vector<uint32_t> Tokenizer::encode(std::span<const PromptPart> parts, bool add_begin_token) const {
  std::vector<uint32_t> ids;
  bool space_prefix = true;  // SentencePiece: at the start, and after a token that is not text
  for (size_t i = 0; i < parts.size(); ++i) {
    if (const auto* given = std::get_if<std::span<const uint32_t>>(&parts[i])) {
      ids.insert(ids.end(), given->begin(), given->end());
      if (!given->empty()) space_prefix = true;
      continue;
    }
    std::string joined;
    std::string_view text = std::get<std::string_view>(parts[i]);
    while (i + 1 < parts.size() && std::holds_alternative<std::string_view>(parts[i + 1])) {
      if (joined.empty()) joined = text;
      joined.append(std::get<std::string_view>(parts[++i]));
      text = joined;
    }
    encode_text(text, space_prefix, ids);
  }
  if (add_begin_token && vocabulary_.add_begin_token && (ids.empty() || ids.front() != *vocabulary_.begin_token)) {
    ids.insert(ids.begin(), *vocabulary_.begin_token);
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const uint32_t> ids, bool render_control) const {
  std::string text;
  bool first = vocabulary_.add_space_prefix;
  for (uint32_t id : ids) {
    std::string_view piece = render_control ? named_piece(id) : this->piece(id);
    if (first && !hidden(id)) {
      first = false;
      if (piece.starts_with(' ')) piece.remove_prefix(1);
    }
    text.append(piece);
  }
  return text;
}

uint64_t Tokenizer::fingerprint() const {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](std::string_view bytes) {
    for (char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
    hash = (hash ^ 0xFF) * 0x100000001b3;  // a border, so that "ab","c" and "a","bc" differ
  };
  const auto add_number = [&](uint64_t number) { add(std::to_string(number)); };
  add_number(static_cast<uint64_t>(vocabulary_.model));
  add(vocabulary_.pre);
  for (const auto& token : vocabulary_.tokens) {
    add(token.text);
    add_number(static_cast<uint64_t>(token.type));
    add_number(std::bit_cast<uint32_t>(token.score));
  }
  for (const auto& merge : vocabulary_.merges) add(merge);
  add_number(vocabulary_.begin_token ? *vocabulary_.begin_token + 1ull : 0);
  for (uint32_t id : vocabulary_.end_tokens) add_number(id);
  add_number((vocabulary_.add_begin_token ? 1 : 0) + (vocabulary_.add_space_prefix ? 2 : 0) + (vocabulary_.text_end_token ? 4 : 0));
  return hash;
}

}  // namespace bitfleet
