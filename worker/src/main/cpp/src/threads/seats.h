#pragma once

#include <sched.h>

#include <cstdint>
#include <vector>

namespace bitfleet {

// A processor for each member of a team, where the process may use as many as the team has members.
//
// Left to itself the kernel now and then puts two members on one processor, when a third thread had theirs for a moment, and they
// take turns there while the other processor idles. With fewer members than processors, or more, it knows better.
class Seats {
 public:
  explicit Seats(uint32_t members);  // of the processors that the calling thread may use

  bool there_are() const { return !processors_.empty(); }

  void take(uint32_t rank) const;  // the calling thread stays on the rank-th processor
  void leave() const;              // the calling thread may use them all again

 private:
  cpu_set_t all_;
  std::vector<uint32_t> processors_;  // [members], or none
};

}  // namespace bitfleet
