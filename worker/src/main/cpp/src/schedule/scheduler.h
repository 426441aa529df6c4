#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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
};

// Continuous batching: every step carries one token of each sequence that is decoding and at most prefill_chunk prompt
// tokens, shared evenly among the sequences that still read their prompt. So a stream waits for one chunk at most,
// whatever prompts arrive; and since logits depend on a sequence's own tokens alone, so does every text.
//
// The model's batch must hold slots + prefill_chunk tokens. Everything here belongs to the step thread; commands take
// effect between steps.
class Scheduler {
 public:
  Scheduler(StepModel& model, const Tokenizer& tokenizer, const SchedulerOptions& options, EventSink& events);

  void open(PreparedSequence request);    // sends SequenceAccepted or SequenceRejected
  void cancel(uint64_t sequence_id);      // nothing happens when it is unknown or has ended
  void answer(const wire::Ping& ping);

  bool idle() const { return sequences_.empty(); }
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
  // logits: [rows of it, vocabulary].
  void take_rows(const Rows& rows, std::span<const float> logits);

  StepModel& model_;
  const Tokenizer& tokenizer_;
  SchedulerOptions options_;
  EventSink& events_;
  SlotTable slots_;
  Sequences sequences_;              // open ones, in the order they were opened
  size_t turn_ = 0;                  // whose prompt comes first in the next step
  std::vector<BatchToken> batch_;
  std::vector<Rows> with_logits_;    // of the step in progress, in batch order
  uint64_t steps_ = 0;
  uint64_t generated_tokens_ = 0;
};

}  // namespace bitfleet
