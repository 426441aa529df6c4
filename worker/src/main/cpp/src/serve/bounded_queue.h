#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace bitfleet {

// First in, first out, between threads, bounded by a weight (bytes, or 1 per element). An element heavier than the
// whole bound passes when the queue is empty.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t most_weight) : most_weight_(most_weight) {}

  void push(T value, size_t weight = 1) {  // waits for room
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return items_.empty() || weight_ + weight <= most_weight_; });
    weight_ += weight;
    items_.emplace_back(std::move(value), weight);
    filled_.notify_one();
  }

  T pop() {  // waits for an element
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !items_.empty(); });
    return take();
  }

  std::optional<T> try_pop() {
    std::unique_lock lock(mutex_);
    if (items_.empty()) return std::nullopt;
    return take();
  }

 private:
  T take() {
    T value = std::move(items_.front().first);
    weight_ -= items_.front().second;
    items_.pop_front();
    room_.notify_one();
    return value;
  }

  const size_t most_weight_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable room_;
  std::deque<std::pair<T, size_t>> items_;
  size_t weight_ = 0;
};

}  // namespace bitfleet
