#include "serve/commands.h"

#include <sched.h>

#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "serve/generate.h"
#include "serve/serve.h"
#include "tools/adapter_options.h"
#include "tools/kv_options.h"
#include "tools/options.h"

namespace bitfleet {
namespace {

using tools::Options;
using tools::UsageError;

template <class Number>
Number number_within(const Options& options, std::string_view name, Number absent, Number least, Number most) {
  const Number number = options.number(name, absent);
  // An absent option may be a value that cannot be given, such as 0 for "the model's own".
  if (options.text(name) && !(number >= least && number <= most)) {
    throw UsageError(std::string(name) + " must lie between " + std::to_string(least) + " and " + std::to_string(most));
  }
  return number;
}

std::vector<uint32_t> list(const Options& options, std::string_view name) {
  std::vector<uint32_t> numbers;
  const auto text = options.text(name);
  if (!text) return numbers;
  const char* at = text->data();
  const char* const end = at + text->size();
  for (;;) {
    uint32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || (next != end && *next != ',')) throw UsageError(std::string(name) + " is no list like 0,1,2: " + *text);
    numbers.push_back(number);
    if (next == end) return numbers;
    at = next + 1;
  }
}

// The whole process, and every thread it starts from here on, stays on these processors.
void pin(const std::vector<uint32_t>& processors) {
  if (processors.empty()) return;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  for (uint32_t processor : processors) {
    if (processor >= CPU_SETSIZE) throw UsageError("--pin: no processor " + std::to_string(processor));
    CPU_SET(processor, &mask);
  }
  if (sched_setaffinity(0, sizeof mask, &mask) != 0) throw UsageError("--pin: none of these processors may be used here");
}

ServeOptions serve_options(const Options& options) {
  ServeOptions serve;
  serve.model = options.required("--model");
  serve.threads = number_within<uint32_t>(options, "--threads", 0, 1, 1024);
  serve.slots = number_within<uint32_t>(options, "--slots", serve.slots, 1, 1024);
  serve.context_length = number_within<uint32_t>(options, "--ctx-size", 0, 2, 1u << 24);
  serve.prefill_chunk = number_within<uint32_t>(options, "--batch", serve.prefill_chunk, 1, 1u << 16);
  serve.kv_mib = number_within<uint32_t>(options, "--kv-mib", 0, 1, 1u << 24);
  serve.kv_quant = tools::kv_quant_of(options);
  serve.step_budget_millis = number_within<uint32_t>(options, "--step-budget-ms", serve.step_budget_millis, 0, 60'000);
  const std::string speculation = options.text("--speculation").value_or("auto");
  const auto how = parse_speculation(speculation);
  if (!how) throw UsageError("--speculation is auto, off or always, not " + speculation);
  serve.speculation = *how;
  const std::string kernel = options.text("--kernel").value_or("auto");
  const auto set = parse_kernel_set(kernel);
  if (!set) throw UsageError("--kernel is " + kernel_set_names() + ", not " + kernel);
  serve.kernels = *set;
  tools::read_adapter_options(options, serve);
  if (const auto name = options.text("--pooling")) {
    serve.pooling = parse_pooling(*name);
    if (!serve.pooling) throw UsageError("--pooling is none, mean, cls or last, not " + *name);
  }
  return serve;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw UsageError("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), {}};
}

wire::Sampling sampling_of(const Options& options) {
  constexpr float any = 1e9f;
  wire::Sampling sampling;
  sampling.temperature = number_within<float>(options, "--temperature", 0, 0, any);
  sampling.top_k = options.number<uint32_t>("--top-k", 0);
  sampling.top_p = number_within<float>(options, "--top-p", 1, 0, 1);
  sampling.min_p = number_within<float>(options, "--min-p", 0, 0, 1);
  sampling.typical_p = number_within<float>(options, "--typical-p", 1, 0, 1);
  sampling.repeat_penalty = number_within<float>(options, "--repeat-penalty", 1, 1e-6f, any);
  sampling.repeat_last_n = options.number<uint32_t>("--repeat-last-n", 64);
  sampling.presence_penalty = number_within<float>(options, "--presence-penalty", 0, -any, any);
  sampling.frequency_penalty = number_within<float>(options, "--frequency-penalty", 0, -any, any);
  sampling.seed = options.number<uint64_t>("--seed", 0);
  return sampling;
}

}  // namespace

int serve_command(std::span<char* const> arguments) {
  const Options options(arguments, {"--model", "--threads", "--slots", "--ctx-size", "--batch", "--kernel", "--pin", "--pooling",
                                    "--kv-mib", "--kv-quant", "--step-budget-ms", "--speculation", "--lora", "--lora-quant", "--unembed-quant",
                                    "--prepared", "--prepared-dir"});
  ServeOptions serve_with = serve_options(options);
  const std::string prepared = options.text("--prepared").value_or("auto");
  if (prepared != "auto" && prepared != "off") throw UsageError("--prepared is auto or off, not " + prepared);
  serve_with.prepared = prepared == "auto";
  serve_with.prepared_folder = options.text("--prepared-dir").value_or("");
  pin(list(options, "--pin"));
  return serve(serve_with);
}

int tokenizer_command(std::span<char* const> arguments) {
  return serve_tokenizer(Options(arguments, {"--model"}).required("--model"));
}

int generate_command(std::span<char* const> arguments) {
  const Options options(arguments, {"--model", "--threads", "--ctx-size", "--batch", "--kernel", "--pin", "--prompt", "--tokens",
                                    "--max-tokens", "--stop", "--ignore-eos", "--temperature", "--top-k", "--top-p", "--min-p",
                                    "--typical-p", "--repeat-penalty", "--repeat-last-n", "--presence-penalty",
                                    "--frequency-penalty", "--seed", "--grammar", "--kv-quant", "--speculation", "--lora", "--lora-quant",
                                    "--unembed-quant"});
  ServeOptions serve_with = serve_options(options);
  serve_with.slots = 1;
  wire::OpenSequence request;
  request.sequence_id = 1;
  request.add_begin_token = true;
  if (const auto prompt = options.text("--prompt")) request.prompt.emplace_back(*prompt);
  if (auto tokens = list(options, "--tokens"); !tokens.empty()) request.prompt.emplace_back(std::move(tokens));
  if (request.prompt.empty()) throw UsageError("--prompt or --tokens is missing");
  request.max_tokens = options.number<uint32_t>("--max-tokens", 128);
  if (const auto stop = options.text("--stop")) request.stop_strings.push_back(*stop);
  request.ignore_end_tokens = number_within<uint32_t>(options, "--ignore-eos", 0, 0, 1) == 1;
  request.sampling = sampling_of(options);
  if (const auto path = options.text("--grammar")) request.grammar = file_text(*path);
  pin(list(options, "--pin"));
  return generate(serve_with, request);
}

}  // namespace bitfleet
