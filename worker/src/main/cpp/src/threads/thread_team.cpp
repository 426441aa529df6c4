#include "threads/thread_team.h"

namespace bitfleet {
namespace {

constexpr uint32_t spins = 2000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void wait_while(std::atomic<uint32_t>& word, uint32_t old) {
  for (uint32_t i = 0; i < spins; ++i) {
    if (word.load(std::memory_order_acquire) != old) return;
    relax();
  }
  word.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadTeam::ThreadTeam(uint32_t members) : members_(members) {
  threads_.reserve(members - 1);
  try {
    for (uint32_t rank = 1; rank < members; ++rank) threads_.emplace_back([this, rank] { serve(rank); });
  } catch (...) {
    ending_ = true;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    throw;
  }
}

ThreadTeam::~ThreadTeam() {
  ending_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::run(const std::function<void(uint32_t)>& body) {
  if (members_ > 1) {
    body_ = &body;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }
  body(0);
  barrier();
}

void ThreadTeam::barrier() {
  if (members_ == 1) return;
  const uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.fetch_add(1, std::memory_order_release);
    phase_.notify_all();
  } else {
    wait_while(phase_, phase);
  }
}

void ThreadTeam::serve(uint32_t rank) {
  uint32_t seen = 0;
  for (;;) {
    wait_while(round_, seen);
    ++seen;  // run() returns only after everyone was here, so no round can be missed
    if (ending_) return;
    (*body_)(rank);
    barrier();
  }
}

}  // namespace bitfleet
