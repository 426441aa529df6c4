#include "threads/seats.h"

namespace bitfleet {

Seats::Seats(uint32_t members) {
  CPU_ZERO(&all_);
  if (members < 2 || sched_getaffinity(0, sizeof all_, &all_) != 0 || CPU_COUNT(&all_) != static_cast<int>(members)) return;
  for (uint32_t processor = 0; processors_.size() < members; ++processor) {
    if (CPU_ISSET(processor, &all_)) processors_.push_back(processor);
  }
}

// Where either is refused (the administrator has just taken processors away) the kernel goes on deciding.
void Seats::take(uint32_t rank) const {
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(processors_[rank], &own);
  (void)sched_setaffinity(0, sizeof own, &own);
}

void Seats::leave() const { (void)sched_setaffinity(0, sizeof all_, &all_); }

}  // namespace bitfleet
