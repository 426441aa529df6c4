#include <algorithm>
#include <vector>

#include "gguf/gguf_file.h"
#include "model/inference.h"
#include "model/model.h"
#include "tools/adapter_options.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/kv_options.h"
#include "tools/token_figures.h"

namespace bitfleet::tools {

int logits_command(std::span<char* const> arguments) {
  return run_command("logits", [&] {
    const Options options(arguments, {"--model", "--tokens", "--threads", "--kernel", "--batch", "--i2s-block", "--lora", "--lora-quant", "--unembed-quant", "--kv-quant"});
    const std::vector<uint32_t> tokens = parse_tokens(options.required("--tokens"));
    const auto kernels = parse_kernel_set(options.text("--kernel").value_or("auto"));
    if (!kernels) throw UsageError("--kernel is " + kernel_set_names());
    LoadOptions load;
    load.threads = options.number("--threads", 1U);
    load.layout = layout_for(*kernels);
    const auto block = options.number("--i2s-block", 128U);
    if (block != 64 && block != 128) throw UsageError("--i2s-block is 128 or 64");
    load.i2s_block = block == 64 ? I2sBlock::arm_64 : I2sBlock::x86_128;

    ServeOptions serve;
    read_adapter_options(options, serve);
    std::optional<GgufFile> adapter;
    if (!serve.adapter.empty()) adapter.emplace(GgufFile::open(serve.adapter));
    load.adapter = adapter ? &*adapter : nullptr;
    load.adapter_strength = serve.adapter_strength;
    load.adapter_quant = serve.adapter_quant;
    load.unembed_quant = serve.unembed_quant;

    const auto model = Model::load(GgufFile::open(options.required("--model")), load);
    InferenceOptions inference_options;
    inference_options.context_length = static_cast<uint32_t>(tokens.size());
    inference_options.threads = load.threads;
    inference_options.kernels = *kernels;
    inference_options.kv_quant = kv_quant_of(options);
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
