#include "serve/engine.h"

#include <sched.h>

#include <algorithm>
#include <new>

#include "gguf/gguf_file.h"
#include "model/kernel_choice.h"
#include "model/kv_cache.h"
#include "model/model_error.h"
#include "sample/sampler.h"

namespace bitfleet {
namespace {

uint64_t fingerprint_of(const Model& model, const Tokenizer& tokenizer, KvQuant kv_quant) {
  uint64_t hash = tokenizer.fingerprint();
  for (char digit : model.fingerprint()) hash = (hash ^ static_cast<uint8_t>(digit)) * 0x100000001b3;
  if (kv_quant != KvQuant::none) {  // it changes tokens as rounded weights do
    for (char letter : to_string(kv_quant)) hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001b3;
  }
  return hash;
}

GgufFile open_adapter(const std::string& path) {
  try {
    return GgufFile::open(path);
  } catch (const ModelError& error) {
    // Which of two files it is about is what the reader of the message needs to know.
    throw ModelError(error.code(), std::string("the adapter: ") + error.what());
  }
}

// 0 = each slot its whole context.
uint32_t kv_pages_of(const ServeOptions& options, const Hyperparameters& h) {
  if (options.kv_mib == 0) return 0;
  const uint64_t pages = (uint64_t{options.kv_mib} << 20) / KvCache::page_bytes(h, options.kv_quant);
  const uint64_t least = pages_for(options.context_length == 0 ? h.context_length : options.context_length);
  if (pages >= least) return static_cast<uint32_t>(std::min<uint64_t>(pages, UINT32_MAX));
  throw ModelError(ModelErrorCode::out_of_memory, "a KV cache of " + std::to_string(options.kv_mib) + " MiB holds " + std::to_string(pages * kv_page) +
                                                      " tokens, less than one context of " + std::to_string(least * kv_page));
}

void test_itself(Engine& engine) {
  const uint32_t first_page[] = {0};
  engine.inference->map(0, first_page, 0);
  const uint32_t token = engine.tokenizer->begin_token().value_or(0);
  const BatchToken batch[] = {{token, 0, 0, true}};
  const auto logits = engine.inference->step(batch);
  if (!all_finite(logits)) {
    throw ModelError(ModelErrorCode::bad_file, "the first token gives logits that are not finite: the weights are damaged");
  }
  engine.inference->truncate(0, 0);  // the scheduler says anew what lies where
}

Engine load(const ServeOptions& options) {
  Engine engine;
  engine.threads = options.threads == 0 ? usable_processors() : options.threads;
  const KernelChoice kernels = choose_kernels(options.kernels);
  {
    const GgufFile file = GgufFile::open(options.model);
    engine.tokenizer = std::make_unique<Tokenizer>(Tokenizer::load(file));
    std::optional<GgufFile> adapter;
    if (!options.adapter.empty()) adapter.emplace(open_adapter(options.adapter));
    engine.model = Model::load(file, LoadOptions{.threads = engine.threads,
                                                 .layout = layout_for(kernels.set),
                                                 .adapter = adapter ? &*adapter : nullptr,
                                                 .adapter_strength = options.adapter_strength,
                                                 .adapter_quant = options.adapter_quant,
                                                 .unembed_quant = options.unembed_quant,
                                                 .path = options.prepared ? options.model : std::filesystem::path(),
                                                 .spare_folder = options.prepared_folder});
    file.forget_pages();
  }
  const uint32_t rows = engine.model->hyperparameters().vocabulary;
  if (engine.tokenizer->size() > rows) {
    throw ModelError(ModelErrorCode::bad_file, "tokenizer.ggml.tokens has " + std::to_string(engine.tokenizer->size()) +
                                                   " tokens, token_embd only " + std::to_string(rows) + " rows");
  }
  engine.vocabulary = engine.tokenizer->size();
  engine.assumptions.assign(engine.model->assumptions().begin(), engine.model->assumptions().end());
  engine.assumptions.insert(engine.assumptions.end(), engine.tokenizer->assumptions().begin(),
                            engine.tokenizer->assumptions().end());
  engine.assumptions.insert(engine.assumptions.begin(), kernels.refused.begin(), kernels.refused.end());
  if (engine.vocabulary < rows) {
    engine.assumptions.push_back(std::to_string(rows - engine.vocabulary) + " rows of token_embd have no token; they are never drawn");
  }
  engine.fingerprint = hex16(fingerprint_of(*engine.model, *engine.tokenizer, options.kv_quant));

  const Hyperparameters& h = engine.model->hyperparameters();
  engine.pooling = options.pooling.value_or(h.pooling);
  if (!h.causal && engine.pooling == Pooling::none) {
    throw ModelError(ModelErrorCode::unsupported_model, "the model sees text both ways and names no pooling: it can neither generate nor embed");
  }
  InferenceOptions inference;
  inference.slots = scheduler_options(options, engine).model_slots();
  inference.context_length = options.context_length;
  inference.threads = engine.threads;
  inference.max_batch = scheduler_options(options, engine).most_tokens();
  inference.kv_pages = kv_pages_of(options, h);
  inference.kv_quant = options.kv_quant;
  if (!h.causal) {  // a text goes into one step whole
    inference.max_batch += options.context_length == 0 ? h.context_length : options.context_length;
  }
  inference.kernels = kernels.set;
  engine.inference = std::make_unique<Inference>(*engine.model, inference);
  test_itself(engine);
  return engine;
}

}  // namespace

SchedulerOptions scheduler_options(const ServeOptions& options, const Engine& engine) {
  SchedulerOptions scheduler;
  scheduler.slots = options.slots;
  scheduler.prefill_chunk = options.prefill_chunk;
  scheduler.pooling = engine.pooling;
  scheduler.causal = engine.causal();
  scheduler.step_budget = std::chrono::milliseconds(options.step_budget_millis);
  scheduler.speculation = options.speculation;
  return scheduler;
}

uint32_t usable_processors() {
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) != 0) return 1;
  return static_cast<uint32_t>(std::max(1, CPU_COUNT(&mask)));
}

std::string hex16(uint64_t value) {
  std::string text(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

Engine load_engine(const ServeOptions& options) {
  try {
    return load(options);
  } catch (const std::bad_alloc&) {
    throw ModelError(ModelErrorCode::out_of_memory, "memory does not suffice to load the model");
  }
}

}  // namespace bitfleet
