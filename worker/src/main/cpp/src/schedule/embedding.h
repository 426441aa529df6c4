#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "model/pooling.h"
#include "schedule/prepare.h"
#include "tokenizer/tokenizer.h"
#include "wire/messages.h"

namespace bitfleet {

// A text to embed that has passed every check which needs no slot.
struct PreparedEmbedding {
  uint64_t request_id = 0;
  std::vector<uint32_t> tokens;  // not empty, at most the context
  uint64_t cache_scope = 0;
};

// Checks and tokenizes. With add_begin_token the text gets the begin and the end token that the model's metadata ask for:
// pooling over the last token stands on the end token being there. Pure; safe to call from several threads.
std::variant<PreparedEmbedding, wire::Embedded> prepare_embedding(const wire::Embed& embed, const Tokenizer& tokenizer,
                                                                  const PrepareLimits& limits);

// The answer to a request that gets no embedding.
wire::Embedded refused_embedding(uint64_t request_id, wire::EmbedError code, std::string message);

// One text on its way through the model: how much of it has been computed, and what has been pooled. Owned by the step thread.
class Embedding {
 public:
  Embedding(PreparedEmbedding request, Pooling pooling) : request_(std::move(request)), pooling_(pooling) {}

  uint64_t request_id() const { return request_.request_id; }
  uint64_t cache_scope() const { return request_.cache_scope; }
  std::span<const uint32_t> tokens() const { return request_.tokens; }

  // A prefix computed before serves only where no hidden state of it is needed.
  bool can_reuse() const { return pooling_ == Pooling::last; }
  bool wants_hidden(uint32_t position) const;

  // The hidden states of those tokens that wanted them, each [embedding], by ascending position.
  void pool(std::span<const float> hidden);

  // The L2-normalised embedding, or `failed` when it is not finite. Once, when pending() is 0.
  wire::Embedded finish() const;

  // Begins again from nothing: its slot is needed for something else.
  void start_over();

  uint32_t slot = 0;
  uint32_t seen = 0;           // leading tokens in the KV cache
  uint32_t setbacks = 0;       // how often it gave its room up, or another began while it waited for some
  uint32_t cached_tokens = 0;  // of those, computed for somebody else before
  uint32_t pending() const { return static_cast<uint32_t>(request_.tokens.size()) - seen; }

 private:
  PreparedEmbedding request_;
  Pooling pooling_;
  std::vector<double> sum_;    // [embedding] of the hidden states so far; one of them but for the mean
};

}  // namespace bitfleet
