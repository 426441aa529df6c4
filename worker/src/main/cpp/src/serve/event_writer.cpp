#include "serve/event_writer.h"

#include <cstdio>
#include <cstring>

#include "serve/process_end.h"
#include "wire/frame.h"

namespace bitfleet {

EventWriter::EventWriter(int fd, Options options) : fd_(fd), options_(options), thread_([this] { run(); }) {}

EventWriter::~EventWriter() {
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void EventWriter::send(const wire::EngineEvent& event) {
  std::string frame = wire::frame(wire::encode(event));
  std::unique_lock lock(mutex_);
  size_t seen = written_frames_;
  while (queued_bytes_ > 0 && queued_bytes_ + frame.size() > most_queued_bytes) {
    if (changed_.wait_for(lock, options_.patience, [&] { return written_frames_ != seen; })) {
      seen = written_frames_;
    } else {
      std::fprintf(stderr, "bitfleet-engine: nobody reads the events; leaving\n");
      end_process(exit_status::reader_stuck);
    }
  }
  queued_bytes_ += frame.size();
  frames_.push_back(std::move(frame));
  changed_.notify_all();
}

bool EventWriter::flush(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [&] { return queued_bytes_ == 0; });
}

void EventWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return closing_ || !frames_.empty(); });
    if (frames_.empty()) return;
    const std::string frame = std::move(frames_.front());
    frames_.pop_front();
    lock.unlock();
    if (!wire::write_all(fd_, frame)) {
      std::fprintf(stderr, "bitfleet-engine: cannot write events: %s\n", std::strerror(errno));
      end_process(exit_status::output_closed);
    }
    lock.lock();
    queued_bytes_ -= frame.size();
    ++written_frames_;
    changed_.notify_all();
  }
}

}  // namespace bitfleet
