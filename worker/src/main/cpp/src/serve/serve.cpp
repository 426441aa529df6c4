#include "serve/serve.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "gguf/gguf_file.h"
#include "model/model_error.h"
#include "schedule/prepare.h"
#include "schedule/scheduler.h"
#include "serve/command_reader.h"
#include "serve/engine.h"
#include "serve/event_writer.h"
#include "serve/process_end.h"
#include "serve/text_commands.h"
#include "text/utf8.h"
#include "wire/codec.h"

namespace bitfleet {
namespace {

using Clock = std::chrono::steady_clock;

// What the step thread is told.
using StepCommand = std::variant<PreparedSequence, wire::CancelSequence, wire::Ping, PreparedEmbedding, wire::CancelEmbed>;
using StepCommands = BoundedQueue<StepCommand>;
constexpr size_t most_step_commands = 1024;

uint32_t millis_since(Clock::time_point start) {
  return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count());
}

void send_loading(EventSink& events) { events.send(wire::Loading{wire::protocol_version, BITFLEET_VERSION}); }

int report_load_failure(EventWriter& events, const ModelError& error) {
  std::fprintf(stderr, "bitfleet-engine: %s: %s\n", std::string(to_string(error.code())).c_str(), error.what());
  events.send(wire::LoadFailed{std::string(to_string(error.code())), error.what()});
  events.flush(std::chrono::seconds(1));
  return exit_status::load_failed;
}

// nullopt after a fault was reported.
std::optional<wire::EngineCommand> decode(const std::string& message, EventSink& events) {
  try {
    wire::EngineCommand command = wire::decode_command(message);
    if (!std::holds_alternative<std::monostate>(command)) return command;
    events.send(wire::ProtocolFault{"a command without a member this engine knows"});
  } catch (const wire::MalformedMessage& fault) {
    events.send(wire::ProtocolFault{std::string("unreadable command: ") + fault.what()});
  }
  return std::nullopt;
}

wire::Ready ready_event(const Engine& engine, const ServeOptions& options, uint32_t load_millis) {
  const Hyperparameters& h = engine.model->hyperparameters();
  wire::Ready ready;
  ready.protocol = wire::protocol_version;
  ready.engine_version = BITFLEET_VERSION;
  ready.kernel = to_string(engine.inference->kernels());
  ready.threads = engine.threads;
  ready.slots = options.slots;
  ready.context_length = engine.inference->context_length();
  ready.architecture = h.architecture;
  ready.model_name = h.name;
  ready.vocabulary_size = engine.vocabulary;
  ready.fingerprint = engine.fingerprint;
  ready.parameters = engine.model->parameters();
  ready.model_bytes = engine.model->resident_bytes();
  ready.kv_cache_bytes = engine.inference->kv_cache_bytes();
  ready.assumptions = engine.assumptions;
  ready.load_millis = load_millis;
  ready.embedding_size = engine.pooling == Pooling::none ? 0 : h.embedding;
  ready.pooling = to_string(engine.pooling);
  ready.embeds_only = !h.causal;
  return ready;
}

// The intake thread. Never returns.
void take_in(CommandReader& reader, StepCommands& steps, const Engine& engine, EventSink& events) {
  const PrepareLimits limits{engine.inference->context_length(), engine.vocabulary, !engine.causal()};
  grammar::GrammarLibrary grammars(*engine.tokenizer);
  for (;;) {
    auto command = decode(reader.next(), events);
    if (!command) continue;
    if (auto* open = std::get_if<wire::OpenSequence>(&*command)) {
      auto prepared = prepare(std::move(*open), *engine.tokenizer, limits, &grammars);
      if (auto* rejected = std::get_if<wire::SequenceRejected>(&prepared)) events.send(*rejected);
      else steps.push(std::move(std::get<PreparedSequence>(prepared)));
    } else if (const auto* cancel = std::get_if<wire::CancelSequence>(&*command)) {
      steps.push(*cancel);
    } else if (const auto* ping = std::get_if<wire::Ping>(&*command)) {
      steps.push(*ping);
    } else if (const auto* embed = std::get_if<wire::Embed>(&*command)) {
      auto prepared = prepare_embedding(*embed, *engine.tokenizer, limits);
      if (auto* refused = std::get_if<wire::Embedded>(&prepared)) events.send(*refused);
      else steps.push(std::move(std::get<PreparedEmbedding>(prepared)));
    } else if (const auto* cancel_embed = std::get_if<wire::CancelEmbed>(&*command)) {
      steps.push(*cancel_embed);
    } else if (const auto* tokenize = std::get_if<wire::Tokenize>(&*command)) {
      events.send(answer(*tokenize, *engine.tokenizer, engine.vocabulary));
    } else if (const auto* detokenize = std::get_if<wire::Detokenize>(&*command)) {
      events.send(answer(*detokenize, *engine.tokenizer, engine.vocabulary));
    }
  }
}

void carry_out(StepCommand command, Scheduler& scheduler) {
  if (auto* open = std::get_if<PreparedSequence>(&command)) scheduler.open(std::move(*open));
  else if (const auto* cancel = std::get_if<wire::CancelSequence>(&command)) scheduler.cancel(cancel->sequence_id);
  else if (auto* embed = std::get_if<PreparedEmbedding>(&command)) scheduler.embed(std::move(*embed));
  else if (const auto* cancel_embed = std::get_if<wire::CancelEmbed>(&command)) scheduler.cancel_embedding(cancel_embed->request_id);
  else scheduler.answer(std::get<wire::Ping>(command));
}

// Runs a thread's work to the end of the process; what escapes it is a bug that must not pass in silence.
template <class Work>
[[noreturn]] void run_for_ever(Work&& work) {
  try {
    work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bitfleet-engine: %s\n", error.what());
  }
  end_process(exit_status::internal);
}

}  // namespace

int serve(const ServeOptions& options) {
  const auto start = Clock::now();
  install_signal_actions();
  EventWriter events(STDOUT_FILENO);
  send_loading(events);
  CommandReader reader(STDIN_FILENO, events);
  Engine engine;
  try {
    engine = load_engine(options);
  } catch (const ModelError& error) {
    end_process(report_load_failure(events, error));
  }
  for (const auto& assumption : engine.assumptions) {
    std::fprintf(stderr, "bitfleet-engine: assumed: %s\n", replace_invalid_utf8(assumption).c_str());
  }
  events.send(ready_event(engine, options, millis_since(start)));

  StepCommands commands(most_step_commands);
  std::thread([&] { run_for_ever([&] { take_in(reader, commands, engine, events); }); }).detach();

  InferenceStepModel model(*engine.inference, engine.model->hyperparameters().vocabulary);
  Scheduler scheduler(model, *engine.tokenizer, scheduler_options(options, engine), events);
  run_for_ever([&] {
    for (;;) {
      if (scheduler.idle()) carry_out(commands.pop(), scheduler);
      while (auto command = commands.try_pop()) carry_out(std::move(*command), scheduler);
      scheduler.step();
    }
  });
}

int serve_tokenizer(const std::filesystem::path& path) {
  const auto start = Clock::now();
  install_signal_actions();
  EventWriter events(STDOUT_FILENO);
  send_loading(events);
  CommandReader reader(STDIN_FILENO, events);
  std::optional<Tokenizer> tokenizer;
  wire::Ready ready;
  try {
    const GgufFile file = GgufFile::open(path);
    tokenizer.emplace(Tokenizer::load(file));
    ready.architecture = file.text("general.architecture").value_or("");
    ready.model_name = file.text("general.name").value_or("");
  } catch (const ModelError& error) {
    end_process(report_load_failure(events, error));
  } catch (const std::bad_alloc&) {
    end_process(report_load_failure(events, {ModelErrorCode::out_of_memory, "memory does not suffice for the tokenizer"}));
  }
  ready.protocol = wire::protocol_version;
  ready.engine_version = BITFLEET_VERSION;
  ready.vocabulary_size = tokenizer->size();
  ready.fingerprint = hex16(tokenizer->fingerprint());
  ready.assumptions.assign(tokenizer->assumptions().begin(), tokenizer->assumptions().end());
  ready.load_millis = millis_since(start);
  events.send(ready);

  grammar::GrammarLibrary grammars(*tokenizer);
  run_for_ever([&] {
    for (;;) {
      const auto command = decode(reader.next(), events);
      if (!command) continue;
      if (const auto* tokenize = std::get_if<wire::Tokenize>(&*command)) {
        events.send(answer(*tokenize, *tokenizer, tokenizer->size()));
      } else if (const auto* detokenize = std::get_if<wire::Detokenize>(&*command)) {
        events.send(answer(*detokenize, *tokenizer, tokenizer->size()));
      } else if (const auto* ping = std::get_if<wire::Ping>(&*command)) {
        events.send(wire::Pong{.request_id = ping->request_id});
      } else if (const auto* open = std::get_if<wire::OpenSequence>(&*command)) {
        // Everything is checked as an engine would; only a slot there is none.
        wire::SequenceRejected rejected;
        rejected.sequence_id = open->sequence_id;
        rejected.code = wire::Rejection::busy;
        rejected.message = "this process tokenizes only; it has no slots";
        auto prepared = prepare(*open, *tokenizer, {UINT32_MAX, tokenizer->size()}, &grammars);
        if (auto* fault = std::get_if<wire::SequenceRejected>(&prepared)) rejected = std::move(*fault);
        events.send(rejected);
      } else if (const auto* embed = std::get_if<wire::Embed>(&*command)) {
        events.send(refused_embedding(embed->request_id, wire::EmbedError::unsupported, "this process tokenizes only"));
      }
    }
  });
}

}  // namespace bitfleet
