#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "gguf/gguf_file.h"
#include "model/inference.h"
#include "model/model.h"
#include "tools/command_frame.h"
#include "tools/commands.h"

namespace bitfleet::tools {
namespace {

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
    if (count < 0) throw std::system_error(errno, std::generic_category(), "cannot write the logits");
    done += static_cast<size_t>(count);
  }
}

}  // namespace

int logits_command(std::span<char* const> arguments) {
  return run_command("logits", [&] {
    const Options options(arguments, {"--model", "--tokens", "--threads", "--kernel", "--batch", "--i2s-block"});
    const std::vector<uint32_t> tokens = parse_tokens(options.required("--tokens"));
    const auto kernels = parse_kernel_set(options.text("--kernel").value_or("auto"));
    if (!kernels) throw UsageError("--kernel is auto, scalar, avx2 or avx512vnni");
    LoadOptions load;
    load.threads = options.number("--threads", 1U);
    const auto block = options.number("--i2s-block", 128U);
    if (block != 64 && block != 128) throw UsageError("--i2s-block is 128 or 64");
    load.i2s_block = block == 64 ? I2sBlock::arm_64 : I2sBlock::x86_128;

    const auto model = Model::load(GgufFile::open(options.required("--model")), load);
    InferenceOptions inference_options;
    inference_options.context_length = static_cast<uint32_t>(tokens.size());
    inference_options.threads = load.threads;
    inference_options.kernels = *kernels;
    inference_options.max_batch = std::min<uint32_t>(options.number("--batch", 64U), static_cast<uint32_t>(tokens.size()));
    Inference inference(*model, inference_options);
    std::vector<BatchToken> batch;
    for (uint32_t position = 0; position < tokens.size(); ++position) {
      if (tokens[position] >= model->hyperparameters().vocabulary) throw UsageError("token " + std::to_string(tokens[position]) + " is not in the vocabulary");
      batch.push_back({tokens[position], position, 0, true});
      if (batch.size() == inference_options.max_batch || position + 1 == tokens.size()) {
        write_all(inference.step(batch));
        batch.clear();
      }
    }
  });
}

}  // namespace bitfleet::tools
