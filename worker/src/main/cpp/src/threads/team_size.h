#pragma once

#include <chrono>
#include <cstdint>

namespace bitfleet {

// How many members of a team are worth having, learnt from how long they wait for each other. A pure function of what it is
// told; no clock of its own.
//
// With work split evenly and one core shared with a busy neighbour, all wait for the member there, time slice after time
// slice: two threads become slower than one. One fewer leaves the neighbour a core and loses little. Whether it is gone is
// tried again and again, ever more rarely while it is not.
class TeamSize {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TeamSize(uint32_t members) : members_(members), size_(members) {}

  // For a run that begins now.
  uint32_t at(Clock::time_point now);

  // How the run with that many members went: from begin to end, and how long members slept at barriers, all together.
  void ran(uint32_t size, Clock::time_point begin, Clock::time_point end, std::chrono::nanoseconds slept);

 private:
  const uint32_t members_;
  uint32_t size_;
  uint32_t late_ = 0;        // runs in a row, nearly, that were held up
  uint32_t well_ = 0;        // runs in a row that were not
  Clock::time_point retry_{};
  std::chrono::milliseconds pause_{shortest_pause};

  static constexpr std::chrono::milliseconds shortest_pause{50};
  static constexpr std::chrono::milliseconds longest_pause{1600};
  static constexpr std::chrono::microseconds too_long{1500};  // less than a time slice, more than any uneven split
  static constexpr uint32_t late_enough = 3;
  static constexpr uint32_t well_enough = 32;
};

}  // namespace bitfleet
