#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bitfleet {

// A command line that is not what the command expects; the message is for the person who typed it.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// `--name value` and `--name=value` pairs. Each getter marks its name as known; finish() refuses what nobody asked
// for, so a misspelt option is an error and not a default.
class Arguments {
 public:
  explicit Arguments(std::span<const char* const> arguments);

  std::optional<std::string> text(const std::string& name);
  std::string required_text(const std::string& name);
  uint64_t integer(const std::string& name, uint64_t absent, uint64_t least, uint64_t most);
  double real(const std::string& name, double absent, double least, double most);
  std::vector<uint32_t> integers(const std::string& name);  // 1,2,3
  bool flag(const std::string& name);                       // --name alone

  void finish() const;

 private:
  std::map<std::string, std::optional<std::string>> given_;
  std::set<std::string> known_;
};

}  // namespace bitfleet
