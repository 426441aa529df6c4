#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "threads/team_size.h"

namespace bitfleet {

// A fixed number of threads that run one function together, over and over: member 0 is the caller of run(), the others
// live as long as the team. Work is split by rank, so that who does what never depends on timing.
//
// Waiting spins for some tens of microseconds (a barrier between two matrix products lasts less than one) and then
// sleeps in the kernel: the JVM and other engines share the cores. Where a neighbour takes a core, so that the others wait
// for that member again and again, a run is split among fewer: see TeamSize.
class ThreadTeam {
 public:
  explicit ThreadTeam(uint32_t members);  // at least 1, at most 65535; std::system_error when a thread cannot be started
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  uint32_t members() const { return members_; }

  // How many take part in the run that is going on, or else in the next: the number to split work by. From member 0 between
  // runs, from anyone within body.
  uint32_t size() const { return active_; }

  // Calls body(rank) once on members 0 .. size() - 1 and returns when all are done. body must not throw. From one thread only.
  void run(const std::function<void(uint32_t rank)>& body);

  // Within body: no member passes before all have come.
  void barrier();

 private:
  using Clock = std::chrono::steady_clock;

  void serve(uint32_t rank);
  void await_others(uint32_t phase);

  const uint32_t members_;
  uint32_t active_;                                // published by round_
  TeamSize best_;
  alignas(64) std::atomic<uint64_t> round_{0};     // raised by run(): a number, and in the low 16 bits who takes part
  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> phase_{0};     // raised by the last to reach a barrier
  alignas(64) std::atomic<uint64_t> slept_nanos_{0};  // at barriers of the run that is going on, of all together
  const std::function<void(uint32_t)>* body_ = nullptr;  // published by round_
  std::atomic<bool> ending_{false};
  std::vector<std::thread> threads_;
};

// [begin, end) of `count` items for a member: contiguous and as even as possible.
struct Share {
  uint32_t begin;
  uint32_t end;
};

constexpr Share share_of(uint32_t count, uint32_t rank, uint32_t members) {
  return {static_cast<uint32_t>(uint64_t{count} * rank / members), static_cast<uint32_t>(uint64_t{count} * (rank + 1) / members)};
}

}  // namespace bitfleet
