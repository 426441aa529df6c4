#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/kernel_set.h"
#include "kernels/kv_layout.h"
#include "model/model.h"

namespace bitfleet {

struct BatchToken {
  uint32_t token;      // below the vocabulary
  uint32_t position;   // must be the next of its slot: 0, 1, 2, … counting earlier tokens of the same batch
  uint32_t slot;
  bool want_logits;
  bool want_hidden = false;  // its last hidden state, after the last norm
};

struct InferenceOptions {
  uint32_t slots = 1;
  uint32_t context_length = 0;   // per slot; 0 takes the trained one
  uint32_t threads = 1;          // the caller of step() is one of them
  uint32_t max_batch = 256;      // most tokens of one step
  uint32_t kv_pages = 0;         // of all slots together; 0 = as many as give every slot its whole context, each its own
  KvQuant kv_quant = KvQuant::none;
  KernelSet kernels = KernelSet::automatic;
};

// Runs the graph for batches of tokens and keeps their KV cache, in pages of kv_page positions. A slot is a row of page
// numbers: where the KV of its positions lies. Several slots may read the same page; map() tells which.
//
// Owned by one thread (the step thread); not thread-safe. All memory is reserved by the constructor: ModelError
// out_of_memory when it does not suffice, unsupported_model when the machine lacks the kernels asked for.
//
// The logits of a token depend on the model, on what the KV cache is rounded to, and on the tokens before it in its slot alone: they are the same bits
// whatever the batch, the thread count, the slot, the chunks of the prefill or the kernel set. So is its hidden state.
//
// Where the model is not causal, a token sees all tokens of its slot up to the end of the batch: the batch must hold the
// whole text, as earlier tokens cannot see what a later step brings.
class Inference {
 public:
  Inference(const Model& model, const InferenceOptions& options);
  ~Inference();
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

  // Runs all tokens (several slots, several positions of a slot in ascending order) in one step. Returns
  // [number of want_logits, vocabulary] float32, row-major, in batch order; valid until the next step.
  // std::invalid_argument (nothing has run) for an empty or too large batch, a token, slot or position out of range
  // or out of order: mistakes of the caller, which must check what users send.
  std::span<const float> step(std::span<const BatchToken> batch);

  // The hidden state of the n-th token of the last step that wanted it, in batch order: [embedding] float32, what the head
  // would read. Valid until the next step.
  std::span<const float> hidden(uint32_t n) const;

  // Keeps the first `positions` of the slot's KV and forgets the rest; no effect when it holds no more than that.
  void truncate(uint32_t slot, uint32_t positions);

  // The slot's positions lie in `pages` from here on, kv_page to a page in this order; the first `positions` of them have
  // been computed. A step writes to the pages of new positions, so those must be no other slot's. With options.kv_pages 0
  // slots have their own pages from the start; else none. std::invalid_argument for a page or position out of range.
  void map(uint32_t slot, std::span<const uint32_t> pages, uint32_t positions);

  // std::invalid_argument for a page out of range.
  void copy_page(uint32_t from, uint32_t to);

  uint32_t positions(uint32_t slot) const;   // tokens in the slot's KV cache
  uint32_t context_length() const;           // per slot
  uint32_t kv_pages() const;
  uint64_t kv_cache_bytes() const;           // of all pages, reserved
  KernelSet kernels() const;                 // the set in use, never `automatic`

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bitfleet
