#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "kernels/kernel_set.h"
#include "kernels/kv_layout.h"
#include "model/pooling.h"
#include "quant/weight_quant.h"
#include "schedule/draft_plan.h"

namespace bitfleet {

struct ServeOptions {
  std::filesystem::path model;
  uint32_t threads = 0;         // 0 = one per processor this process may use
  uint32_t slots = 4;
  uint32_t context_length = 0;  // per slot; 0 = the one the model was trained with
  uint32_t prefill_chunk = 256;     // most prompt tokens of one step
  uint32_t kv_mib = 0;              // of the KV cache; 0 = as much as gives every slot its whole context
  KvQuant kv_quant = KvQuant::none;
  uint32_t step_budget_millis = 100;  // what a step may take while streams wait for it; 0 = whatever it takes
  Speculation speculation = Speculation::automatic;
  KernelSet kernels = KernelSet::automatic;
  std::filesystem::path adapter;   // a LoRA adapter (GGUF); empty = none
  float adapter_strength = 1;
  WeightQuant adapter_quant = WeightQuant::none;
  std::optional<WeightQuant> unembed_quant = WeightQuant::none;  // nullopt = see LoadOptions
  std::optional<Pooling> pooling;  // in place of the one the file names
  bool prepared = false;           // whether a prepared file is read, and written where there is none
  std::filesystem::path prepared_folder;  // for it, where the model's own folder takes none; empty = nowhere
};

// `bitfleet-engine serve`: the engine protocol (engine.proto) on standard input and output. Four kinds of threads:
//   reader    frames from standard input; ends the process when it closes
//   intake    decodes, checks and tokenizes commands; answers Tokenize and Detokenize; passes the rest on
//   step      (the caller's) opens, cancels, steps the model; answers Ping
//   writer    events to standard output
// Returns only when loading fails, with the exit status; otherwise the process ends from the reader.
int serve(const ServeOptions& options);

// `bitfleet-engine tokenizer`: the same protocol with the tokenizer alone, beside an engine that has none to ask.
int serve_tokenizer(const std::filesystem::path& model);

}  // namespace bitfleet
