#pragma once

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "grammar/grammar_library.h"
#include "sample/sampler.h"
#include "tokenizer/tokenizer.h"
#include "wire/messages.h"

namespace bitfleet {

// An OpenSequence that has passed every check which needs no slot, with its prompt as tokens.
struct PreparedSequence {
  uint64_t id = 0;
  std::vector<uint32_t> prompt;            // not empty, shorter than context_limit (or as long, when nothing is drawn)
  SamplingParameters sampling;
  uint32_t max_tokens = 0;                 // 0 = until the context is full
  std::vector<uint32_t> stop_tokens;       // sorted
  std::vector<std::string> stop_strings;
  bool ignore_end_tokens = false;
  std::optional<uint32_t> top_logprobs;
  uint32_t context_limit = 0;              // never 0
  std::vector<uint32_t> emitted;
  bool emitted_shortened = false;          // the limit had a hand in them, under a grammar
  uint64_t cache_scope = 0;
  wire::PromptScoring prompt_scoring = wire::PromptScoring::none;
  wire::Priority priority = wire::Priority::interactive;
  std::shared_ptr<const grammar::CompiledGrammar> grammar;  // the text has to be a sentence of it; null = any text

  // The logprobs of the prompt's own tokens are asked for, and with them the logits of every prompt token but the last.
  bool scores_prompt() const { return prompt_scoring != wire::PromptScoring::none && top_logprobs.has_value(); }
};

struct PrepareLimits {
  uint32_t context_length = 0;             // of the engine's slots
  uint32_t vocabulary = 0;                 // ids are below it
  bool embeds_only = false;                // no sequence can be opened
};

inline constexpr size_t most_stop_strings = 64;
inline constexpr size_t most_stop_string_bytes = 1024;
inline constexpr size_t most_stop_tokens = 1024;
inline constexpr uint32_t most_top_logprobs = 20;

// Checks every field, tokenizes, and compiles the grammar; without `grammars` a request that has one is rejected. Safe to
// call from several threads, each with its own `grammars`.
std::variant<PreparedSequence, wire::SequenceRejected> prepare(wire::OpenSequence open, const Tokenizer& tokenizer,
                                                               const PrepareLimits& limits, grammar::GrammarLibrary* grammars = nullptr);

// The prompt of an OpenSequence or Tokenize as tokens; a message when an id is out of range.
std::variant<std::vector<uint32_t>, std::string> tokenize_prompt(const std::vector<wire::PromptSegment>& prompt,
                                                                 bool add_begin_token, const Tokenizer& tokenizer,
                                                                 uint32_t vocabulary);

}  // namespace bitfleet
