#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bitfleet {

// How a byte-level BPE tokenizer cuts text into words before it merges; one per family of regular expressions. The
// expressions stand beside their hand-written forms in pre_tokenizer.cpp.
enum class PreTokenizer {
  llama3,     // llama-bpe, llama3, llama-v3, falcon3, falcon-h1, smaug-bpe, dbrx, …
  qwen2,      // qwen2, stablelm2, megrez, hunyuan, …
  gpt2,       // gpt-2, phi-2, mpt, olmo, …
  starcoder,  // starcoder, refact, smollm, command-r, …
  falcon,     // falcon
  generic     // default
};

// By tokenizer.ggml.pre. ModelError unsupported_model, with the name, for one this engine does not know: a wrong
// guess would give a model that talks, but worse.
PreTokenizer pre_tokenizer_named(std::string_view pre);

// A word that is a token as it stands is taken whole, without merging (the tokenizers made from tiktoken).
bool ignores_merges(PreTokenizer pre, std::string_view name);

// What holds when tokenizer.ggml.add_bos_token is absent.
bool adds_begin_token_by_default(PreTokenizer pre);

// Cuts `code_points` into words. Returns the end index of each, ascending; the last is code_points.size(), and every
// code point lies in exactly one word. Time is linear in the length.
std::vector<size_t> split_words(PreTokenizer pre, std::span<const uint32_t> code_points);

}  // namespace bitfleet
