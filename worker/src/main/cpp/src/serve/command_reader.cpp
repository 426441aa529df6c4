#include "serve/command_reader.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "serve/process_end.h"
#include "wire/frame.h"

namespace bitfleet {
namespace {

constexpr auto last_words = std::chrono::seconds(1);

// An empty command is as heavy as this, so that a flood of them is bounded as well.
constexpr size_t overhead_bytes = 64;

}  // namespace

CommandReader::CommandReader(int fd, EventWriter& events) {
  std::thread([this, fd, &events] { run(fd, events); }).detach();
}

void CommandReader::run(int fd, EventWriter& events) {
  for (;;) {
    wire::FrameRead read = wire::read_frame(fd);
    switch (read.status) {
      case wire::FrameStatus::frame: {
        const size_t weight = read.message.size() + overhead_bytes;
        frames_.push(std::move(read.message), weight);
        break;
      }
      case wire::FrameStatus::oversized:
        events.send(wire::ProtocolFault{"a frame of " + std::to_string(read.declared_length) + " bytes exceeds the limit of " +
                                        std::to_string(wire::most_frame_bytes)});
        events.flush(last_words);
        end_process(exit_status::bad_frame);
      case wire::FrameStatus::truncated:
        events.send(wire::ProtocolFault{"the input ends inside a frame"});
        events.flush(last_words);
        end_process(exit_status::done);
      case wire::FrameStatus::failed:
        std::fprintf(stderr, "bitfleet-engine: cannot read commands: %s\n", std::strerror(errno));
        [[fallthrough]];
      case wire::FrameStatus::closed:
        events.flush(last_words);
        end_process(exit_status::done);
    }
  }
}

}  // namespace bitfleet
