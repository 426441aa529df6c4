#include "serve/arguments.h"

#include <charconv>
#include <limits>

namespace bitfleet {
namespace {

template <class Number>
Number parse(const std::string& name, std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw UsageError(name + ": \"" + std::string(text) + "\" is not a number in range");
  }
  return number;
}

}  // namespace

Arguments::Arguments(std::span<const char* const> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (!name.starts_with("--")) throw UsageError("unexpected argument \"" + name + "\"");
    std::optional<std::string> value;
    if (const size_t sign = name.find('='); sign != std::string::npos) {
      value = name.substr(sign + 1);
      name.resize(sign);
    } else if (i + 1 < arguments.size() && !std::string_view(arguments[i + 1]).starts_with("--")) {
      value = arguments[++i];
    }
    if (!given_.emplace(name, std::move(value)).second) throw UsageError(name + " is given twice");
  }
}

std::optional<std::string> Arguments::text(const std::string& name) {
  known_.insert(name);
  const auto found = given_.find(name);
  if (found == given_.end()) return std::nullopt;
  if (!found->second) throw UsageError(name + " needs a value");
  return found->second;
}

std::string Arguments::required_text(const std::string& name) {
  auto value = text(name);
  if (!value) throw UsageError(name + " is missing");
  return *value;
}

uint64_t Arguments::integer(const std::string& name, uint64_t absent, uint64_t least, uint64_t most) {
  const auto value = text(name);
  if (!value) return absent;
  const auto number = parse<uint64_t>(name, *value);
  if (number < least || number > most) {
    throw UsageError(name + " must lie between " + std::to_string(least) + " and " + std::to_string(most));
  }
  return number;
}

double Arguments::real(const std::string& name, double absent, double least, double most) {
  const auto value = text(name);
  if (!value) return absent;
  const auto number = parse<double>(name, *value);
  if (!(number >= least && number <= most)) throw UsageError(name + " is out of range");
  return number;
}

std::vector<uint32_t> Arguments::integers(const std::string& name) {
  std::vector<uint32_t> numbers;
  const auto value = text(name);
  if (!value) return numbers;
  std::string_view rest = *value;
  for (;;) {
    const size_t comma = rest.find(',');
    numbers.push_back(parse<uint32_t>(name, rest.substr(0, comma)));
    if (comma == std::string_view::npos) return numbers;
    rest.remove_prefix(comma + 1);
  }
}

bool Arguments::flag(const std::string& name) {
  known_.insert(name);
  const auto found = given_.find(name);
  if (found == given_.end()) return false;
  if (found->second) throw UsageError(name + " takes no value");
  return true;
}

void Arguments::finish() const {
  for (const auto& [name, value] : given_) {
    if (!known_.contains(name)) throw UsageError("unknown option " + name);
  }
}

}  // namespace bitfleet
