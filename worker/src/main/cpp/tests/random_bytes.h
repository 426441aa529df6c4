#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace bitfleet::testing {

// A seeded stream for tests. BITFLEET_TEST_SEED replays a run.
class TestRandom {
 public:
  explicit TestRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  uint64_t below(uint64_t bound) { return next() % bound; }
  float uniform() { return static_cast<float>(next() >> 40) * 0x1p-23F - 1.0F; }  // -1 .. 1

 private:
  uint64_t state_;
};

// The seed of a randomized test, printed so that a failure can be replayed.
inline uint64_t announced_seed(const char* test, uint64_t fallback) {
  const char* text = std::getenv("BITFLEET_TEST_SEED");
  const uint64_t seed = text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
  std::printf("      %s: BITFLEET_TEST_SEED=%llu\n", test, static_cast<unsigned long long>(seed));
  return seed;
}

}  // namespace bitfleet::testing
