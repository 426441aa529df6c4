#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bitfleet::wire {

// A frame is a 4-byte little-endian length of the message alone, then the message.
inline constexpr uint32_t most_frame_bytes = 16u * 1024 * 1024;

enum class FrameStatus {
  frame,      // a whole message was read
  closed,     // the other side closed between two frames
  truncated,  // it closed inside a frame
  oversized,  // the declared length exceeds most_frame_bytes; what follows cannot be read in step
  failed      // the operating system refused; errno tells
};

struct FrameRead {
  FrameStatus status = FrameStatus::failed;
  std::string message;            // with `frame`
  uint32_t declared_length = 0;   // with `oversized`
};

// Blocks until a frame is whole. Copes with partial reads, EINTR and a descriptor in non-blocking mode. The buffer
// grows with the bytes that arrive, not with the length that is declared.
FrameRead read_frame(int fd);

// Length and message as one byte string. std::length_error when the message is too long for a frame.
std::string frame(std::string_view message);

// Blocks until all is written; false when the operating system refuses (errno: EPIPE when nobody reads any more).
bool write_all(int fd, std::string_view bytes);

}  // namespace bitfleet::wire
