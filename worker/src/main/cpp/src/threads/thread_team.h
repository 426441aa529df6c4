#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "threads/seats.h"
#include "threads/share.h"
#include "threads/team_size.h"
#include "threads/work_pieces.h"

namespace bitfleet {

// A fixed number of threads that run one function together, over and over: member 0 is the caller of run(), the others
// live as long as the team. Work is split by rank, or handed out in pieces where a result does not depend on who computes it.
//
// Waiting spins for some tens of microseconds (a barrier between two matrix products lasts less than one) and then
// sleeps in the kernel: the JVM and other engines share the cores. Where a neighbour takes a core, so that the others wait
// for that member again and again, a run is split among fewer: see TeamSize. Where there is a processor for each, each stays on
// its own: member 0 while it runs, the others always.
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

  // Within body, on every member, with a barrier between two calls: calls work(begin, end) for pieces of [0, count), each once and on
  // some member. What is done is there for all after the next barrier.
  template <typename Work>
  void hand_out(uint32_t rank, uint32_t count, Work work) {
    hand_out(rank, std::max(1U, count / (active_ * pieces_each)), [this, count](uint32_t owner) { return share_of(count, owner, active_); }, work);
  }

  // As above, in pieces of at most `grain`, where each member's own share is not an even one.
  template <typename ShareOf, typename Work>
  void hand_out(uint32_t rank, uint32_t grain, ShareOf share, Work work) {
    pieces_.each(rank, active_, grain, share, work);
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Of a member's share: the last to come is waited for a sixteenth of it at most, and a piece of a small product still takes microseconds.
  static constexpr uint32_t pieces_each = 16;

  void serve(uint32_t rank);
  void await_others(uint32_t phase);

  const uint32_t members_;
  const Seats seats_;
  WorkPieces pieces_;
  Clock::duration last_run_{};
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

}  // namespace bitfleet
