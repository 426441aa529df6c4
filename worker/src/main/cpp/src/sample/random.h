#pragma once

#include <array>
#include <cstdint>

namespace bitfleet {

// Philox4x32-10: a block cipher in miniature that turns (key, counter) into four random words. Counter-based: the
// n-th number needs none of those before it, so a sequence can go on anywhere.
//
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; reference Random123.
constexpr std::array<uint32_t, 4> philox4x32_10(std::array<uint32_t, 2> key, std::array<uint32_t, 4> counter) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key = {key[0] + 0x9E3779B9u, key[1] + 0xBB67AE85u};
  }
  return counter;
}

// Uniform in [0, 1), 53 bits: the number that the completion token of this index is drawn with.
constexpr double uniform_for_token(uint64_t seed, uint64_t index) {
  const auto words = philox4x32_10({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
                                   {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32), 0, 0});
  const uint64_t bits = (uint64_t{words[0]} << 32 | words[1]) >> 11;
  return static_cast<double>(bits) * 0x1.0p-53;
}

}  // namespace bitfleet
