#pragma once

#include <cstdint>
#include <vector>

#include "memory/buffer.h"
#include "model/hyperparameters.h"

namespace bitfleet {

// Keys and values of every slot, layer and KV head, as f16, in the layouts that the attention kernel reads:
//   keys   [slot][layer][kv_head][context / 16][head_dim][16 positions]
//   values [slot][layer][kv_head][context][padded(head_dim)]
// Each head of a slot is one contiguous run. The rest of the engine goes through the accessors alone, so that pages shared
// between slots can take the place of the run.
//
// Memory is reserved at once and becomes resident as positions are written. Different heads may be written from different
// threads at once.
class KvCache {
 public:
  // ModelError out_of_memory when slots · context do not fit into what the machine has left.
  KvCache(const Hyperparameters& hyperparameters, uint32_t slots, uint32_t context_length);

  const uint16_t* keys(uint32_t slot, uint32_t layer, uint32_t head) const { return keys_.data() + run(slot, layer, head) * key_run_; }
  const uint16_t* values(uint32_t slot, uint32_t layer, uint32_t head) const { return values_.data() + run(slot, layer, head) * value_run_; }

  // key: [head_dim]; value: [padded(head_dim)]; both already f16.
  void write(uint32_t slot, uint32_t layer, uint32_t head, uint32_t position, const uint16_t* key, const uint16_t* value);

  uint32_t length(uint32_t slot) const { return lengths_[slot]; }
  void set_length(uint32_t slot, uint32_t positions) { lengths_[slot] = positions; }

  uint32_t slots() const { return static_cast<uint32_t>(lengths_.size()); }
  uint32_t context_length() const { return context_length_; }
  uint64_t bytes() const { return keys_.bytes() + values_.bytes(); }

 private:
  uint64_t run(uint32_t slot, uint32_t layer, uint32_t head) const {
    return (static_cast<uint64_t>(slot) * layers_ + layer) * heads_ + head;
  }

  uint32_t layers_;
  uint32_t heads_;
  uint32_t head_dim_;
  uint32_t context_length_;
  uint64_t key_run_;    // elements of one head of one slot and layer
  uint64_t value_run_;
  Buffer<uint16_t> keys_;
  Buffer<uint16_t> values_;
  std::vector<uint32_t> lengths_;
};

}  // namespace bitfleet
