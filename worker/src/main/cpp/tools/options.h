#pragma once

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bitfleet::tools {

// A wrong command line; the message is for the person who typed it.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `--name value` pairs of a subcommand. UsageError for an unknown name, one given twice, or a missing value.
class Options {
 public:
  Options(std::span<char* const> arguments, std::initializer_list<std::string_view> known) {
    for (size_t i = 0; i < arguments.size(); i += 2) {
      const std::string_view name = arguments[i];
      bool found = false;
      for (const std::string_view candidate : known) found = found || candidate == name;
      if (!found) throw UsageError("unknown option " + std::string(name));
      if (i + 1 == arguments.size()) throw UsageError(std::string(name) + " needs a value");
      if (!values_.emplace(name, arguments[i + 1]).second) throw UsageError(std::string(name) + " is given twice");
    }
  }

  std::optional<std::string> text(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

  std::string required(std::string_view name) const {
    const auto value = text(name);
    if (!value) throw UsageError(std::string(name) + " is missing");
    return *value;
  }

  template <typename Number>
  Number number(std::string_view name, Number fallback) const {
    const auto value = text(name);
    if (!value) return fallback;
    Number parsed{};
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), parsed);
    if (error != std::errc{} || end != value->data() + value->size()) throw UsageError(std::string(name) + " is not a number in range: " + *value);
    return parsed;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace bitfleet::tools
