#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tokenizer/byte_level_bpe.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/user_defined_tokens.h"
#include "tokenizer/vocabulary.h"

namespace bitfleet {

// A stretch of a prompt: text, which never yields a control token, or ids that stand as they are.
using PromptPart = std::variant<std::string_view, std::span<const uint32_t>>;

// Text to tokens and back, for one vocabulary. Immutable after construction and safe to use from several threads.
class Tokenizer {
 public:
  // ModelError, as Vocabulary::read and for vocabularies that can tokenize nothing.
  explicit Tokenizer(Vocabulary vocabulary);
  static Tokenizer load(const GgufFile& file) { return Tokenizer(Vocabulary::read(file)); }

  // A text of so many bytes has at least so many tokens; 0 when nothing can be said. Costs no tokenizing.
  size_t fewest_tokens(size_t text_bytes) const { return longest_piece_ == 0 ? 0 : text_bytes / longest_piece_; }

  uint32_t size() const { return static_cast<uint32_t>(vocabulary_.tokens.size()); }

  std::vector<uint32_t> encode(std::string_view text) const;

  // Neighbouring parts of text count as one text (a border between them would change the tokens); ids, even none, keep
  // two texts apart. With `add_begin_token` the begin token comes first when the file asks for one and it is absent.
  std::vector<uint32_t> encode(std::span<const PromptPart> parts, bool add_begin_token) const;

  // The bytes a token adds to a text, not necessarily whole UTF-8; control, unknown and unused tokens add none.
  std::string_view piece(uint32_t id) const { return hidden(id) ? std::string_view() : named_piece(id); }
  // The same, with control tokens as their text.
  std::string_view named_piece(uint32_t id) const { return pieces_[id]; }

  // The text of a whole sequence: the pieces, without the space that SentencePiece puts before a text.
  std::string decode(std::span<const uint32_t> ids, bool render_control) const;

  bool ends_generation(uint32_t id) const { return ends_[id]; }
  std::optional<uint32_t> begin_token() const { return vocabulary_.begin_token; }
  // Goes behind a text that is to be embedded; a prompt to go on with never gets it.
  std::optional<uint32_t> end_token_of_text() const { return vocabulary_.text_end_token; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

  // What the file left open and how it was read.
  std::span<const std::string> assumptions() const { return vocabulary_.assumptions; }

  // Equal for tokenizers that treat all text alike: 64-bit FNV-1a over everything that decides.
  uint64_t fingerprint() const;

 private:
  using Encoder = std::variant<ByteLevelBpe, SentencePiece>;
  static Encoder make_encoder(Vocabulary& vocabulary);
  bool hidden(uint32_t id) const;
  size_t longest_piece() const;
  void encode_text(std::string_view text, bool& space_prefix, std::vector<uint32_t>& ids) const;

  Vocabulary vocabulary_;
  Encoder encoder_;
  UserDefinedTokens user_defined_;
  std::vector<std::string> pieces_;  // by id, control tokens as their text
  std::vector<bool> ends_;           // by id
  size_t longest_piece_ = 0;         // bytes of text one token stands for at most; 0 when some bytes yield no token
};

}  // namespace bitfleet
