#pragma once

#include <cstdint>

#include "tools/gguf_writer.h"

namespace bitfleet::tools {

enum class TokenizerKind { gpt2, llama };

// Adds a made-up but valid tokenizer of exactly `vocabulary` tokens. gpt2: byte-level BPE with the llama-bpe pre-tokenizer, the
// special tokens of Llama 3 at the end of the vocabulary and a chat template of the 2B-4T form. llama: SentencePiece with
// byte tokens. Common English words are single tokens where there is room; everything else falls apart into bytes.
// ModelError unsupported_model for a vocabulary too small to hold the bytes and the special tokens.
void add_synthetic_tokenizer(GgufWriter& writer, TokenizerKind kind, uint32_t vocabulary);

}  // namespace bitfleet::tools
