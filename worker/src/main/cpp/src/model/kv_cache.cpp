#include "model/kv_cache.h"

#include <cstring>
#include <limits>

#include "kernels/kernels.h"
#include "memory/available_memory.h"

namespace bitfleet {
namespace {

// Products of checked hyperparameters with a slot count and a context from the command line: saturate, and let the
// memory check speak.
uint64_t saturating_product(uint64_t a, uint64_t b) {
  return b != 0 && a > std::numeric_limits<uint64_t>::max() / b ? std::numeric_limits<uint64_t>::max() : a * b;
}

}  // namespace

KvCache::KvCache(const Hyperparameters& h, uint32_t slots, uint32_t context_length)
    : layers_(h.layers),
      heads_(h.kv_heads),
      head_dim_(h.head_dim),
      context_length_(context_length),
      key_run_((static_cast<uint64_t>(context_length) + lanes - 1) / lanes * lanes * h.head_dim),
      value_run_(static_cast<uint64_t>(context_length) * padded(h.head_dim)) {
  const uint64_t runs = static_cast<uint64_t>(layers_) * heads_;
  const uint64_t key_count = saturating_product(saturating_product(key_run_, runs), slots);
  const uint64_t value_count = saturating_product(saturating_product(value_run_, runs), slots);
  const uint64_t bytes = saturating_product(saturating_product(value_run_ + key_run_, runs), saturating_product(slots, 2));
  require_available(bytes, "the KV cache (" + std::to_string(slots) + " slots of " + std::to_string(context_length) + " tokens)");
  keys_ = Buffer<uint16_t>(key_count, "keys");
  values_ = Buffer<uint16_t>(value_count, "values");
  lengths_.assign(slots, 0);
}

void KvCache::write(uint32_t slot, uint32_t layer, uint32_t head, uint32_t position, const uint16_t* key, const uint16_t* value) {
  const uint64_t index = run(slot, layer, head);
  uint16_t* lane = keys_.data() + index * key_run_ + static_cast<uint64_t>(position / lanes) * head_dim_ * lanes + position % lanes;
  for (uint32_t d = 0; d < head_dim_; ++d) lane[static_cast<uint64_t>(d) * lanes] = key[d];
  const uint32_t width = padded(head_dim_);
  std::memcpy(values_.data() + index * value_run_ + static_cast<uint64_t>(position) * width, value, width * sizeof(uint16_t));
}

}  // namespace bitfleet
