#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bitfleet {

class GgufFile;

enum class TokenizerModel {
  byte_level_bpe,  // tokenizer.ggml.model "gpt2": merges by rank over bytes
  sentencepiece    // "llama": merges by score over characters, with bytes to fall back on
};

// Numbers as GGUF writes them in tokenizer.ggml.token_type.
enum class TokenType : uint8_t { undefined = 0, normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct VocabularyToken {
  std::string text;                        // as the file has it
  TokenType type = TokenType::normal;
  float score = 0;
};

// The tokenizer's part of a model file, checked: types and scores match the tokens, ids lie below tokens.size().
// What text can become is decided here once: a token that ends or controls generation has the type control, whatever
// the file calls it.
struct Vocabulary {
  TokenizerModel model = TokenizerModel::byte_level_bpe;
  std::string pre;                         // tokenizer.ggml.pre; only for byte_level_bpe
  std::vector<VocabularyToken> tokens;     // by id
  std::vector<std::string> merges;         // "left right", by rank; only for byte_level_bpe
  std::optional<uint32_t> begin_token;
  std::optional<uint32_t> unknown_token;
  std::vector<uint32_t> end_tokens;        // end generation; sorted, without duplicates
  bool add_begin_token = false;
  bool add_space_prefix = false;           // only for sentencepiece
  std::optional<uint32_t> text_end_token;  // eos, where the file asks for it behind every text (add_eos_token)
  std::vector<std::string> assumptions;    // what the file left open and how it was read, one sentence each

  // ModelError: bad_file for missing or contradicting metadata, unsupported_model for another kind of tokenizer.
  static Vocabulary read(const GgufFile& file);
};

}  // namespace bitfleet
