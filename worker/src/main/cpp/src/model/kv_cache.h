#pragma once

#include <cstdint>

#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "model/hyperparameters.h"

namespace bitfleet {

// Keys and values of every layer and KV head in pages of kv_page positions: [page][layer][kv_head] a run as kv_layout.h has it.
// Which positions of which text a page holds is for others to know: several texts may read one page.
//
// Memory is reserved at once and becomes resident as pages are written. Different heads may be written from different
// threads at once.
class KvCache {
 public:
  // ModelError out_of_memory when the pages do not fit into what the machine has left.
  KvCache(const Hyperparameters& hyperparameters, KvQuant quant, uint64_t pages);

  static uint64_t page_bytes(const Hyperparameters& hyperparameters, KvQuant quant);

  // Of page 0; the same run of page p lies p · page_stride() bytes behind.
  const uint8_t* run(uint32_t layer, uint32_t head) const { return bytes_.data() + run_offset(layer, head); }
  uint64_t page_stride() const { return page_; }
  KvQuant quant() const { return quant_; }

  // key, value: [padded(head_dim)], zero behind head_dim, the key rotated. `place` is below kv_page.
  void write(const Kernels& kernels, uint32_t page, uint32_t place, uint32_t layer, uint32_t head, const float* key, const float* value);

  void copy_page(uint32_t from, uint32_t to);

  uint32_t pages() const { return pages_; }
  uint64_t bytes() const { return bytes_.bytes(); }

 private:
  uint64_t run_offset(uint32_t layer, uint32_t head) const { return (static_cast<uint64_t>(layer) * heads_ + head) * run_; }
  void write_halves(const Kernels& kernels, uint8_t* run, uint32_t place, const float* key, const float* value) const;
  void write_bytes(const Kernels& kernels, uint8_t* run, uint32_t place, const float* key, const float* value) const;

  KvQuant quant_;
  uint32_t heads_;
  uint32_t head_dim_;
  uint32_t width_;  // padded(head_dim)
  uint32_t pages_;
  uint64_t run_;    // bytes of one head of one layer of a page
  uint64_t page_;   // bytes of a page
  Buffer<uint8_t> bytes_;
};

constexpr uint32_t pages_for(uint32_t positions) { return positions / kv_page + (positions % kv_page != 0 ? 1 : 0); }

}  // namespace bitfleet
