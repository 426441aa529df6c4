#pragma once

#include <cstdint>

namespace bitfleet {

// [begin, end) of some items.
struct Share {
  uint32_t begin;
  uint32_t end;
};

// A member's part of `count` items: contiguous and as even as possible.
constexpr Share share_of(uint32_t count, uint32_t rank, uint32_t members) {
  return {static_cast<uint32_t>(uint64_t{count} * rank / members), static_cast<uint32_t>(uint64_t{count} * (rank + 1) / members)};
}

}  // namespace bitfleet
