#pragma once

#include <cstdint>

#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "model/hyperparameters.h"

namespace bitfleet {

// Keys and values of every layer and KV head as f16, in pages of kv_page positions, in the layouts that the attention kernel
// reads:
//   [page][layer][kv_head] keys   [head_dim][kv_page]
//                          values [kv_page][padded(head_dim)]
// Which positions of which text a page holds is for others to know: several texts may read one page.
//
// Memory is reserved at once and becomes resident as pages are written. Different heads may be written from different
// threads at once.
class KvCache {
 public:
  // ModelError out_of_memory when the pages do not fit into what the machine has left.
  KvCache(const Hyperparameters& hyperparameters, uint64_t pages);

  static uint64_t page_bytes(const Hyperparameters& hyperparameters);

  // Of page 0; the same run of page p lies p · page_stride() elements behind.
  const uint16_t* run(uint32_t layer, uint32_t head) const { return elements_.data() + run_offset(layer, head); }
  uint64_t page_stride() const { return page_; }

  // key: [head_dim]; value: [padded(head_dim)]; both already f16. `place` is below kv_page.
  void write(uint32_t page, uint32_t place, uint32_t layer, uint32_t head, const uint16_t* key, const uint16_t* value);

  void copy_page(uint32_t from, uint32_t to);

  uint32_t pages() const { return pages_; }
  uint64_t bytes() const { return elements_.bytes(); }

 private:
  uint64_t run_offset(uint32_t layer, uint32_t head) const { return (static_cast<uint64_t>(layer) * heads_ + head) * run_; }

  uint32_t heads_;
  uint32_t head_dim_;
  uint32_t pages_;
  uint64_t run_;   // elements of one head of one layer of a page
  uint64_t page_;  // elements of a page
  Buffer<uint16_t> elements_;
};

constexpr uint32_t pages_for(uint32_t positions) { return positions / kv_page + (positions % kv_page != 0 ? 1 : 0); }

}  // namespace bitfleet
