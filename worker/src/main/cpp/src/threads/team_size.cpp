#include "threads/team_size.h"

#include <algorithm>

namespace bitfleet {

uint32_t TeamSize::at(Clock::time_point now) {
  if (size_ < members_ && now >= retry_) {
    ++size_;
    late_ = late_enough - 1;  // one bad run tells
    well_ = 0;
  }
  return size_;
}

void TeamSize::ran(uint32_t size, Clock::time_point begin, Clock::time_point end, std::chrono::nanoseconds slept) {
  if (size != size_ || size == 1) return;
  const auto each = slept / (size - 1);
  if (each > too_long && each > (end - begin) / 3) {
    well_ = 0;
    if (++late_ < late_enough) return;
    late_ = 0;
    --size_;
    retry_ = end + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
    return;
  }
  late_ = std::min(late_, late_enough - 1);
  if (++well_ < well_enough) return;
  well_ = 0;
  late_ = 0;
  if (size == members_) pause_ = shortest_pause;
}

}  // namespace bitfleet
