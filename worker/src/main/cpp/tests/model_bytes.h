#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include "gguf/gguf_file.h"
#include "model/model.h"
#include "tools/random_model.h"

namespace bitfleet::testing {

inline std::string model_bytes(const tools::RandomModelSpec& spec) {
  std::ostringstream out;
  tools::write_random_model(spec, out);
  return out.str();
}

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

inline std::unique_ptr<Model> load_model(const std::string& bytes, const LoadOptions& options = {}) {
  return Model::load(GgufFile::parse(bytes_of(bytes)), options);
}

// A model small enough to be mutated thousands of times.
inline tools::RandomModelSpec smallest_spec() {
  tools::RandomModelSpec spec;
  spec.layers = 1;
  spec.embedding = 128;
  spec.heads = 2;
  spec.kv_heads = 1;
  spec.feed_forward = 128;
  spec.vocabulary = 272;
  spec.context_length = 64;
  return spec;
}

}  // namespace bitfleet::testing
