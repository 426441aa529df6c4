#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gguf/gguf_file.h"
#include "model/model.h"

namespace bitfleet {

// Where the prepared file of a model is, and what it must have been made from.
struct PreparedPlace {
  std::vector<std::filesystem::path> paths;  // to be tried in this order: beside the model, then in the spare folder
  std::string key;                           // 32 characters: another size, time or preamble of the model file, or another layout, is another key

  // nullopt where none is wanted: no path, or a model too small to be worth it.
  static std::optional<PreparedPlace> of(const GgufFile& file, const LoadOptions& options);
};

}  // namespace bitfleet
