#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "schedule/embedding.h"
#include "schedule/event_sink.h"
#include "schedule/kv_pages.h"
#include "schedule/step_model.h"

namespace bitfleet {

inline constexpr size_t most_waiting_embeddings = 1024;

// Texts to embed: those that wait for a slot, first come first served, and those that have one. Owned by the step thread.
class EmbeddingQueue {
 public:
  // causal: whether a token's KV depends on what comes before it alone, so that others can go on from it.
  EmbeddingQueue(Pooling pooling, bool causal, EventSink& events) : pooling_(pooling), causal_(causal), events_(events) {}

  void add(PreparedEmbedding request);  // answers at once when nothing can be embedded or too many wait
  void cancel(uint64_t request_id, KvPages& pages);  // no answer comes; nothing happens when it is unknown or over

  // Gives free slots, and room for their whole text, to those that wait.
  void claim_slots(KvPages& pages);
  // Takes the slot and the room of the one that came last, which waits again as the first; false when none has a slot that
  // it would give. One at a time has given up so often that it does so no more.
  bool give_up_slot(KvPages& pages);
  // A sequence has begun: in the room that the first of those that wait would have had, if it waits for room.
  void passed_over();
  // Whether the first of those that wait has stood back so often that its room comes before that of sequences which have
  // not begun. Those that have go on and end, so it comes.
  bool due_waits() const { return !waiting_.empty() && due(*waiting_.front()); }
  // Answers those that are done, and frees their slots.
  void finish_done(KvPages& pages);

  bool idle() const { return waiting_.empty() && running_.empty(); }
  size_t running_count() const { return running_.size(); }
  Embedding& running(size_t i) { return *running_[i]; }

 private:
  static bool due(const Embedding& embedding) { return embedding.setbacks >= most_setbacks; }

  Sharing sharing_of(const Embedding& embedding) const {
    return causal_ && embedding.can_reuse() ? Sharing::both : Sharing::nothing;
  }

  Pooling pooling_;
  bool causal_;
  EventSink& events_;
  bool lacks_room_ = false;                          // the first of those that wait found a slot, but no pages
  std::deque<std::unique_ptr<Embedding>> waiting_;
  std::vector<std::unique_ptr<Embedding>> running_;  // in the order they got their slots
};

}  // namespace bitfleet
