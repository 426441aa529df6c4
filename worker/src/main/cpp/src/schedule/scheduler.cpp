#include "schedule/scheduler.h"

#include <algorithm>
#include <stdexcept>

#include "model/kv_cache.h"
#include "schedule/prefill_plan.h"

namespace bitfleet {

Scheduler::Scheduler(StepModel& model, const Tokenizer& tokenizer, const SchedulerOptions& options, EventSink& events)
    : model_(model),
      tokenizer_(tokenizer),
      options_(options),
      events_(events),
      pages_(model, options.model_slots()),
      embeddings_(options.pooling, options.causal, events) {}

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
  auto slot = pages_.take_slot();
  if (!slot && embeddings_.give_up_slot(pages_)) slot = pages_.take_slot();
  if (!slot) return reject(wire::Rejection::busy, "all slots are taken", "");
  sequence->slot = *slot;
  const auto outcome = sequence->replay_emitted();
  const bool first_in_line = std::ranges::all_of(sequences_, [](const auto& other) { return other->begun; });
  if (!outcome.finished && first_in_line && !embeddings_.due_waits()) begin(*sequence);
  accept();
  sequences_.push_back(std::move(sequence));
  if (outcome.finished) end(*sequences_.back(), *outcome.finished);
}

void Scheduler::cancel(uint64_t sequence_id) {
  const auto found = std::ranges::find_if(sequences_, [&](const auto& sequence) { return sequence->id() == sequence_id; });
  if (found != sequences_.end()) end(**found, wire::FinishReason::cancelled);
}

void Scheduler::embed(PreparedEmbedding request) { embeddings_.add(std::move(request)); }

void Scheduler::cancel_embedding(uint64_t request_id) { embeddings_.cancel(request_id, pages_); }

void Scheduler::answer(const wire::Ping& ping) {
  events_.send(wire::Pong{ping.request_id, steps_, static_cast<uint32_t>(sequences_.size()), generated_tokens_});
}

Scheduler::Sequences::iterator Scheduler::place_of(const Sequence& sequence) {
  return std::ranges::find_if(sequences_, [&](const auto& owned) { return owned.get() == &sequence; });
}

void Scheduler::end(Sequence& sequence, wire::FinishReason reason) {
  if (sequence.poisoned()) pages_.forget(sequence.slot);
  pages_.release(sequence.slot);
  const wire::SequenceFinished finished = sequence.finish(reason);
  const auto place = place_of(sequence);
  if (turn_ > static_cast<size_t>(place - sequences_.begin())) --turn_;
  sequences_.erase(place);
  events_.send(finished);
}

std::vector<Sequence*> Scheduler::by_rank() {
  std::vector<Sequence*> ranked;
  ranked.reserve(sequences_.size());
  for (const auto& sequence : sequences_) ranked.push_back(sequence.get());
  std::ranges::stable_partition(ranked, [](const Sequence* sequence) { return !sequence->background(); });
  return ranked;
}

// ---- room in the KV cache ------------------------------------------------------------------------------------------

bool Scheduler::begin(Sequence& sequence) {
  // A page for each of the others that may still grow: they would soon take it back.
  const auto grows = [&](const auto& other) { return other->begun && pages_.held(other->slot) < pages_for(other->context_limit()); };
  const auto spare = static_cast<uint32_t>(std::ranges::count_if(sequences_, grows));
  const Sharing sharing = sequence.scores_prompt() ? Sharing::leave : Sharing::both;
  const auto positions = pages_.begin(sequence.slot, sequence.tokens(), sequence.cache_scope(), sharing, spare);
  if (!positions) return false;
  sequence.begun = true;
  note_reuse(sequence, *positions);
  for (const auto& other : sequences_) {
    if (!other->begun) ++other->setbacks;
  }
  embeddings_.passed_over();
  return true;
}

void Scheduler::note_reuse(Sequence& sequence, uint32_t positions) {
  // What it had computed itself before it gave up its pages is no gift.
  const auto within_prompt = [&](uint32_t position) { return std::min(position, sequence.prompt_tokens()); };
  if (positions > sequence.furthest) sequence.cached_tokens += within_prompt(positions) - within_prompt(sequence.furthest);
  sequence.seen = positions;
  sequence.furthest = std::max(sequence.furthest, positions);
}

void Scheduler::give_up(Sequence& sequence) {
  pages_.clear(sequence.slot);
  sequence.begun = false;
  sequence.seen = 0;
  ++sequence.setbacks;
}

// In their order: one that is small does not overtake one that waits for much, or that might wait for ever.
void Scheduler::begin_waiting() {
  if (embeddings_.due_waits()) return;  // what becomes free is for a text that has stood back long enough
  for (Sequence* sequence : by_rank()) {
    if (sequence->begun) continue;
    while (!begin(*sequence)) {
      if (embeddings_.give_up_slot(pages_)) continue;
      const bool others_end = std::ranges::any_of(sequences_, [](const auto& other) { return other->begun; });
      if (others_end || embeddings_.running_count() > 0) return;
      sequence->refuse("the KV cache has " + std::to_string(pages_.size()) + " pages, too few for this text");
      end(*sequence, wire::FinishReason::failed);
      break;
    }
  }
}

void Scheduler::take_what_others_computed(std::span<Sequence* const> ranked) {
  for (Sequence* sequence : ranked) {
    if (sequence->begun && sequence->pending() > 1) note_reuse(*sequence, pages_.go_on(sequence->slot, sequence->tokens()));
  }
}

bool Scheduler::waits_for_another(const Sequence& sequence, std::span<Sequence* const> readers) const {
  if (sequence.pending() <= kv_page) return false;
  const auto page_of = [&](const Sequence& of) { return of.tokens().subspan(sequence.seen, kv_page); };
  return std::ranges::any_of(readers, [&](const Sequence* reader) {
    return reader->tokens().size() >= sequence.seen + kv_page && pages_.beside(sequence.slot, reader->slot) &&
           std::ranges::equal(page_of(*reader), page_of(sequence));
  });
}

// Every run gets the pages for its positions; who came last makes room for the others and leaves the step.
void Scheduler::make_room(std::vector<Run>& runs, std::span<Sequence* const> ranked) {
  for (Sequence* sequence : ranked) {
    const auto run = std::ranges::find(runs, sequence, &Run::sequence);
    if (run == runs.end()) continue;
    const auto needed = sequence->seen + run->count - static_cast<uint32_t>(run->draft.tokens.size());
    while (sequence->begun && !pages_.reserve(sequence->slot, needed)) {
      if (embeddings_.give_up_slot(pages_)) continue;
      const auto last = std::ranges::find_if(ranked.rbegin(), ranked.rend(), [](const Sequence* other) { return other->begun; });
      give_up(**last);
    }
    // Guesses are worth a free page, but nobody's place.
    if (!run->draft.tokens.empty() && sequence->begun && !pages_.reserve(sequence->slot, sequence->seen + run->count)) {
      run->count -= static_cast<uint32_t>(run->draft.tokens.size());
      run->draft = {};
    }
  }
  std::erase_if(runs, [](const Run& run) { return !run.sequence->begun; });
}

// ---- what goes into a step -----------------------------------------------------------------------------------------

uint32_t Scheduler::prefill_budget(uint32_t decoding) const {
  if (options_.step_budget.count() == 0) return options_.prefill_chunk;
  const uint32_t least = std::min(options_.prefill_chunk, SchedulerOptions::least_chunk);
  const double seconds = std::chrono::duration<double>(options_.step_budget).count();
  if (decoding == 0) return mixed_cost_.fitting(0, options_.prefill_chunk, least, 10 * seconds);
  return mixed_cost_.known() ? mixed_cost_.fitting(decoding, options_.prefill_chunk, least, seconds) : least;
}

std::vector<Scheduler::Run> Scheduler::plan(std::span<Sequence* const> ranked, std::vector<uint32_t>& embedding_shares) {
  // One pending token is a decode step (or the end of a prompt) and always goes; more share the chunk, and so do texts.
  std::vector<Sequence*> readers;
  uint32_t decoding = 0;
  for (Sequence* sequence : ranked) {
    if (!sequence->begun) continue;
    if (sequence->pending() == 1) ++decoding;
    else if (!waits_for_another(*sequence, readers)) readers.push_back(sequence);
  }
  std::vector<Run> runs;
  std::vector<uint32_t> pending;
  std::vector<bool> background;
  std::vector<Sequence*> in_turn;
  for (const auto& sequence : sequences_) {
    if (!sequence->begun) continue;
    if (sequence->pending() == 1) {
      runs.push_back({sequence.get(), 1});
    } else if (std::ranges::find(readers, sequence.get()) != readers.end()) {
      in_turn.push_back(sequence.get());
      pending.push_back(sequence->pending());
      background.push_back(sequence->background());
    }
  }
  for (size_t i = 0; i < embeddings_.running_count(); ++i) {
    pending.push_back(embeddings_.running(i).pending());
    background.push_back(false);
  }
  if (!options_.causal) {
    embedding_shares = whole_texts();
    return runs;
  }
  if (pending.empty()) return runs;
  const auto shares = plan_prefill(pending, background, prefill_budget(decoding), turn_ % pending.size());
  ++turn_;
  for (size_t i = 0; i < in_turn.size(); ++i) {
    if (shares[i] > 0) runs.push_back({in_turn[i], shares[i]});
  }
  embedding_shares.assign(shares.begin() + static_cast<std::ptrdiff_t>(in_turn.size()), shares.end());
  return runs;
}

void Scheduler::add_drafts(std::vector<Run>& runs) {
  if (options_.speculation == Speculation::off || runs.empty()) return;
  const auto decodes = [](const Run& run) { return run.sequence->pending() == 1 && run.sequence->draws_after(run.sequence->seen); };
  if (!std::ranges::all_of(runs, decodes)) return;
  std::vector<DraftOffer> offers;
  for (Run& run : runs) {
    const uint32_t useful = std::min(SchedulerOptions::most_drafts, run.sequence->tokens_left() - 1);
    run.draft = run.sequence->drafter.propose(run.sequence->tokens(), useful);
    offers.push_back({static_cast<uint32_t>(run.draft.tokens.size()), run.draft.chance});
  }
  const auto taken = plan_drafts(offers, static_cast<uint32_t>(runs.size()), SchedulerOptions::most_drafts, options_.speculation, decode_cost_);
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].draft.tokens.resize(taken[i]);
    runs[i].count += taken[i];
  }
}

void Scheduler::step() {
  begin_waiting();
  const auto ranked = by_rank();
  take_what_others_computed(ranked);
  embeddings_.claim_slots(pages_);
  std::vector<uint32_t> embedding_shares;
  auto runs = plan(ranked, embedding_shares);
  const bool decodes_alone = std::ranges::all_of(embedding_shares, [](uint32_t share) { return share == 0; }) &&
                             std::ranges::all_of(runs, [](const Run& run) { return run.count == 1; });
  if (decodes_alone) add_drafts(runs);
  make_room(runs, ranked);
  embedding_shares.resize(std::min(embedding_shares.size(), embeddings_.running_count()));  // some may have given way

  batch_.clear();
  with_hidden_.clear();
  add_runs(runs);
  add_embeddings(embedding_shares);
  if (batch_.empty()) return;
  const auto before = options_.now();
  const auto logits = model_.step(batch_);
  const double seconds = std::chrono::duration<double>(options_.now() - before).count();
  (decodes_alone ? decode_cost_ : mixed_cost_).record(static_cast<uint32_t>(batch_.size()), seconds);
  ++steps_;

  pool();
  size_t offset = 0;
  for (const Run& run : runs) {
    const size_t length = (run.scored + run.drawn) * static_cast<size_t>(model_.vocabulary());
    take_rows(run, logits.subspan(offset, length));
    offset += length;
  }
}

void Scheduler::add_runs(std::vector<Run>& runs) {
  for (Run& run : runs) {
    const Sequence& sequence = *run.sequence;
    const auto known = run.count - static_cast<uint32_t>(run.draft.tokens.size());
    run.first_in_batch = static_cast<uint32_t>(batch_.size());
    for (uint32_t k = 0; k < run.count; ++k) {
      const uint32_t position = sequence.seen + k;
      const uint32_t token = k < known ? sequence.tokens()[position] : run.draft.tokens[k - known];
      const bool scores = sequence.scores_after(position);
      const bool draws = k >= known || sequence.draws_after(position);
      if (scores && run.scored++ == 0) run.first_scored = position;
      run.drawn += draws ? 1 : 0;
      batch_.push_back({token, position, sequence.slot, scores || draws});
    }
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

// ---- what follows from a step --------------------------------------------------------------------------------------

void Scheduler::pool() {
  for (uint32_t n = 0; n < with_hidden_.size(); ++n) with_hidden_[n]->pool(model_.hidden(n));
  for (size_t i = 0; i < embeddings_.running_count(); ++i) {
    Embedding& embedding = embeddings_.running(i);
    const uint32_t held = pages_.positions(embedding.slot);
    if (embedding.seen > held) pages_.append(embedding.slot, embedding.tokens().subspan(held, embedding.seen - held));
  }
  embeddings_.finish_done(pages_);
}

void Scheduler::take_rows(const Run& run, std::span<const float> logits) {
  Sequence& sequence = *run.sequence;
  const size_t row = model_.vocabulary();
  std::optional<wire::FinishReason> finished;
  if (run.scored > 0) {
    const auto scored = sequence.score_prompt(logits.first(run.scored * row), row, run.first_scored);
    if (scored) events_.send(*scored);
    else finished = wire::FinishReason::failed;
  }
  uint32_t kept = run.count - static_cast<uint32_t>(run.draft.tokens.size());
  uint32_t right = 0;
  for (uint32_t i = 0; i < run.drawn && !finished; ++i) {
    const uint32_t before = sequence.completion_tokens();
    auto outcome = sequence.take_logits(logits.subspan((run.scored + i) * row, row));
    generated_tokens_ += sequence.completion_tokens() - before;
    if (outcome.piece) events_.send(*outcome.piece);
    finished = outcome.finished;
    if (finished || i + 1 == run.drawn) break;
    if (sequence.tokens().back() != run.draft.tokens[i]) {
      sequence.drafter.learn(run.draft, right, true);
      break;
    }
    ++right;
  }
  if (right > 0 && right == run.draft.tokens.size()) sequence.drafter.learn(run.draft, right, false);
  kept += right;
  std::vector<uint32_t> computed;
  for (uint32_t i = 0; i < kept; ++i) computed.push_back(batch_[run.first_in_batch + i].token);
  pages_.append(sequence.slot, computed);
  sequence.seen += kept;
  sequence.furthest = std::max(sequence.furthest, sequence.seen);
  if (!finished && sequence.alone() && sequence.pending() == 0) finished = wire::FinishReason::length;
  if (finished) end(sequence, *finished);
}

}  // namespace bitfleet
