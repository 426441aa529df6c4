#include "threads/thread_team.h"

#include <stdexcept>
#include <string>

namespace bitfleet {
namespace {

constexpr uint32_t spins = 2000;
constexpr uint64_t active_bits = 0xFFFF;

// To take a seat and to leave it costs 4 µs.
constexpr std::chrono::milliseconds worth_a_seat{1};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// True when the word changed while it was watched.
template <typename Word>
bool changes_soon(const std::atomic<Word>& word, Word old) {
  for (uint32_t i = 0; i < spins; ++i) {
    if (word.load(std::memory_order_acquire) != old) return true;
    relax();
  }
  return false;
}

}  // namespace

ThreadTeam::ThreadTeam(uint32_t members) : members_(members), seats_(members), pieces_(members), active_(members), best_(members) {
  if (members == 0 || members > active_bits) throw std::invalid_argument("a team of " + std::to_string(members));
  threads_.reserve(members - 1);
  try {
    for (uint32_t rank = 1; rank < members; ++rank) threads_.emplace_back([this, rank] { serve(rank); });
  } catch (...) {
    ending_ = true;
    round_.fetch_or(active_bits, std::memory_order_release);
    round_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    throw;
  }
}

ThreadTeam::~ThreadTeam() {
  ending_ = true;
  round_.store((round_.load(std::memory_order_relaxed) & ~active_bits) + active_bits + 1 + active_bits, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::run(const std::function<void(uint32_t)>& body) {
  pieces_.begin();
  if (members_ == 1) {
    body(0);
    return;
  }
  // Its thread is the caller's, who may start others, and they would inherit the seat.
  const bool seated = seats_.there_are() && active_ == members_ && last_run_ >= worth_a_seat;
  if (seated) seats_.take(0);
  const Clock::time_point begin = Clock::now();
  slept_nanos_.store(0, std::memory_order_relaxed);
  body_ = &body;
  round_.store((round_.load(std::memory_order_relaxed) & ~active_bits) + active_bits + 1 + active_, std::memory_order_release);
  if (active_ > 1) round_.notify_all();  // who does not take part may sleep on
  body(0);
  barrier();
  const Clock::time_point end = Clock::now();
  best_.ran(active_, begin, end, std::chrono::nanoseconds(slept_nanos_.load(std::memory_order_relaxed)));
  active_ = best_.at(end);
  last_run_ = end - begin;
  if (seated) seats_.leave();
}

void ThreadTeam::barrier() {
  const uint32_t active = active_;  // read before arriving: once all have arrived, member 0 may change it
  if (active == 1) return;
  const uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == active) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.fetch_add(1, std::memory_order_release);
    phase_.notify_all();
  } else if (!changes_soon(phase_, phase)) {
    await_others(phase);
  }
}

void ThreadTeam::await_others(uint32_t phase) {
  const Clock::time_point asleep = Clock::now();
  phase_.wait(phase, std::memory_order_acquire);
  slept_nanos_.fetch_add(static_cast<uint64_t>(std::chrono::nanoseconds(Clock::now() - asleep).count()), std::memory_order_relaxed);
}

void ThreadTeam::serve(uint32_t rank) {
  uint64_t seen = 0;
  bool seated = false;
  for (;;) {
    if (!changes_soon(round_, seen)) round_.wait(seen, std::memory_order_acquire);
    seen = round_.load(std::memory_order_acquire);
    if (ending_) return;
    // A run in which this member takes part does not end before it was here; of the others it may miss any number.
    if (rank >= (seen & active_bits)) continue;
    const bool all = (seen & active_bits) == members_;
    if (seats_.there_are() && all != seated) {
      if (all) seats_.take(rank);
      else seats_.leave();
      seated = all;
    }
    (*body_)(rank);
    barrier();
  }
}

}  // namespace bitfleet
