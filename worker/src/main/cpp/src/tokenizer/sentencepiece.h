#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bitfleet {

struct Vocabulary;

// SentencePiece's BPE as LLaMA uses it: of all neighbouring pairs whose union is a token, the one with the best score
// merges; characters that end as no token fall back to byte tokens <0x00>…<0xFF>. Spaces are written U+2581.
// Immutable after construction, safe to use from several threads.
//
// Source: SentencePiece (Kudo and Richardson 2018, arXiv:1808.06226), as read by llama.cpp's llm_tokenizer_spm.
class SentencePiece {
 public:
  // Notes about the vocabulary go to `assumptions`.
  SentencePiece(const Vocabulary& vocabulary, std::vector<std::string>& assumptions);

  // Appends the tokens of `text` (UTF-8; invalid bytes count as U+FFFD), with a space put before it when
  // `space_prefix`. Never a control token; the unknown token only for bytes that have none.
  void encode(std::string_view text, bool space_prefix, std::vector<uint32_t>& ids) const;

  // The byte that `text` names, as <0x0A> does, or -1.
  static int byte_named(std::string_view text);

 private:
  struct Entry {
    uint32_t id;
    float score;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> tokens_;
  std::array<uint32_t, 256> token_of_byte_{};  // the unknown token, or no token, where the file has none
  size_t longest_ = 0;                         // bytes of the longest token; bounds every look-up
};

}  // namespace bitfleet
