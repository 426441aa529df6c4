#include "schedule/scheduler.h"

#include <algorithm>

#include "schedule/prefill_plan.h"

namespace bitfleet {

Scheduler::Scheduler(StepModel& model, const Tokenizer& tokenizer, const SchedulerOptions& options, EventSink& events)
    : model_(model), tokenizer_(tokenizer), options_(options), events_(events), slots_(options.model_slots()), embeddings_(options.pooling, events) {}

void Scheduler::open(PreparedSequence request) {
  const auto reject = [&, id = request.id](wire::Rejection code, std::string message, std::string param) {
    wire::SequenceRejected rejected;
    rejected.sequence_id = id;
    rejected.code = code;
    rejected.message = std::move(message);
    rejected.param = std::move(param);
    events_.send(rejected);
  };
  const auto same_id = [&](const auto& sequence) { return sequence->id() == request.id; };
  if (std::ranges::any_of(sequences_, same_id)) {
    return reject(wire::Rejection::invalid, "sequence_id: a sequence of this id is open", "sequence_id");
  }
  // The tokens to come to the slot are known before the sequence has replayed its emitted ones.
  std::vector<uint32_t> tokens = request.prompt;
  tokens.insert(tokens.end(), request.emitted.begin(), request.emitted.end());
  const Reuse reuse = request.scores_prompt() ? Reuse::nothing : Reuse::longest_prefix;
  auto sequence = std::make_unique<Sequence>(std::move(request), tokenizer_);
  const auto accept = [&] {
    events_.send(wire::SequenceAccepted{sequence->id(), sequence->prompt_tokens(), sequence->cached_tokens});
    for (const auto& told : sequence->unscored_prompt()) events_.send(told);
  };
  if (sequence->alone() && sequence->pending() == 0) {  // nothing to compute, so no slot and no step is needed
    accept();
    events_.send(sequence->finish(wire::FinishReason::length));
    return;
  }
  if (sequences_.size() == options_.slots) return reject(wire::Rejection::busy, "all slots are taken", "");
  auto claim = slots_.claim(tokens, sequence->cache_scope(), reuse);
  if (!claim && embeddings_.give_up_slot(slots_)) claim = slots_.claim(tokens, sequence->cache_scope(), reuse);
  if (!claim) return reject(wire::Rejection::busy, "all slots are taken", "");
  model_.truncate(claim->slot, claim->reused);
  sequence->slot = claim->slot;
  sequence->seen = claim->reused;
  sequence->cached_tokens = std::min(claim->reused, sequence->prompt_tokens());
  accept();
  const auto outcome = sequence->replay_emitted();
  sequences_.push_back(std::move(sequence));
  if (outcome.finished) end(sequences_.end() - 1, *outcome.finished);
}

void Scheduler::cancel(uint64_t sequence_id) {
  const auto found = std::ranges::find_if(sequences_, [&](const auto& sequence) { return sequence->id() == sequence_id; });
  if (found != sequences_.end()) end(found, wire::FinishReason::cancelled);
}

void Scheduler::embed(PreparedEmbedding request) { embeddings_.add(std::move(request)); }

void Scheduler::cancel_embedding(uint64_t request_id) { embeddings_.cancel(request_id, slots_); }

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
  embeddings_.claim_slots(slots_, model_);
  if (sequences_.empty() && embeddings_.running_count() == 0) return;
  // One pending token is a decode step (or the end of a prompt) and always goes; more share the chunk, and so do texts.
  std::vector<uint32_t> pending;
  pending.reserve(sequences_.size() + embeddings_.running_count());
  for (const auto& sequence : sequences_) pending.push_back(sequence->pending() > 1 ? sequence->pending() : 0);
  for (size_t i = 0; i < embeddings_.running_count(); ++i) pending.push_back(embeddings_.running(i).pending());
  const auto shares = options_.causal ? plan_prefill(pending, options_.prefill_chunk, turn_ % pending.size()) : whole_texts();
  turn_ = (turn_ + 1) % pending.size();

  batch_.clear();
  with_logits_.clear();
  with_hidden_.clear();
  add_sequences(std::span(pending).first(sequences_.size()), shares);
  add_embeddings(std::span(shares).subspan(sequences_.size()));
  const auto logits = model_.step(batch_);
  ++steps_;

  pool();
  size_t offset = 0;
  for (const Rows& rows : with_logits_) {
    const size_t length = (rows.scored + (rows.draws ? 1 : 0)) * static_cast<size_t>(model_.vocabulary());
    take_rows(rows, logits.subspan(offset, length));
    offset += length;
  }
}

void Scheduler::add_sequences(std::span<const uint32_t> pending, std::span<const uint32_t> shares) {
  for (size_t i = 0; i < sequences_.size(); ++i) {
    Sequence& sequence = *sequences_[i];
    const uint32_t count = pending[i] == 0 ? 1 : shares[i];
    const auto tokens = sequence.tokens().subspan(sequence.seen, count);
    Rows rows{&sequence, sequence.seen, 0, false};
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t position = sequence.seen + k;
      const bool scores = sequence.scores_after(position);
      const bool draws = sequence.draws_after(position);
      rows.scored += scores ? 1 : 0;
      rows.draws = rows.draws || draws;
      batch_.push_back({tokens[k], position, sequence.slot, scores || draws});
    }
    if (rows.scored > 0 || rows.draws) with_logits_.push_back(rows);
    slots_.append(sequence.slot, tokens);
    sequence.seen += count;
  }
}

void Scheduler::add_embeddings(std::span<const uint32_t> shares) {
  for (size_t i = 0; i < shares.size(); ++i) {
    Embedding& embedding = embeddings_.running(i);
    const auto tokens = embedding.tokens().subspan(embedding.seen, shares[i]);
    for (uint32_t k = 0; k < shares[i]; ++k) {
      const uint32_t position = embedding.seen + k;
      const bool wanted = embedding.wants_hidden(position);
      if (wanted) with_hidden_.push_back(&embedding);
      batch_.push_back({tokens[k], position, embedding.slot, false, wanted});
    }
    slots_.append(embedding.slot, tokens);
    embedding.seen += shares[i];
  }
}

std::vector<uint32_t> Scheduler::whole_texts() {
  std::vector<uint32_t> shares(embeddings_.running_count(), 0);
  uint32_t room = options_.prefill_chunk;
  for (size_t i = 0; i < shares.size(); ++i) {
    const uint32_t pending = embeddings_.running(i).pending();
    if (i > 0 && pending > room) break;  // the first goes whatever its length
    shares[i] = pending;
    room -= std::min(room, pending);
  }
  return shares;
}

void Scheduler::pool() {
  for (uint32_t n = 0; n < with_hidden_.size(); ++n) with_hidden_[n]->pool(model_.hidden(n));
  embeddings_.finish_done(slots_);
}

void Scheduler::take_rows(const Rows& rows, std::span<const float> logits) {
  Sequence& sequence = *rows.sequence;
  const size_t row = model_.vocabulary();
  const auto place = [&] { return std::ranges::find_if(sequences_, [&](const auto& owned) { return owned.get() == &sequence; }); };
  if (rows.scored > 0) {
    const auto scored = sequence.score_prompt(logits.first(rows.scored * row), row, rows.first_position);
    if (!scored) return end(place(), wire::FinishReason::failed);
    events_.send(*scored);
  }
  if (rows.draws) {
    const uint32_t before = sequence.completion_tokens();
    auto outcome = sequence.take_logits(logits.last(row));
    generated_tokens_ += sequence.completion_tokens() - before;
    if (outcome.piece) events_.send(*outcome.piece);
    if (outcome.finished) end(place(), *outcome.finished);
  } else if (sequence.alone() && sequence.pending() == 0) {
    end(place(), wire::FinishReason::length);
  }
}

}  // namespace bitfleet
