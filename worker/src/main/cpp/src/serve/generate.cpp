#include "serve/generate.h"

#include <chrono>
#include <cstdio>

#include "schedule/scheduler.h"
#include "serve/engine.h"
#include "serve/process_end.h"

namespace bitfleet {
namespace {

class Terminal final : public EventSink {
 public:
  void send(const wire::EngineEvent& event) override {
    if (const auto* piece = std::get_if<wire::TokenPiece>(&event)) {
      std::fwrite(piece->text.data(), 1, piece->text.size(), stdout);
      std::fflush(stdout);
    } else if (const auto* rejected = std::get_if<wire::SequenceRejected>(&event)) {
      std::fprintf(stderr, "rejected: %s\n", rejected->message.c_str());
      status = exit_status::usage;
    } else if (const auto* finished = std::get_if<wire::SequenceFinished>(&event)) {
      report(*finished);
    }
  }

  int status = exit_status::done;

 private:
  void report(const wire::SequenceFinished& finished) {
    static constexpr const char* reasons[] = {"", "end token", "stop string", "length", "cancelled", "failed"};
    const double prefill = static_cast<double>(finished.prefill_micros) / 1e6;
    const double decode = static_cast<double>(finished.decode_micros) / 1e6;
    // The first token comes out of the prefill, so one less was decoded.
    const double decoded = finished.completion_tokens > 0 ? finished.completion_tokens - 1.0 : 0.0;
    std::printf("\n");
    std::fprintf(stderr, "\n%s; prompt %u tokens in %.3f s (%.1f/s), completion %u tokens in %.3f s (%.1f/s)\n",
                 reasons[static_cast<uint32_t>(finished.reason)], finished.prompt_tokens, prefill,
                 prefill > 0 ? finished.prompt_tokens / prefill : 0.0, finished.completion_tokens, decode,
                 decode > 0 ? decoded / decode : 0.0);
    if (finished.reason == wire::FinishReason::failed) {
      std::fprintf(stderr, "%s\n", finished.message.c_str());
      status = exit_status::internal;
    }
  }
};

}  // namespace

int generate(const ServeOptions& options, const wire::OpenSequence& request) {
  const auto start = std::chrono::steady_clock::now();
  Engine engine = load_engine(options);
  const std::chrono::duration<double> loading = std::chrono::steady_clock::now() - start;
  for (const auto& assumption : engine.assumptions) std::fprintf(stderr, "assumed: %s\n", assumption.c_str());
  std::fprintf(stderr, "loaded in %.2f s, kernels %s, %u threads\n", loading.count(),
               std::string(to_string(engine.inference->kernels())).c_str(), engine.threads);

  Terminal terminal;
  grammar::GrammarLibrary grammars(*engine.tokenizer);
  auto prepared = prepare(request, *engine.tokenizer, {engine.inference->context_length(), engine.vocabulary, !engine.causal()}, &grammars);
  if (const auto* rejected = std::get_if<wire::SequenceRejected>(&prepared)) {
    terminal.send(*rejected);
    return terminal.status;
  }
  InferenceStepModel model(*engine.inference, engine.model->hyperparameters().vocabulary);
  Scheduler scheduler(model, *engine.tokenizer, scheduler_options(options, engine), terminal);
  scheduler.open(std::move(std::get<PreparedSequence>(prepared)));
  while (!scheduler.idle()) scheduler.step();
  return terminal.status;
}

}  // namespace bitfleet
