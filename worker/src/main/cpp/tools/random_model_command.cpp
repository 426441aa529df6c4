#include <fstream>

#include "model/model_error.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/random_model.h"

namespace bitfleet::tools {
namespace {

TensorType parse_type(const std::string& text) {
  for (const TensorType type : {TensorType::f32, TensorType::f16, TensorType::bf16, TensorType::q4_0, TensorType::q8_0, TensorType::q6_k,
                                TensorType::tq1_0, TensorType::tq2_0, TensorType::i2_s}) {
    if (to_string(type) == text) return type;
  }
  throw UsageError("unknown tensor type " + text);
}

RandomModelSpec parse(const Options& options) {
  RandomModelSpec spec = named_shape(options.text("--shape").value_or("tiny"));
  if (const auto architecture = options.text("--arch")) {
    spec.architecture = *architecture;
    spec.tokenizer = *architecture == "bitnet" || *architecture == "llama" ? TokenizerKind::llama : TokenizerKind::gpt2;
  }
  spec.layers = options.number("--layers", spec.layers);
  spec.embedding = options.number("--embd", spec.embedding);
  spec.heads = options.number("--heads", spec.heads);
  spec.kv_heads = options.number("--kv-heads", spec.kv_heads);
  spec.head_dim = options.number("--head-dim", spec.head_dim);
  spec.feed_forward = options.number("--ff", spec.feed_forward);
  spec.vocabulary = options.number("--vocab", spec.vocabulary);
  spec.context_length = options.number("--context", spec.context_length);
  spec.rope_theta = options.number("--rope-theta", spec.rope_theta);
  if (const auto type = options.text("--type")) spec.linear_type = parse_type(*type);
  if (const auto type = options.text("--embedding-type")) spec.embedding_type = parse_type(*type);
  if (const auto type = options.text("--head-type")) {
    spec.head_type = parse_type(*type);
    spec.tied_head = false;
  }
  if (const auto kind = options.text("--tokenizer")) {
    if (*kind != "gpt2" && *kind != "llama") throw UsageError("unknown tokenizer " + *kind);
    spec.tokenizer = *kind == "gpt2" ? TokenizerKind::gpt2 : TokenizerKind::llama;
  }
  spec.block_scales = options.number("--block-scales", spec.block_scales ? 1 : 0) != 0;
  spec.scale_tensors = options.number("--scale-tensors", spec.scale_tensors ? 1 : 0) != 0;
  spec.rope_factors = options.number("--rope-factors", spec.rope_factors ? 1 : 0) != 0;
  spec.projection_norms = options.number("--projection-norms", spec.projection_norms ? 1 : 0) != 0;
  if (spec.projection_norms && spec.architecture != "qwen3") throw UsageError("--projection-norms goes with --arch qwen3");
  if (const auto name = options.text("--pooling")) {
    const auto pooling = parse_pooling(*name);
    if (!pooling) throw UsageError("--pooling is none, mean, cls or last, not " + *name);
    spec.pooling = *pooling;
  }
  spec.causal = options.number("--causal", spec.causal ? 1 : 0) != 0;
  spec.add_end_token = options.number("--add-end-token", spec.add_end_token ? 1 : 0) != 0;
  spec.seed = options.number("--seed", spec.seed);
  if (spec.layers == 0 || spec.embedding == 0 || spec.heads == 0 || spec.kv_heads == 0 || spec.feed_forward == 0 || spec.heads % spec.kv_heads != 0) {
    throw UsageError("a shape needs positive sizes, and KV heads that divide the heads");
  }
  return spec;
}

}  // namespace

int random_model_command(std::span<char* const> arguments) {
  return run_command("random-model", [&] {
    const Options options(arguments, {"--out", "--shape", "--arch", "--layers", "--embd", "--heads", "--kv-heads", "--head-dim", "--ff", "--vocab", "--context",
                                      "--rope-theta", "--type", "--embedding-type", "--head-type", "--tokenizer", "--block-scales", "--scale-tensors",
                                      "--rope-factors", "--projection-norms", "--pooling", "--causal", "--add-end-token", "--seed"});
    const std::string path = options.required("--out");
    const RandomModelSpec spec = parse(options);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    if (!out) throw ModelError(ModelErrorCode::io_error, "cannot create " + path);
    write_random_model(spec, out);
  });
}

}  // namespace bitfleet::tools
