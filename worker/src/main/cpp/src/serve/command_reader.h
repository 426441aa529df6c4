#pragma once

#include <string>
#include <thread>

#include "serve/bounded_queue.h"
#include "serve/event_writer.h"

namespace bitfleet {

// Reads frames from a descriptor on a thread of its own and does nothing else, so that the end of input is noticed at
// once, however long a command or a step of the model takes: then the process ends (what was sent before is given a
// second to leave). So does a length that breaks the protocol.
class CommandReader {
 public:
  static constexpr size_t most_queued_bytes = 64 * 1024 * 1024;

  // Starts reading. Never stops: the object lives until the process ends.
  CommandReader(int fd, EventWriter& events);

  // The next frame's message; waits for one.
  std::string next() { return frames_.pop(); }

 private:
  void run(int fd, EventWriter& events);
  BoundedQueue<std::string> frames_{most_queued_bytes};
};

}  // namespace bitfleet
