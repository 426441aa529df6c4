#pragma once

#include <cstdint>
#include <string_view>

namespace bitfleet::tools {

// Each tensor draws from a stream of its own, so that shape changes elsewhere leave it alone.
// Source: SplitMix64 (Steele, Lea, Flood 2014).
class RandomStream {
 public:
  RandomStream(uint64_t seed, std::string_view name) : state_(seed) {
    for (const char c : name) state_ = (state_ ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  }

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  float uniform(float low, float high) { return low + (high - low) * static_cast<float>(next() >> 40) * 0x1p-24F; }

 private:
  uint64_t state_;
};

}  // namespace bitfleet::tools
