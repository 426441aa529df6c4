#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine_fixtures.h"

namespace bitfleet::testing {

// A scheduler over a HashingModel, with every option at hand and a clock that only steps move.
struct SchedulerBench {
  explicit SchedulerBench(SchedulerOptions with, uint32_t context = 512, uint32_t page_count = 0)
      : options(std::move(with)),
        model(options.model_slots(), context, options.most_tokens(), page_count),
        limits{context, byte_vocabulary} {
    options.now = [this] { return now; };
    model.after_step = [this](std::span<const BatchToken> batch) {
      last_step = batch.size();
      now += micros_per_step + micros_per_token * static_cast<int64_t>(batch.size());
    };
    scheduler.emplace(model, tokenizer, options, events);
  }

  void open(wire::OpenSequence request) {
    auto prepared = prepare(std::move(request), tokenizer, limits);
    if (auto* rejected = std::get_if<wire::SequenceRejected>(&prepared)) events.send(*rejected);
    else scheduler->open(std::move(std::get<PreparedSequence>(prepared)));
  }
  void step(int times = 1) {
    for (int i = 0; i < times; ++i) scheduler->step();
  }
  void run() {
    for (int guard = 0; !scheduler->idle(); ++guard) {
      CHECK(guard < 100'000);
      scheduler->step();
    }
  }
  Recorder::Record run(wire::OpenSequence request) {
    const uint64_t id = request.sequence_id;
    open(std::move(request));
    run();
    return events.of(id);
  }

  SchedulerOptions options;
  Tokenizer tokenizer = byte_tokenizer();
  HashingModel model;
  PrepareLimits limits;
  Recorder events;
  std::chrono::nanoseconds now{0};
  std::chrono::microseconds micros_per_step{1000};
  std::chrono::microseconds micros_per_token{100};
  size_t last_step = 0;
  std::optional<Scheduler> scheduler;
};

inline SchedulerOptions scheduler_options(uint32_t slots, uint32_t chunk) {
  SchedulerOptions options;
  options.slots = slots;
  options.prefill_chunk = chunk;
  return options;
}

// Everything that a client would see, but for times and what came from the cache.
inline void check_same_answer(const Recorder::Record& expected, const Recorder::Record& actual) {
  CHECK_EQUAL(expected.text(), actual.text());
  CHECK(expected.pieces.size() == actual.pieces.size());
  for (size_t i = 0; i < expected.pieces.size(); ++i) CHECK(expected.pieces[i].text == actual.pieces[i].text && expected.pieces[i].tokens == actual.pieces[i].tokens);
  CHECK(expected.prompt == actual.prompt);
  CHECK(expected.finished.has_value() && actual.finished.has_value());
  CHECK(expected.finished->reason == actual.finished->reason);
  CHECK_EQUAL(expected.finished->matched_stop, actual.finished->matched_stop);
  CHECK_EQUAL(expected.finished->completion_tokens, actual.finished->completion_tokens);
  CHECK_EQUAL(expected.finished->message, actual.finished->message);
}

// A request that uses some of what there is.
template <class Random>
wire::OpenSequence random_request(Random& random, uint64_t id, const std::string& prompt) {
  wire::OpenSequence open = request(id, prompt, static_cast<uint32_t>(1 + random.below(60)));
  open.sampling->seed = random.below(1000);
  if (random.below(3) == 0) open.sampling->temperature = 0;
  if (random.below(4) == 0) open.sampling->top_k = static_cast<uint32_t>(1 + random.below(5));
  if (random.below(4) == 0) open.sampling->top_p = 0.7F;
  if (random.below(4) == 0) {
    open.sampling->repeat_penalty = 1.3F;
    open.sampling->presence_penalty = 0.2F;
    open.sampling->repeat_last_n = static_cast<uint32_t>(random.below(40));
  }
  if (random.below(4) == 0) open.top_logprobs = static_cast<uint32_t>(random.below(4));
  if (random.below(5) == 0) open.prompt_scoring = wire::PromptScoring::with_completion;
  if (random.below(3) == 0) open.stop_strings = {"ab", "cde"};
  if (random.below(6) == 0) open.emitted = {'a', 'b', 'd'};
  if (random.below(4) == 0) open.priority = wire::Priority::background;
  return open;
}

}  // namespace bitfleet::testing
