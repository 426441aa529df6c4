#include <algorithm>
#include <cstdio>
#include <vector>

#include "gguf/gguf_file.h"
#include "model/inference.h"
#include "model/model.h"
#include "tools/adapter_options.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/kv_options.h"
#include "tools/seconds_since.h"

namespace bitfleet::tools {

int bench_step_command(std::span<char* const> arguments) {
  return run_command("bench-step", [&] {
    const Options options(arguments, {"--model", "--threads", "--kernel", "--prompt", "--generate", "--streams", "--batch", "--layout", "--unembed-quant", "--kv-quant", "--prepared"});
    const auto kernels = parse_kernel_set(options.text("--kernel").value_or("auto"));
    if (!kernels) throw UsageError("--kernel is " + kernel_set_names());
    const std::string layout_name = options.text("--layout").value_or(std::string(to_string(layout_for(*kernels))));
    const auto layout = parse_layout(layout_name);
    if (!layout) throw UsageError("--layout is two_bit or base3");
    const auto prompt = std::max(1U, options.number("--prompt", 128U));
    const auto generate = std::max(1U, options.number("--generate", 64U));
    InferenceOptions inference_options;
    inference_options.threads = options.number("--threads", 1U);
    inference_options.slots = options.number("--streams", 1U);
    inference_options.context_length = prompt + generate;
    inference_options.kernels = *kernels;
    inference_options.kv_quant = kv_quant_of(options);
    inference_options.max_batch = std::max(options.number("--batch", 256U), inference_options.slots);

    ServeOptions serve;
    read_adapter_options(options, serve);
    const auto load_start = SteadyClock::now();
    const auto model = Model::load(GgufFile::open(options.required("--model")),
                                   {.threads = inference_options.threads, .layout = *layout, .unembed_quant = serve.unembed_quant,
                                    .path = options.text("--prepared").value_or("off") == "auto" ? options.required("--model") : ""});
    std::printf("load      %8.2f s   %.2f GB resident\n", seconds_since(load_start), static_cast<double>(model->resident_bytes()) * 1e-9);
    Inference inference(*model, inference_options);
    const uint32_t vocabulary = model->hyperparameters().vocabulary;
    std::vector<BatchToken> batch;

    const auto prefill_start = SteadyClock::now();
    for (uint32_t slot = 0; slot < inference_options.slots; ++slot) {
      for (uint32_t position = 0; position < prompt; ++position) {
        batch.push_back({(position * 7919 + slot * 104729 + 13) % vocabulary, position, slot, position + 1 == prompt});
        if (batch.size() == inference_options.max_batch || position + 1 == prompt) {
          inference.step(batch);
          batch.clear();
        }
      }
    }
    const double prefill = seconds_since(prefill_start);
    std::printf("prefill   %8.1f tok/s\n", prompt * inference_options.slots / prefill);

    std::vector<double> times;
    for (uint32_t i = 0; i < generate; ++i) {
      for (uint32_t slot = 0; slot < inference_options.slots; ++slot) {
        batch.push_back({(i * 31337 + slot * 7 + 5) % vocabulary, prompt + i, slot, true});
      }
      const auto start = SteadyClock::now();
      inference.step(batch);
      times.push_back(seconds_since(start));
      batch.clear();
    }
    std::sort(times.begin(), times.end());
    std::printf("decode    %8.1f tok/s median  %8.1f tok/s best  (%u streams, %s, %s)\n", inference_options.slots / times[times.size() / 2],
                inference_options.slots / times.front(), inference_options.slots, std::string(to_string(inference.kernels())).c_str(), layout_name.c_str());
  });
}

}  // namespace bitfleet::tools
