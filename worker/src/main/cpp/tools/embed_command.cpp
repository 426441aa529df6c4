#include <optional>
#include <variant>

#include "schedule/scheduler.h"
#include "serve/engine.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/token_figures.h"

namespace bitfleet::tools {
namespace {

class Answer final : public EventSink {
 public:
  void send(const wire::EngineEvent& event) override {
    if (const auto* embedded = std::get_if<wire::Embedded>(&event)) answer = *embedded;
  }
  std::optional<wire::Embedded> answer;
};

}  // namespace

// Takes the way of serve(), through the scheduler and its chunks.
int embed_command(std::span<char* const> arguments) {
  return run_command("embed", [&] {
    const Options options(arguments, {"--model", "--tokens", "--pooling", "--threads", "--kernel", "--batch"});
    PreparedEmbedding request{1, parse_tokens(options.required("--tokens")), 0};
    ServeOptions serve;
    serve.model = options.required("--model");
    serve.threads = options.number("--threads", 1U);
    serve.slots = 1;
    serve.context_length = static_cast<uint32_t>(request.tokens.size() + 1);
    serve.prefill_chunk = options.number("--batch", 64U);
    const auto kernels = parse_kernel_set(options.text("--kernel").value_or("auto"));
    if (!kernels) throw UsageError("--kernel is " + kernel_set_names());
    serve.kernels = *kernels;
    if (const auto name = options.text("--pooling")) {
      serve.pooling = parse_pooling(*name);
      if (!serve.pooling) throw UsageError("--pooling is none, mean, cls or last, not " + *name);
    }
    const Engine engine = load_engine(serve);
    for (const uint32_t token : request.tokens) {
      if (token >= engine.vocabulary) throw UsageError("token " + std::to_string(token) + " is not in the vocabulary");
    }
    Answer answer;
    InferenceStepModel model(*engine.inference, engine.model->hyperparameters().vocabulary);
    Scheduler scheduler(model, *engine.tokenizer, scheduler_options(serve, engine), answer);
    scheduler.embed(std::move(request));
    while (!scheduler.idle()) scheduler.step();
    if (answer.answer->error != wire::EmbedError::none) throw std::runtime_error(answer.answer->message);
    write_all(answer.answer->values);
  });
}

}  // namespace bitfleet::tools
