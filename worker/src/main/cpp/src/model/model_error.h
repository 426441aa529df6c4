#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace bitfleet {

enum class ModelErrorCode {
  bad_file,           // the file breaks its own format, or holds values no correct writer produces
  unsupported_model,  // a sound file that this engine cannot run: the message names what
  out_of_memory,      // weights, KV cache or working buffers do not fit
  io_error            // the operating system refused to open or read
};

constexpr std::string_view to_string(ModelErrorCode code) {
  switch (code) {
    case ModelErrorCode::bad_file: return "bad_file";
    case ModelErrorCode::unsupported_model: return "unsupported_model";
    case ModelErrorCode::out_of_memory: return "out_of_memory";
    case ModelErrorCode::io_error: return "io_error";
  }
  return "unknown";
}

// Thrown while a model is opened, checked, repacked or given its buffers; never from Inference::step
// once that object stands. The message names the offset, key or tensor at fault, holds no bytes of the
// file other than names already checked to be UTF-8, and is fit to show to an operator.
class ModelError : public std::runtime_error {
 public:
  ModelError(ModelErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ModelErrorCode code() const noexcept { return code_; }

 private:
  ModelErrorCode code_;
};

}  // namespace bitfleet
