#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "schedule/event_sink.h"

namespace bitfleet {

// Writes events as frames to a descriptor, from a thread of its own, in the order of send().
//
// Back-pressure: up to most_queued_bytes wait here, far more than every slot can produce in the second that a busy
// reader may be away. When they are full send() waits, so the model stops stepping rather than memory growing. A
// reader that takes nothing for `patience` is taken for dead and ends the process; so does a closed pipe.
class EventWriter final : public EventSink {
 public:
  static constexpr size_t most_queued_bytes = 8 * 1024 * 1024;

  struct Options {
    std::chrono::milliseconds patience = std::chrono::seconds(60);
  };

  EventWriter(int fd, Options options);
  explicit EventWriter(int fd) : EventWriter(fd, Options()) {}
  ~EventWriter() override;  // writes what is queued, then stops

  void send(const wire::EngineEvent& event) override;

  // Waits until all that was sent is written; false when that takes longer than `most`.
  bool flush(std::chrono::milliseconds most);

 private:
  void run();

  const int fd_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> frames_;
  size_t queued_bytes_ = 0;    // the frame being written included
  size_t written_frames_ = 0;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace bitfleet
