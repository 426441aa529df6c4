#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "schedule/embedding_queue.h"
#include "schedule/event_sink.h"
#include "schedule/prepare.h"
#include "schedule/sequence.h"
#include "schedule/slot_table.h"
#include "schedule/step_model.h"
#include "tokenizer/tokenizer.h"

namespace bitfleet {

struct SchedulerOptions {
  uint32_t slots = 1;
  uint32_t prefill_chunk = 128;  // prompt tokens of one step, of all sequences together
  Pooling pooling = Pooling::none;
  bool causal = true;            // false: no sequences, and each text goes into one step whole, which the batch must hold

  // One more than there can be sequences where there are embeddings, so that these always get on.
  uint32_t model_slots() const { return slots + (pooling == Pooling::none ? 0 : 1); }
};

// Continuous batching: every step carries one token of each sequence that is decoding and at most prefill_chunk prompt
// tokens, shared evenly among the sequences that still read their prompt. So a stream waits for one chunk at most,
// whatever prompts arrive; and since logits depend on a sequence's own tokens alone, so does every text.
//
// Texts to embed take the slots that sequences leave free, and their part of prefill_chunk; a sequence that finds no slot
// takes the one of a text, which begins again.
//
// The model has options.model_slots() slots, and its batch must hold slots + prefill_chunk tokens. Everything here belongs to the step thread; commands take
// effect between steps.
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

  // A stretch of positions of one sequence whose logits a step was asked for.
  struct Rows {
    Sequence* sequence;
    uint32_t first_position;
    uint32_t scored;  // rows that give logprobs of the prompt, from first_position on
    bool draws;       // one more, the last, is to draw from
  };

  void end(Sequences::iterator sequence, wire::FinishReason reason);
  void add_sequences(std::span<const uint32_t> pending, std::span<const uint32_t> shares);
  void add_embeddings(std::span<const uint32_t> shares);
  // What of each text goes into the next step where texts go whole.
  std::vector<uint32_t> whole_texts();
  void pool();
  // logits: [rows of it, vocabulary].
  void take_rows(const Rows& rows, std::span<const float> logits);

  StepModel& model_;
  const Tokenizer& tokenizer_;
  SchedulerOptions options_;
  EventSink& events_;
  SlotTable slots_;
  Sequences sequences_;              // open ones, in the order they were opened
  EmbeddingQueue embeddings_;
  size_t turn_ = 0;                  // whose prompt comes first in the next step
  std::vector<BatchToken> batch_;
  std::vector<Rows> with_logits_;    // of the step in progress, in batch order
  std::vector<Embedding*> with_hidden_;  // of the step in progress, one for each hidden state, in batch order
  uint64_t steps_ = 0;
  uint64_t generated_tokens_ = 0;
};

}  // namespace bitfleet
