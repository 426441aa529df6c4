#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/pre_tokenizer.h"

namespace bitfleet {

struct Vocabulary;

// Byte-level BPE: text is cut into words, each word into bytes, and neighbours merge by the rank of their pair.
// Immutable after construction, safe to use from several threads.
//
// Source: Sennrich et al. 2016 (arXiv:1508.07909); OpenAI GPT-2 (bytes as the alphabet).
class ByteLevelBpe {
 public:
  // Merges that are not two known-looking sides, or that name a pair twice, cannot apply; their number goes to
  // `assumptions`. ModelError when no byte has a token at all, or the pre-tokenizer is unknown.
  ByteLevelBpe(const Vocabulary& vocabulary, std::vector<std::string>& assumptions);

  // Appends the tokens of `text` (UTF-8; invalid bytes count as U+FFFD). Never a control or unknown token.
  void encode(std::string_view text, std::vector<uint32_t>& ids) const;

 private:
  using Symbol = uint32_t;  // index of a byte string: a token, or an intermediate stage of merges
  struct Merge {
    uint32_t rank;
    Symbol result;
  };

  Symbol intern(const std::string& bytes);
  void encode_word(std::string_view bytes, std::vector<Symbol>& scratch, std::vector<uint32_t>& ids) const;

  PreTokenizer pre_;
  bool ignore_merges_;
  std::unordered_map<std::string, Symbol> symbols_;
  std::vector<std::string> bytes_of_symbol_;       // by symbol
  std::vector<uint32_t> token_of_symbol_;          // by symbol; no_token where it is none
  std::array<Symbol, 256> symbol_of_byte_{};
  std::unordered_map<uint64_t, Merge> merges_;     // by left << 32 | right
};

}  // namespace bitfleet
