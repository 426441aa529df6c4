#include "schedule/scheduler.h"

#include <algorithm>

#include "schedule/prefill_plan.h"

namespace bitfleet {

Scheduler::Scheduler(StepModel& model, const Tokenizer& tokenizer, const SchedulerOptions& options, EventSink& events)
    : model_(model), tokenizer_(tokenizer), options_(options), events_(events), slots_(options.slots) {}

void Scheduler::open(PreparedSequence request) {
  const auto reject = [&](wire::Rejection code, std::string message, std::string param) {
    wire::SequenceRejected rejected;
    rejected.sequence_id = request.id;
    rejected.code = code;
    rejected.message = std::move(message);
    rejected.param = std::move(param);
    events_.send(rejected);
  };
  const auto same_id = [&](const auto& sequence) { return sequence->id() == request.id; };
  if (std::ranges::any_of(sequences_, same_id)) {
    return reject(wire::Rejection::invalid, "sequence_id: a sequence of this id is open", "sequence_id");
  }
  // The tokens to come to the slot are known before the sequence exists, but only it replays emitted ones.
  std::vector<uint32_t> tokens = request.prompt;
  tokens.insert(tokens.end(), request.emitted.begin(), request.emitted.end());
  const auto claim = slots_.claim(tokens, request.cache_scope);
  if (!claim) return reject(wire::Rejection::busy, "all slots are taken", "");
  model_.truncate(claim->slot, claim->reused);

  auto sequence = std::make_unique<Sequence>(std::move(request), tokenizer_);
  sequence->slot = claim->slot;
  sequence->seen = claim->reused;
  sequence->cached_tokens = std::min(claim->reused, sequence->prompt_tokens());
  events_.send(wire::SequenceAccepted{sequence->id(), sequence->prompt_tokens(), sequence->cached_tokens});
  const auto outcome = sequence->replay_emitted();
  sequences_.push_back(std::move(sequence));
  if (outcome.finished) end(sequences_.end() - 1, *outcome.finished);
}

void Scheduler::cancel(uint64_t sequence_id) {
  const auto found = std::ranges::find_if(sequences_, [&](const auto& sequence) { return sequence->id() == sequence_id; });
  if (found != sequences_.end()) end(found, wire::FinishReason::cancelled);
}

void Scheduler::answer(const wire::Ping& ping) {
  events_.send(wire::Pong{ping.request_id, steps_, static_cast<uint32_t>(sequences_.size()), generated_tokens_});
}

void Scheduler::end(Sequences::iterator sequence, wire::FinishReason reason) {
  const uint32_t slot = (*sequence)->slot;
  // A cache that led to NaN must lead nobody else there.
  if (reason == wire::FinishReason::failed) slots_.forget(slot);
  slots_.release(slot);
  const wire::SequenceFinished finished = (*sequence)->finish(reason);
  const auto index = static_cast<size_t>(sequence - sequences_.begin());
  sequences_.erase(sequence);
  if (turn_ > index) --turn_;
  events_.send(finished);
}

void Scheduler::step() {
  if (sequences_.empty()) return;
  // One pending token is a decode step (or the end of a prompt) and always goes; more share the chunk.
  std::vector<uint32_t> pending;
  pending.reserve(sequences_.size());
  for (const auto& sequence : sequences_) pending.push_back(sequence->pending() > 1 ? sequence->pending() : 0);
  const auto shares = plan_prefill(pending, options_.prefill_chunk, turn_);
  turn_ = (turn_ + 1) % sequences_.size();

  batch_.clear();
  std::vector<Sequence*> with_logits;  // in batch order
  for (size_t i = 0; i < sequences_.size(); ++i) {
    Sequence& sequence = *sequences_[i];
    const uint32_t count = pending[i] == 0 ? 1 : shares[i];
    const auto tokens = sequence.tokens().subspan(sequence.seen, count);
    const bool last = count == sequence.pending();
    for (uint32_t k = 0; k < count; ++k) {
      batch_.push_back({tokens[k], sequence.seen + k, sequence.slot, last && k + 1 == count});
    }
    if (last && count > 0) with_logits.push_back(&sequence);
    slots_.append(sequence.slot, tokens);
    sequence.seen += count;
  }
  const auto logits = model_.step(batch_);
  ++steps_;

  const size_t row = model_.vocabulary();
  for (size_t i = 0; i < with_logits.size(); ++i) {
    Sequence* const sequence = with_logits[i];
    const uint32_t before = sequence->completion_tokens();
    auto outcome = sequence->take_logits(logits.subspan(i * row, row));
    generated_tokens_ += sequence->completion_tokens() - before;
    if (outcome.piece) events_.send(*outcome.piece);
    if (outcome.finished) {
      const auto place = std::ranges::find_if(sequences_, [&](const auto& owned) { return owned.get() == sequence; });
      end(place, *outcome.finished);
    }
  }
}

}  // namespace bitfleet
