#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/ternary_layout.h"
#include "model/hyperparameters.h"
#include "quant/weight_quant.h"

namespace bitfleet {

class GgufFile;
struct Weights;

// Order of the 2-bit codes in an I2_S tensor. The id is the same for all; the file does not say which.
enum class I2sBlock { x86_128 = 128, arm_64 = 64 };

struct LoadOptions {
  uint32_t threads = 1;                    // for repacking
  I2sBlock i2s_block = I2sBlock::x86_128;
  TernaryLayout layout = TernaryLayout::two_bit;  // see layout_for
  const GgufFile* adapter = nullptr;       // a LoRA adapter to put beside the weights
  float adapter_strength = 1;
  WeightQuant adapter_quant = WeightQuant::none;
  // Of the head, nullopt = int8 where it is large and not rounded yet. The embedding that may serve as one stays beside it.
  std::optional<WeightQuant> unembed_quant = WeightQuant::none;

  // The file's own path, to keep a prepared file beside it (see PreparedPlace); empty = none is read or written.
  std::filesystem::path path = {};
  std::filesystem::path spare_folder = {};   // for the prepared file where the model's own folder takes none; empty = nowhere
  uint64_t least_prepared = 64 << 20;      // smaller models are loaded from their own file as fast
};

// The weights of a model in the engine's own layout: immutable once loaded, shared by all threads. The GgufFile may be closed after
// load; a token embedding that is no head stays in the mapped file, which is kept then, and only the rows that are used take memory.
class Model {
 public:
  // ModelError when the file lacks a tensor, holds one of another shape or type, or memory does not suffice.
  static std::unique_ptr<Model> load(const GgufFile& file, const LoadOptions& options);
  ~Model();

  const Hyperparameters& hyperparameters() const { return hyperparameters_; }
  // 32 hex digits over shape and content: equal for equal models. Not a cryptographic hash.
  std::string fingerprint() const { return fingerprint_; }
  // What the file does not say and the loader took for granted, one sentence each; for the log.
  std::span<const std::string> assumptions() const { return assumptions_; }
  uint64_t parameters() const { return parameters_; }
  uint64_t resident_bytes() const { return resident_bytes_; }

  const Weights& weights() const { return *weights_; }

 private:
  Model();
  Hyperparameters hyperparameters_;
  std::unique_ptr<Weights> weights_;
  std::string fingerprint_;
  std::vector<std::string> assumptions_;
  uint64_t parameters_ = 0;
  uint64_t resident_bytes_ = 0;
};

}  // namespace bitfleet
