#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bitfleet::tools {

// "1,2,3" as numbers. UsageError for anything else, the empty list included.
std::vector<uint32_t> parse_tokens(const std::string& list);

// Raw little-endian floats to stdout. std::system_error when that fails.
void write_all(std::span<const float> values);

}  // namespace bitfleet::tools
