#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sample/sampler.h"
#include "schedule/drafter.h"
#include "schedule/grammar_bound.h"
#include "schedule/prepare.h"
#include "schedule/step_model.h"
#include "text/completion_text.h"
#include "tokenizer/tokenizer.h"
#include "wire/messages.h"

namespace bitfleet {

// One accepted sequence: its tokens, how many of them the model has seen, and the way from logits to pieces. Knows
// nothing of slots or of other sequences. Owned by the step thread.
class Sequence {
 public:
  using Clock = std::chrono::steady_clock;

  Sequence(PreparedSequence request, const Tokenizer& tokenizer);

  // What one token brought about.
  struct Outcome {
    std::optional<wire::TokenPiece> piece;
    std::optional<wire::FinishReason> finished;
  };

  // Takes the tokens of the completion that were drawn elsewhere, in silence. Finished when they end it already.
  Outcome replay_emitted();

  // What can be told of the prompt before any logits, in messages of bounded size: nothing when nobody asked, all its tokens
  // when their logprobs are not wanted, and otherwise its first token when it is the only one.
  std::vector<wire::PromptScored> unscored_prompt() const;

  // Tells of the prompt tokens that follow those at `first_position` and on, from the logits of these: `rows` has
  // [count, row_length]. At position 0 the first token goes with them. nullopt when a logit is not finite.
  std::optional<wire::PromptScored> score_prompt(std::span<const float> rows, size_t row_length, uint32_t first_position);

  // Draws the next token from `logits` [vocabulary], which belong to the last token.
  Outcome take_logits(std::span<const float> logits);

  // Says why it is about to be finished as failed.
  void refuse(std::string message) { failure_ = std::move(message); }

  // A logit was not finite: what led there must lead nobody else there.
  bool poisoned() const { return poisoned_; }

  // Everything still held, when the sequence ends for a reason of the caller's.
  wire::SequenceFinished finish(wire::FinishReason reason);

  uint64_t id() const { return request_.id; }
  uint64_t cache_scope() const { return request_.cache_scope; }
  std::span<const uint32_t> tokens() const { return tokens_; }  // prompt, then completion
  uint32_t prompt_tokens() const { return static_cast<uint32_t>(request_.prompt.size()); }
  uint32_t completion_tokens() const { return completion_tokens_; }
  uint32_t tokens_left() const;      // that may still be drawn
  uint32_t context_limit() const { return request_.context_limit; }

  // Whether it lets others go first: not when it has stood back often, or it might for ever.
  bool background() const { return request_.priority == wire::Priority::background && setbacks < most_setbacks; }

  // Bookkeeping of the scheduler.
  uint32_t setbacks = 0;         // how often it gave its pages up, or another began while it waited for some
  uint32_t slot = 0;
  bool begun = false;            // it has room in the KV cache
  uint32_t seen = 0;             // leading tokens in the KV cache
  uint32_t furthest = 0;         // the most that seen has been
  uint32_t cached_tokens = 0;    // of the prompt, not computed for this sequence
  Drafter drafter;
  uint32_t pending() const { return computed_tokens() - seen; }
  // Whether the logits of the token at this position serve to draw the next token of the completion.
  bool draws_after(uint32_t position) const { return !alone() && position + 1 == tokens_.size(); }
  // Whether they give the logprob of the prompt token that follows.
  bool scores_after(uint32_t position) const {
    return request_.scores_prompt() && position >= scored_ && position + 1 < prompt_tokens();
  }
  // Whether its prompt has to be computed from the first token.
  bool scores_prompt() const { return request_.scores_prompt(); }
  // Nothing is to be drawn: the sequence is over when pending() is 0.
  bool alone() const { return request_.prompt_scoring == wire::PromptScoring::alone; }

 private:
  // Leading tokens the model has to see. The logits of the last one serve to draw alone.
  uint32_t computed_tokens() const {
    if (!alone()) return static_cast<uint32_t>(tokens_.size());
    return request_.scores_prompt() ? prompt_tokens() - 1 : 0;
  }

  struct HeldToken {
    wire::TokenInfo info;
    bool delivered;              // by whoever drew it; its text and info do not go out again
  };

  Outcome take_token(uint32_t token, wire::TokenInfo info, bool delivered);
  std::optional<wire::TokenPiece> piece_of(CompletionText::Settled settled);
  wire::TokenInfo info_of(uint32_t token, std::span<const float> logits) const;
  Outcome failed(std::string message);
  Outcome ended(Outcome outcome, wire::FinishReason reason);

  PreparedSequence request_;
  const Tokenizer& tokenizer_;
  std::vector<uint32_t> tokens_;
  uint32_t completion_tokens_ = 0;   // emitted ones included, the end token too
  Sampler sampler_;
  CompletionText text_;
  std::optional<GrammarBound> grammar_;
  std::deque<HeldToken> held_;
  uint32_t next_piece_ = 0;
  std::string matched_stop_;
  uint32_t scored_ = 0;              // positions whose logits have given the logprob of what follows
  std::string failure_;
  bool poisoned_ = false;
  Clock::time_point opened_ = Clock::now();
  std::optional<Clock::time_point> first_token_;
};

}  // namespace bitfleet
