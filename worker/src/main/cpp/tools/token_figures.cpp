#include "tools/token_figures.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "tools/options.h"

namespace bitfleet::tools {

std::vector<uint32_t> parse_tokens(const std::string& list) {
  std::vector<uint32_t> tokens;
  const char* at = list.data();
  const char* end = at + list.size();
  while (at != end) {
    uint32_t token = 0;
    const auto [next, error] = std::from_chars(at, end, token);
    if (error != std::errc{} || (next != end && *next != ',') || next + 1 == end) throw UsageError("--tokens is no list like 1,2,3: " + list);
    tokens.push_back(token);
    at = next == end ? end : next + 1;
  }
  if (tokens.empty()) throw UsageError("--tokens is empty");
  return tokens;
}

void write_all(std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t count = write(STDOUT_FILENO, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw std::system_error(errno, std::generic_category(), "cannot write to stdout");
    done += static_cast<size_t>(count);
  }
}

}  // namespace bitfleet::tools
