#include "memory/available_memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

#include "model/model_error.h"

namespace bitfleet {
namespace {

std::optional<uint64_t> read_number(const std::filesystem::path& path) {
  std::ifstream in(path);
  uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;  // absent, or the word "max"
}

std::optional<uint64_t> system_available(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::string word;
  while (in >> word) {
    if (word != "MemAvailable:") continue;
    uint64_t kibibytes = 0;
    if (in >> kibibytes) return kibibytes << 10;
    break;
  }
  return std::nullopt;
}

// The path behind "0::" in /proc/self/cgroup.
std::string cgroup_path(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("0::/")) return line.substr(4);
  }
  return {};
}

}  // namespace

uint64_t available_memory(const std::filesystem::path& root) {
  uint64_t least = system_available(root).value_or(UINT64_MAX);
  const std::filesystem::path top = root / "sys/fs/cgroup";
  for (std::filesystem::path path = cgroup_path(root);; path = path.parent_path()) {
    const auto limit = read_number(top / path / "memory.max");
    const auto used = read_number(top / path / "memory.current");
    if (limit && used) least = std::min(least, *limit > *used ? *limit - *used : 0);
    if (path.empty()) return least;
  }
}

void require_available(uint64_t bytes, std::string_view purpose) {
  const uint64_t available = available_memory();
  if (bytes <= available) return;
  throw ModelError(ModelErrorCode::out_of_memory, std::string(purpose) + " needs " + std::to_string(bytes >> 20) +
                                                      " MiB; this machine has " + std::to_string(available >> 20) + " MiB left");
}

}  // namespace bitfleet
