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

void EmbeddingQueue::cancel(uint64_t request_id, KvPages& pages) {
  const auto is_it = [&](const auto& embedding) { return embedding->request_id() == request_id; };
  std::erase_if(waiting_, is_it);
  const auto found = std::ranges::find_if(running_, is_it);
  if (found == running_.end()) return;
  pages.release((*found)->slot);
  running_.erase(found);
}

void EmbeddingQueue::claim_slots(KvPages& pages) {
  lacks_room_ = false;
  while (!waiting_.empty()) {
    const auto slot = pages.take_slot();
    if (!slot) return;
    Embedding& next = *waiting_.front();
    const auto reused = pages.begin(*slot, next.tokens(), next.cache_scope(), sharing_of(next), 0);
    lacks_room_ = !reused;
    if (lacks_room_) return pages.release(*slot);
    pages.reserve(*slot, static_cast<uint32_t>(next.tokens().size()));
    next.slot = *slot;
    next.seen = *reused;
    next.cached_tokens = *reused;
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

bool EmbeddingQueue::give_up_slot(KvPages& pages) {
  // The first that is due keeps its slot. There is one more than sequences can have, so none of these wants for it.
  const auto kept = std::ranges::find_if(running_, [](const auto& embedding) { return due(*embedding); });
  if (running_.empty() || (kept == running_.begin() && running_.size() == 1)) return false;
  const auto given = kept == running_.end() - 1 ? kept - 1 : running_.end() - 1;
  pages.release((*given)->slot);
  (*given)->start_over();
  waiting_.push_front(std::move(*given));
  running_.erase(given);
  return true;
}

void EmbeddingQueue::passed_over() {
  if (lacks_room_ && !waiting_.empty()) ++waiting_.front()->setbacks;
}

void EmbeddingQueue::finish_done(KvPages& pages) {
  std::erase_if(running_, [&](const auto& embedding) {
    if (embedding->pending() > 0) return false;
    const auto answer = embedding->finish();
    if (answer.error != wire::EmbedError::none) pages.forget(embedding->slot);
    pages.release(embedding->slot);
    events_.send(answer);
    return true;
  });
}

}  // namespace bitfleet
