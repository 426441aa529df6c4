#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "gguf/mapped_file.h"
#include "model/model_error.h"
#include "serve/commands.h"
#include "serve/process_end.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace bitfleet {
namespace {

constexpr const char* usage = R"(usage: bitfleet-engine COMMAND [OPTION VALUE]…

  serve         --model FILE [--threads N] [--slots N] [--ctx-size N] [--batch N] [--kernel K] [--pin 0,1]
                [--pooling none|mean|cls|last] [--lora FILE[:STRENGTH]] [--lora-quant Q] [--unembed-quant Q]
                [--prepared auto|off] [--prepared-dir DIR]
                [--kv-mib N] [--kv-quant none|int8] [--step-budget-ms N] [--speculation auto|off|always]
                the engine protocol on standard input and output
  tokenizer     --model FILE
                the same protocol, tokenizing only
  generate      --model FILE (--prompt TEXT | --tokens 1,2,3) [--max-tokens N] [--stop TEXT] [--ignore-eos 0|1]
                [--temperature X] [--top-k N] [--top-p X] [--min-p X] [--typical-p X] [--repeat-penalty X]
                [--repeat-last-n N] [--presence-penalty X] [--frequency-penalty X] [--seed N] [--grammar FILE]
                [--threads N] [--ctx-size N] [--batch N] [--kernel K] [--pin 0,1] [--kv-quant none|int8] [--speculation auto|off|always]
                one completion, for people
  logits        --model FILE --tokens 1,2,3 [--threads N] [--kernel K] [--batch N] [--kv-quant none|int8]
                raw float32 logits of every position to standard output
  embed         --model FILE --tokens 1,2,3 [--pooling P] [--threads N] [--kernel K] [--batch N]
                the raw float32 embedding of these tokens to standard output
  bench-step    --model FILE [--threads N] [--kernel K] [--layout L] [--prompt N] [--generate N] [--streams N] [--kv-quant none|int8]
  bench-attention [--kv-quant none|int8] [--threads N] [--kernel K] [--context N] [--layers N] [--heads N] [--kv-heads N] [--head-dim N]
  bench-limits  [--threads N] [--kernel K]
                what this machine can do at most, as JSON: bytes a second from memory, 8-bit operations a second
  bench-kernels [--kernel K] [--layout L] [--threads 1,2] [--tokens 1,8,256] [--rows N] [--columns N] [--seconds X] [--json 0|1]
                what products with ternary weights take, by kernel set, layout, batch size and threads
  bench-grammar [--model FILE | --vocab N] [--tokens N] [--grammar FILE]
                what grammars cost: compiling, and finding the allowed tokens
  random-model  --out FILE [--shape tiny|2b4t|large|llama8b] [--arch A] [--layers N] … [--seed N]
                a model with random weights, for tests and benchmarks
  random-adapter --model FILE --out FILE [--rank N] [--alpha X] [--type T] [--targets attn_q,ffn_down,…] [--seed N]
                a LoRA adapter with random weights for a model
  cpu           the kernel sets this machine can run
  version

K is auto, scalar, avx2, avx512vnni, amx or neon; L is two_bit or base3; Q is none, int8 or q4_0, for --unembed-quant auto too. --batch is the most prompt tokens of one step.
)";

int version_command(std::span<char* const>) {
  std::printf("bitfleet-engine %s\n", BITFLEET_VERSION);
  return exit_status::done;
}

int help_command(std::span<char* const>) {
  std::fputs(usage, stdout);
  return exit_status::done;
}

struct Command {
  std::string_view name;
  int (*run)(std::span<char* const> arguments);
};

constexpr Command commands[] = {
    {"serve", serve_command},
    {"tokenizer", tokenizer_command},
    {"generate", generate_command},
    {"logits", tools::logits_command},
    {"embed", tools::embed_command},
    {"bench-step", tools::bench_step_command},
    {"bench-attention", tools::bench_attention_command},
    {"bench-limits", tools::bench_limits_command},
    {"bench-kernels", tools::bench_kernels_command},
    {"bench-grammar", tools::bench_grammar_command},
    {"random-model", tools::random_model_command},
    {"random-adapter", tools::random_adapter_command},
    {"cpu", tools::cpu_command},
    {"version", version_command},
    {"help", help_command},
    {"--help", help_command},
};

int run(std::span<char* const> arguments) {
  if (arguments.empty()) throw tools::UsageError("a command is missing");
  for (const Command& command : commands) {
    if (command.name == arguments[0]) return command.run(arguments.subspan(1));
  }
  throw tools::UsageError("unknown command " + std::string(arguments[0]));
}

}  // namespace
}  // namespace bitfleet

int main(int argc, char** argv) {
  using namespace bitfleet;
  exit_cleanly_on_truncated_mapping();
  try {
    return run(std::span<char* const>(argv, static_cast<size_t>(argc)).subspan(argc > 0 ? 1 : 0));
  } catch (const tools::UsageError& error) {
    std::fprintf(stderr, "bitfleet-engine: %s\n\n%s", error.what(), usage);
    return exit_status::usage;
  } catch (const ModelError& error) {
    std::fprintf(stderr, "bitfleet-engine: %s: %s\n", std::string(to_string(error.code())).c_str(), error.what());
    return exit_status::load_failed;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bitfleet-engine: %s\n", error.what());
    return exit_status::internal;
  }
}
