#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The messages of bitfleet/engine/v1/engine.proto, field by field and under the same names; the meaning, units and
// order of them are written there. Plain values: owned by whoever holds them, safe to move between threads.
namespace bitfleet::wire {

inline constexpr uint32_t protocol_version = 1;

// std::monostate: no member set, or one this build does not know.
using PromptSegment = std::variant<std::monostate, std::string, std::vector<uint32_t>>;  // text | tokens

struct Sampling {
  float temperature = 0;
  uint32_t top_k = 0;
  float top_p = 0;
  float min_p = 0;
  float typical_p = 0;
  float repeat_penalty = 0;
  uint32_t repeat_last_n = 0;
  float presence_penalty = 0;
  float frequency_penalty = 0;
  std::map<uint32_t, float> logit_bias;
  uint64_t seed = 0;
  bool operator==(const Sampling&) const = default;
};

enum class PromptScoring : uint32_t { none = 0, with_completion = 1, alone = 2 };

enum class Priority : uint32_t { interactive = 0, background = 1 };

struct OpenSequence {
  uint64_t sequence_id = 0;
  std::vector<PromptSegment> prompt;
  std::optional<Sampling> sampling;  // absent: greedy, everything else off
  uint32_t max_tokens = 0;
  std::vector<uint32_t> stop_tokens;
  std::vector<std::string> stop_strings;
  bool ignore_end_tokens = false;
  std::optional<uint32_t> top_logprobs;
  uint32_t context_limit = 0;
  std::vector<uint32_t> emitted;
  bool emitted_shortened = false;
  uint64_t cache_scope = 0;
  bool add_begin_token = false;
  std::string grammar;
  PromptScoring prompt_scoring = PromptScoring::none;
  Priority priority = Priority::interactive;
  bool operator==(const OpenSequence&) const = default;
};

struct CancelSequence {
  uint64_t sequence_id = 0;
  bool operator==(const CancelSequence&) const = default;
};

struct Tokenize {
  uint64_t request_id = 0;
  std::vector<PromptSegment> prompt;
  bool add_begin_token = false;
  bool with_pieces = false;
  uint32_t most_tokens = 0;  // 0 = any number
  bool operator==(const Tokenize&) const = default;
};

struct Detokenize {
  uint64_t request_id = 0;
  std::vector<uint32_t> ids;
  bool render_control = false;
  bool operator==(const Detokenize&) const = default;
};

struct Ping {
  uint64_t request_id = 0;
  bool operator==(const Ping&) const = default;
};

struct Embed {
  uint64_t request_id = 0;
  std::vector<PromptSegment> prompt;
  bool add_begin_token = false;
  uint64_t cache_scope = 0;
  bool operator==(const Embed&) const = default;
};

struct CancelEmbed {
  uint64_t request_id = 0;
  bool operator==(const CancelEmbed&) const = default;
};

using EngineCommand = std::variant<std::monostate, OpenSequence, CancelSequence, Tokenize, Detokenize, Ping, Embed, CancelEmbed>;

struct Loading {
  uint32_t protocol = 0;
  std::string engine_version;
  bool operator==(const Loading&) const = default;
};

struct Ready {
  uint32_t protocol = 0;
  std::string engine_version;
  std::string kernel;
  uint32_t threads = 0;
  uint32_t slots = 0;
  uint32_t context_length = 0;
  std::string architecture;
  std::string model_name;
  uint32_t vocabulary_size = 0;
  std::string fingerprint;
  uint64_t parameters = 0;
  uint64_t model_bytes = 0;
  uint64_t kv_cache_bytes = 0;
  std::vector<std::string> assumptions;
  uint32_t load_millis = 0;
  uint32_t embedding_size = 0;
  std::string pooling;
  bool embeds_only = false;
  bool operator==(const Ready&) const = default;
};

struct LoadFailed {
  std::string code;
  std::string message;
  bool operator==(const LoadFailed&) const = default;
};

struct SequenceAccepted {
  uint64_t sequence_id = 0;
  uint32_t prompt_tokens = 0;
  uint32_t cached_tokens = 0;
  bool operator==(const SequenceAccepted&) const = default;
};

enum class Rejection : uint32_t { unspecified = 0, busy = 1, invalid = 2, context_length_exceeded = 3, empty_prompt = 4 };

struct SequenceRejected {
  uint64_t sequence_id = 0;
  Rejection code = Rejection::unspecified;
  std::string message;
  std::string param;
  uint32_t prompt_tokens = 0;
  uint32_t context_length = 0;
  bool operator==(const SequenceRejected&) const = default;
};

struct TokenLogprob {
  uint32_t id = 0;
  std::string text;
  float logprob = 0;
  bool operator==(const TokenLogprob&) const = default;
};

struct TokenInfo {
  uint32_t id = 0;
  std::string text;
  std::optional<float> logprob;
  std::vector<TokenLogprob> top;
  bool operator==(const TokenInfo&) const = default;
};

struct TokenPiece {
  uint64_t sequence_id = 0;
  uint32_t number = 0;
  std::string text;
  std::vector<TokenInfo> tokens;
  bool shortened = false;
  bool operator==(const TokenPiece&) const = default;
};

enum class FinishReason : uint32_t {
  unspecified = 0, stop_token = 1, stop_string = 2, length = 3, cancelled = 4, failed = 5
};

struct SequenceFinished {
  uint64_t sequence_id = 0;
  FinishReason reason = FinishReason::unspecified;
  std::string matched_stop;
  uint32_t prompt_tokens = 0;
  uint32_t cached_tokens = 0;
  uint32_t completion_tokens = 0;
  uint64_t prefill_micros = 0;
  uint64_t decode_micros = 0;
  std::string message;
  bool operator==(const SequenceFinished&) const = default;
};

struct Tokenized {
  uint64_t request_id = 0;
  std::vector<uint32_t> ids;
  std::string error;
  std::vector<std::string> pieces;
  uint32_t at_least = 0;
  bool operator==(const Tokenized&) const = default;
};

struct Detokenized {
  uint64_t request_id = 0;
  std::string text;
  std::string error;
  bool operator==(const Detokenized&) const = default;
};

struct Pong {
  uint64_t request_id = 0;
  uint64_t steps = 0;
  uint32_t open_sequences = 0;
  uint64_t generated_tokens = 0;
  bool operator==(const Pong&) const = default;
};

struct ProtocolFault {
  std::string message;
  bool operator==(const ProtocolFault&) const = default;
};

struct PromptScored {
  uint64_t sequence_id = 0;
  std::vector<TokenInfo> tokens;
  bool operator==(const PromptScored&) const = default;
};

enum class EmbedError : uint32_t {
  none = 0, unsupported = 1, invalid = 2, context_length_exceeded = 3, empty = 4, busy = 5, failed = 6
};

struct Embedded {
  uint64_t request_id = 0;
  std::vector<float> values;
  uint32_t prompt_tokens = 0;
  EmbedError error = EmbedError::none;
  std::string message;
  uint32_t context_length = 0;
  uint32_t cached_tokens = 0;
  bool operator==(const Embedded&) const = default;
};

using EngineEvent = std::variant<std::monostate, Loading, Ready, LoadFailed, SequenceAccepted, SequenceRejected,
                                 TokenPiece, SequenceFinished, Tokenized, Detokenized, Pong, ProtocolFault, PromptScored, Embedded>;

// Canonical bytes: equal messages give equal bytes, those of the reference library in deterministic mode.
std::string encode(const EngineCommand& command);
std::string encode(const EngineEvent& event);

// Unknown fields are skipped; of a repeated oneof the last wins, and parts of one message are merged, as the format
// asks. Throws MalformedMessage.
EngineCommand decode_command(std::string_view bytes);
EngineEvent decode_event(std::string_view bytes);

}  // namespace bitfleet::wire
