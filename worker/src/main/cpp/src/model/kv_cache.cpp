#include "model/kv_cache.h"

#include <cstring>
#include <limits>
#include <string>

#include "memory/available_memory.h"
#include "model/model_error.h"

namespace bitfleet {
namespace {

// Products of checked hyperparameters with a number from the command line: saturate, and let the memory check speak.
uint64_t saturating_product(uint64_t a, uint64_t b) {
  return b != 0 && a > std::numeric_limits<uint64_t>::max() / b ? std::numeric_limits<uint64_t>::max() : a * b;
}

uint32_t checked_pages(uint64_t pages, uint64_t page_elements) {
  const uint64_t bytes = saturating_product(saturating_product(page_elements, pages), sizeof(uint16_t));
  require_available(bytes, "the KV cache (" + std::to_string(pages) + " pages of " + std::to_string(kv_page) + " tokens)");
  if (pages > std::numeric_limits<uint32_t>::max()) throw ModelError(ModelErrorCode::unsupported_model, "the KV cache has too many pages");
  return static_cast<uint32_t>(pages);
}

}  // namespace

uint64_t KvCache::page_bytes(const Hyperparameters& h) {
  return sizeof(uint16_t) * kv_page * (h.head_dim + padded(h.head_dim)) * h.layers * h.kv_heads;
}

KvCache::KvCache(const Hyperparameters& h, uint64_t pages)
    : heads_(h.kv_heads),
      head_dim_(h.head_dim),
      run_(static_cast<uint64_t>(kv_page) * (h.head_dim + padded(h.head_dim))),
      page_(run_ * h.layers * h.kv_heads) {
  pages_ = checked_pages(pages, page_);
  // Attention jumps from page to page, layer by layer: with small memory pages most of its reads would miss the TLB.
  elements_ = Buffer<uint16_t>(page_ * pages_, "the KV cache", Pages::huge);
}

void KvCache::write(uint32_t page, uint32_t place, uint32_t layer, uint32_t head, const uint16_t* key, const uint16_t* value) {
  uint16_t* keys = elements_.data() + page * page_ + run_offset(layer, head);
  uint16_t* values = keys + static_cast<uint64_t>(head_dim_) * kv_page;
  for (uint32_t d = 0; d < head_dim_; ++d) keys[static_cast<uint64_t>(d) * kv_page + place] = key[d];
  const uint32_t width = padded(head_dim_);
  std::memcpy(values + static_cast<uint64_t>(place) * width, value, width * sizeof(uint16_t));
}

void KvCache::copy_page(uint32_t from, uint32_t to) {
  std::memcpy(elements_.data() + to * page_, elements_.data() + from * page_, page_ * sizeof(uint16_t));
}

}  // namespace bitfleet
