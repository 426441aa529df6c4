#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "schedule/draft_plan.h"
#include "schedule/embedding_queue.h"
#include "schedule/event_sink.h"
#include "schedule/kv_pages.h"
#include "schedule/prepare.h"
#include "schedule/sequence.h"
#include "schedule/step_cost.h"
#include "schedule/step_model.h"
#include "tokenizer/tokenizer.h"

namespace bitfleet {

struct SchedulerOptions {
  uint32_t slots = 1;
  uint32_t prefill_chunk = 128;  // most prompt tokens of one step, of all sequences together
  Pooling pooling = Pooling::none;
  bool causal = true;            // false: no sequences, and each text goes into one step whole, which the batch must hold
  // What a step may take while streams wait for its tokens; ten times as much while none does. 0 = whatever it takes.
  std::chrono::microseconds step_budget{0};
  Speculation speculation = Speculation::off;
  std::function<std::chrono::nanoseconds()> now = [] { return std::chrono::steady_clock::now().time_since_epoch(); };

  static constexpr uint32_t most_drafts = 15;  // guessed tokens of one step, of all sequences together
  static constexpr uint32_t least_chunk = 8;   // prompt tokens that a step takes whatever its budget

  // One more than there can be sequences where there are embeddings, so that these always get on.
  uint32_t model_slots() const { return slots + (pooling == Pooling::none ? 0 : 1); }
  // Most tokens of a step; where texts go in whole, the longest of them comes on top.
  uint32_t most_tokens() const { return slots + prefill_chunk + (speculation == Speculation::off ? 0 : most_drafts); }
};

// Continuous batching: every step carries one token of each sequence that is decoding and some prompt tokens, shared evenly
// among the sequences that still read their prompt. How many is bounded by prefill_chunk and by what the step may take, as
// far as earlier steps tell. So a stream waits for a bounded time, whatever prompts arrive; and since logits depend on a
// sequence's own tokens alone, so does every text.
//
// Where no prompt is read, decoding sequences may carry guesses of the tokens to come. Each is drawn anew from the logits of
// its place, with its own random number, and kept only when it is what was guessed: the tokens are those drawn one by one.
//
// When the KV cache is short of pages, those who came last (of the background first) give theirs up and compute them again
// later. A sequence waits for the pages that its text needs before it begins. Of several sequences that would compute the
// same page, one does and the others wait for it. Who has stood back most_setbacks times does so no more: a sequence of the
// background goes by its age like the others, and a text to embed has its room before any sequence that has not begun.
//
// Texts to embed take the slots that sequences leave free, and their part of prefill_chunk; a sequence that finds no slot
// takes the one of a text, which begins again.
//
// The model has options.model_slots() slots, its batch holds options.most_tokens(), and its pages hold the longest text.
// Everything here belongs to the step thread; commands take effect between steps.
class Scheduler {
 public:
  Scheduler(StepModel& model, const Tokenizer& tokenizer, const SchedulerOptions& options, EventSink& events);

  void open(PreparedSequence request);    // sends SequenceAccepted or SequenceRejected
  void cancel(uint64_t sequence_id);      // nothing happens when it is unknown or has ended
  void embed(PreparedEmbedding request);  // sends Embedded, sooner or later
  void cancel_embedding(uint64_t request_id);
  void answer(const wire::Ping& ping);

  bool idle() const { return sequences_.empty() && embeddings_.idle(); }
  // One step of the model and what follows from it. Nothing happens when idle.
  void step();

 private:
  using Sequences = std::vector<std::unique_ptr<Sequence>>;

  // A stretch of positions of one sequence that is part of a step.
  struct Run {
    Sequence* sequence;
    uint32_t count;
    Drafter::Draft draft = {};       // its last positions hold these guesses
    uint32_t first_in_batch = 0;
    uint32_t scored = 0;             // rows of logits that give logprobs of the prompt
    uint32_t first_scored = 0;       // the position of the first of them
    uint32_t drawn = 0;              // rows behind those that are to draw from
  };

  Sequences::iterator place_of(const Sequence& sequence);
  void end(Sequence& sequence, wire::FinishReason reason);
  // Open sequences, those who have to give way last at the end.
  std::vector<Sequence*> by_rank();
  bool begin(Sequence& sequence);
  void note_reuse(Sequence& sequence, uint32_t positions);
  void give_up(Sequence& sequence);
  void begin_waiting();
  void take_what_others_computed(std::span<Sequence* const> ranked);
  bool waits_for_another(const Sequence& sequence, std::span<Sequence* const> readers) const;
  std::vector<Run> plan(std::span<Sequence* const> ranked, std::vector<uint32_t>& embedding_shares);
  uint32_t prefill_budget(uint32_t decoding) const;
  void add_drafts(std::vector<Run>& runs);
  void make_room(std::vector<Run>& runs, std::span<Sequence* const> ranked);
  void add_runs(std::vector<Run>& runs);
  void add_embeddings(std::span<const uint32_t> shares);
  // What of each text goes into the next step where texts go whole.
  std::vector<uint32_t> whole_texts();
  void pool();
  // logits: [rows of it, vocabulary].
  void take_rows(const Run& run, std::span<const float> logits);

  StepModel& model_;
  const Tokenizer& tokenizer_;
  SchedulerOptions options_;
  EventSink& events_;
  KvPages pages_;
  Sequences sequences_;              // open ones, in the order they were opened
  EmbeddingQueue embeddings_;
  StepCost mixed_cost_;              // of steps with prompt tokens in them, by tokens
  StepCost decode_cost_;             // of steps without, where every token has logits
  size_t turn_ = 0;                  // whose prompt comes first in the next step
  std::vector<BatchToken> batch_;
  std::vector<Embedding*> with_hidden_;  // of the step in progress, one for each hidden state, in batch order
  uint64_t steps_ = 0;
  uint64_t generated_tokens_ = 0;
};

}  // namespace bitfleet
