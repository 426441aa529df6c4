#include "wire/frame.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace bitfleet::wire {
namespace {

constexpr size_t read_chunk_bytes = 64 * 1024;

void wait_until_ready(int fd, short events) {
  pollfd poll_fd{fd, events, 0};
  poll(&poll_fd, 1, -1);
}

// Appends exactly `count` bytes to `out`; the number of bytes that came before the end or an error.
size_t read_exactly(int fd, size_t count, std::string& out, bool& failed) {
  size_t done = 0;
  while (done < count) {
    const size_t want = std::min(count - done, read_chunk_bytes);
    const size_t before = out.size();
    out.resize(before + want);
    const ssize_t got = read(fd, out.data() + before, want);
    const int error = errno;
    out.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (got == 0) {
      return done;
    } else if (error == EAGAIN || error == EWOULDBLOCK) {
      wait_until_ready(fd, POLLIN);
    } else if (error != EINTR) {
      failed = true;
      errno = error;
      return done;
    }
  }
  return done;
}

}  // namespace

FrameRead read_frame(int fd) {
  FrameRead result;
  bool failed = false;
  std::string header;
  const size_t header_bytes = read_exactly(fd, 4, header, failed);
  if (failed) return result;
  if (header_bytes < 4) {
    result.status = header_bytes == 0 ? FrameStatus::closed : FrameStatus::truncated;
    return result;
  }
  uint32_t length = 0;
  for (int i = 3; i >= 0; --i) length = length << 8 | static_cast<uint8_t>(header[static_cast<size_t>(i)]);
  if (length > most_frame_bytes) {
    result.status = FrameStatus::oversized;
    result.declared_length = length;
    return result;
  }
  const size_t body_bytes = read_exactly(fd, length, result.message, failed);
  if (failed) return result;
  result.status = body_bytes == length ? FrameStatus::frame : FrameStatus::truncated;
  return result;
}

std::string frame(std::string_view message) {
  if (message.size() > most_frame_bytes) throw std::length_error("message exceeds the frame limit");
  const auto length = static_cast<uint32_t>(message.size());
  std::string bytes;
  bytes.reserve(message.size() + 4);
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(length >> shift));
  bytes.append(message);
  return bytes;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      wait_until_ready(fd, POLLOUT);
    } else if (written < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace bitfleet::wire
