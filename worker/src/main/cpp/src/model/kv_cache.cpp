#include "model/kv_cache.h"

#include <algorithm>
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

uint32_t checked_pages(uint64_t pages, uint64_t page_bytes) {
  const uint64_t bytes = saturating_product(page_bytes, pages);
  require_available(bytes, "the KV cache (" + std::to_string(pages) + " pages of " + std::to_string(kv_page) + " tokens)");
  if (pages > std::numeric_limits<uint32_t>::max()) throw ModelError(ModelErrorCode::unsupported_model, "the KV cache has too many pages");
  return static_cast<uint32_t>(pages);
}

// Codes of one head of one position: value ≈ code · scale, the scale being the largest magnitude / 127. Bounded as f16 is.
float round_to_codes(const Kernels& kernels, const float* x, uint32_t head_dim, int8_t* codes) {
  alignas(64) float bounded[largest_head_dim];
  int32_t block_sums[scale_blocks(largest_head_dim)];
  float inverse;
  int32_t sum;
  for (uint32_t d = 0; d < padded(head_dim); ++d) bounded[d] = x[d] < 65504.0F ? std::max(x[d], -65504.0F) : 65504.0F;
  kernels.quantize(bounded, head_dim, codes, &inverse, &sum, block_sums);
  return 1.0F / inverse;
}

}  // namespace

uint64_t KvCache::page_bytes(const Hyperparameters& h, KvQuant quant) {
  return kv_run_bytes(quant, h.head_dim, padded(h.head_dim)) * h.layers * h.kv_heads;
}

KvCache::KvCache(const Hyperparameters& h, KvQuant quant, uint64_t pages)
    : quant_(quant),
      heads_(h.kv_heads),
      head_dim_(h.head_dim),
      width_(padded(h.head_dim)),
      run_(kv_run_bytes(quant, h.head_dim, width_)),
      page_(page_bytes(h, quant)) {
  pages_ = checked_pages(pages, page_);
  // Attention jumps from page to page, layer by layer: with small memory pages most of its reads would miss the TLB.
  bytes_ = Buffer<uint8_t>(page_ * pages_, "the KV cache", Pages::huge);
}

void KvCache::write(const Kernels& kernels, uint32_t page, uint32_t place, uint32_t layer, uint32_t head, const float* key, const float* value) {
  uint8_t* run = bytes_.data() + page * page_ + run_offset(layer, head);
  if (quant_ == KvQuant::int8) write_bytes(kernels, run, place, key, value);
  else write_halves(kernels, run, place, key, value);
}

void KvCache::write_halves(const Kernels& kernels, uint8_t* run, uint32_t place, const float* key, const float* value) const {
  alignas(64) uint16_t halves[largest_head_dim];
  auto* keys = reinterpret_cast<uint16_t*>(run);
  kernels.to_halves(key, head_dim_, halves);
  for (uint32_t d = 0; d < head_dim_; ++d) keys[static_cast<uint64_t>(d) * kv_page + place] = halves[d];
  kernels.to_halves(value, head_dim_, reinterpret_cast<uint16_t*>(run + kv_keys_bytes(quant_, head_dim_, width_)) + static_cast<uint64_t>(place) * width_);
}

void KvCache::write_bytes(const Kernels& kernels, uint8_t* run, uint32_t place, const float* key, const float* value) const {
  alignas(64) int8_t codes[quantized_stride(largest_head_dim)];
  const uint64_t codes_bytes = uint64_t{kv_page} * width_;
  const auto biased = [&](uint32_t d) { return static_cast<uint8_t>(codes[d] + kv_byte_bias); };

  reinterpret_cast<float*>(run + codes_bytes)[place] = round_to_codes(kernels, key, head_dim_, codes);
  for (uint32_t d = 0; d < width_; ++d) run[(uint64_t{d / 4} * kv_page + place) * 4 + d % 4] = biased(d);

  uint8_t* values = run + kv_keys_bytes(quant_, head_dim_, width_);
  reinterpret_cast<float*>(values + codes_bytes)[place] = round_to_codes(kernels, value, head_dim_, codes);
  for (uint32_t d = 0; d < width_; ++d) values[(uint64_t{place / 4} * width_ + d) * 4 + place % 4] = biased(d);
}

void KvCache::copy_page(uint32_t from, uint32_t to) { std::memcpy(bytes_.data() + to * page_, bytes_.data() + from * page_, page_); }

}  // namespace bitfleet
