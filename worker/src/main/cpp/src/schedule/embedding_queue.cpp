#include "schedule/embedding_queue.h"

#include <algorithm>

namespace bitfleet {

void EmbeddingQueue::add(PreparedEmbedding request) {
  if (pooling_ == Pooling::none) {
    events_.send(refused_embedding(request.request_id, wire::EmbedError::unsupported, "the model is not an embedding model"));
  } else if (waiting_.size() >= most_waiting_embeddings) {
    events_.send(refused_embedding(request.request_id, wire::EmbedError::busy, "too many texts wait to be embedded"));
  } else {
    waiting_.push_back(std::make_unique<Embedding>(std::move(request), pooling_));
  }
}

void EmbeddingQueue::cancel(uint64_t request_id, SlotTable& slots) {
  const auto is_it = [&](const auto& embedding) { return embedding->request_id() == request_id; };
  std::erase_if(waiting_, is_it);
  const auto found = std::ranges::find_if(running_, is_it);
  if (found == running_.end()) return;
  slots.release((*found)->slot);
  running_.erase(found);
}

void EmbeddingQueue::claim_slots(SlotTable& slots, StepModel& model) {
  while (!waiting_.empty()) {
    Embedding& next = *waiting_.front();
    const auto claim = slots.claim(next.tokens(), next.cache_scope(), next.can_reuse() ? Reuse::longest_prefix : Reuse::nothing);
    if (!claim) return;
    model.truncate(claim->slot, claim->reused);
    next.slot = claim->slot;
    next.seen = claim->reused;
    next.cached_tokens = claim->reused;
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

bool EmbeddingQueue::give_up_slot(SlotTable& slots) {
  if (running_.empty()) return false;
  slots.release(running_.back()->slot);
  running_.back()->start_over();
  waiting_.push_front(std::move(running_.back()));
  running_.pop_back();
  return true;
}

void EmbeddingQueue::finish_done(SlotTable& slots) {
  std::erase_if(running_, [&](const auto& embedding) {
    if (embedding->pending() > 0) return false;
    const auto answer = embedding->finish();
    if (answer.error != wire::EmbedError::none) slots.forget(embedding->slot);
    slots.release(embedding->slot);
    events_.send(answer);
    return true;
  });
}

}  // namespace bitfleet
