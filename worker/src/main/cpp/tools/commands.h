#pragma once

#include <span>

namespace bitfleet::tools {

// Subcommands of bitfleet-engine that are not the server. Each takes the arguments behind its own name, prints errors to
// stderr and returns the exit status: 0, 1 for a failure, 2 for wrong arguments.

// random-model --out FILE [--shape NAME] [--arch A] [--layers N] [--embd N] [--heads N] [--kv-heads N] [--head-dim N] [--ff N]
//   [--vocab N] [--context N] [--rope-theta X] [--type T] [--embedding-type T] [--head-type T] [--tokenizer gpt2|llama]
//   [--block-scales 0|1] [--scale-tensors 0|1] [--rope-factors 0|1] [--seed N]
//   [--pooling none|mean|cls|last] [--causal 0|1] [--add-end-token 0|1] [--projection-norms 0|1 (with --arch qwen3)]
// --head-type unties the head from the embedding.
int random_model_command(std::span<char* const> arguments);

// logits --model FILE --tokens 1,2,3 [--threads N] [--kernel K] [--batch N] [--i2s-block 128|64]
//   [--lora FILE[:STRENGTH]] [--lora-quant Q] [--unembed-quant Q]
// Raw float32, little-endian, [tokens][vocabulary], to stdout.
int logits_command(std::span<char* const> arguments);

// embed --model FILE --tokens 1,2,3 [--pooling P] [--threads N] [--kernel K] [--batch N]
// The embedding of these very tokens: raw float32, little-endian, [embedding], to stdout.
int embed_command(std::span<char* const> arguments);

// bench-step --model FILE [--threads N] [--kernel K] [--layout L] [--prompt N] [--generate N] [--streams N]
// Tokens per second of prefill and of decoding, as a line each; best and median of the steps.
int bench_step_command(std::span<char* const> arguments);

// bench-attention [--threads N] [--kernel K] [--context N] [--layers N] [--heads N] [--kv-heads N] [--head-dim N]
// Milliseconds that the attention of a token takes behind contexts of several lengths, when one token is decoded and when a
// chunk is read. Without a model; the shape is that of 2B-4T unless told otherwise.
int bench_attention_command(std::span<char* const> arguments);

// bench-limits [--threads N] [--kernel K]
// What this machine can do at most, as one JSON object: bytes a second from memory, 8-bit operations a second.
int bench_limits_command(std::span<char* const> arguments);

// bench-kernels [--kernel K] [--layout L] [--threads 1,2] [--tokens 1,8,256] [--rows N] [--columns N] [--seconds X] [--json 0|1]
// One ternary product by every kernel set and layout that is fast with it, for several batch sizes and numbers of threads: median
// and best time, and what the best makes in GB/s of weights and in 10^12 operations a second.
int bench_kernels_command(std::span<char* const> arguments);

// random-adapter --model FILE --out FILE [--rank N] [--alpha X] [--type f32|f16|…] [--targets attn_q,attn_v,…] [--seed N]
// A LoRA adapter for that model, with random weights. All seven matrices of a layer unless --targets names some.
int random_adapter_command(std::span<char* const> arguments);

// bench-grammar [--model FILE | --vocab N] [--tokens N] [--grammar FILE]
// What compiling some grammars, and finding the tokens they allow, costs with the model's vocabulary or a made-up one.
int bench_grammar_command(std::span<char* const> arguments);

// cpu: the kernel sets this machine can run, and the chosen one.
int cpu_command(std::span<char* const> arguments);

}  // namespace bitfleet::tools
