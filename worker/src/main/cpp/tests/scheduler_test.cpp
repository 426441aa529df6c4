#include <cmath>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "check.h"
#include "engine_fixtures.h"
#include "gguf/gguf_file.h"
#include "model/inference.h"
#include "model/model.h"
#include "schedule/prefill_plan.h"
#include "tools/random_model.h"

using namespace bitfleet;
using namespace bitfleet::testing;
using wire::FinishReason;
using wire::Rejection;

namespace {

struct Bench {
  explicit Bench(uint32_t slots = 4, uint32_t chunk = 8, uint32_t context = 256)
      : model(slots, context, slots + chunk),
        limits{context, byte_vocabulary},
        scheduler(model, tokenizer, {slots, chunk}, events) {}

  void open(wire::OpenSequence open) {
    auto prepared = prepare(std::move(open), tokenizer, limits);
    if (auto* rejected = std::get_if<wire::SequenceRejected>(&prepared)) events.send(*rejected);
    else scheduler.open(std::move(std::get<PreparedSequence>(prepared)));
  }
  void run() {
    for (int guard = 0; !scheduler.idle(); ++guard) {
      CHECK(guard < 100'000);
      scheduler.step();
    }
  }
  Recorder::Record run(wire::OpenSequence request) {
    const uint64_t id = request.sequence_id;
    open(std::move(request));
    run();
    return events.of(id);
  }

  Tokenizer tokenizer = byte_tokenizer();
  HashingModel model;
  PrepareLimits limits;
  Recorder events;
  Scheduler scheduler;
};

// Requests that exercise all there is: several lengths, penalties, stops, greedy and hot sampling.
std::vector<wire::OpenSequence> eight_requests() {
  std::vector<wire::OpenSequence> all;
  for (uint64_t i = 0; i < 8; ++i) {
    wire::OpenSequence open = request(i + 1, std::string(3 + 7 * i, static_cast<char>('a' + i)) + " say é", 30);
    if (i % 4 == 1) open.sampling->temperature = 0;
    if (i % 4 == 2) {
      open.sampling->repeat_penalty = 1.3f;
      open.sampling->frequency_penalty = 0.4f;
      open.sampling->repeat_last_n = 9;
    }
    if (i % 4 == 3) open.sampling->top_p = 0.6f;
    if (i % 2 == 0) open.stop_strings = {"dde", "cc"};
    if (i == 5) open.top_logprobs = 3;
    all.push_back(open);
  }
  return all;
}

void check_equal(const Recorder::Record& expected, const Recorder::Record& actual) {
  CHECK_EQUAL(expected.text(), actual.text());
  CHECK(expected.tokens() == actual.tokens());
  CHECK(expected.finished->reason == actual.finished->reason);
  CHECK_EQUAL(expected.finished->matched_stop, actual.finished->matched_stop);
  CHECK_EQUAL(expected.finished->completion_tokens, actual.finished->completion_tokens);
}

}  // namespace

TEST(prefill_is_shared_evenly_and_fully) {
  using Shares = std::vector<uint32_t>;
  const auto plan = [](Shares pending, uint32_t budget, size_t first) { return plan_prefill(pending, budget, first); };
  CHECK((plan({100, 100}, 10, 0) == Shares{5, 5}));
  CHECK((plan({100, 2, 100}, 12, 0) == Shares{5, 2, 5}));
  CHECK((plan({100, 100, 100}, 8, 1) == Shares{2, 3, 3}));
  CHECK((plan({100, 100, 100}, 2, 2) == Shares{1, 0, 1}));
  CHECK((plan({0, 3, 0}, 8, 0) == Shares{0, 3, 0}));
  CHECK(plan({}, 8, 0).empty());
}

TEST(a_text_is_the_same_alone_and_in_company_whatever_the_chunks) {
  std::vector<Recorder::Record> alone;
  for (const auto& open : eight_requests()) alone.push_back(Bench(1, 64).run(open));
  for (const auto& record : alone) CHECK(record.finished->completion_tokens > 1);
  for (uint32_t chunk : {1u, 3u, 8u, 200u}) {
    Bench bench(8, chunk);
    for (const auto& open : eight_requests()) bench.open(open);
    bench.run();
    for (size_t i = 0; i < 8; ++i) check_equal(alone[i], bench.events.of(i + 1));
  }
  // Opened one after the other while others run, some of which are cancelled.
  Bench bench(8, 5);
  for (const auto& open : eight_requests()) {
    bench.open(open);
    for (int i = 0; i < 3; ++i) bench.scheduler.step();
    if (open.sequence_id % 3 == 0) bench.scheduler.cancel(open.sequence_id);
  }
  bench.run();
  for (size_t i = 0; i < 8; ++i) {
    if ((i + 1) % 3 == 0 && bench.events.of(i + 1).finished->reason == FinishReason::cancelled) continue;
    check_equal(alone[i], bench.events.of(i + 1));
  }
}

TEST(a_completion_resumes_from_any_piece_without_a_seam) {
  for (const auto& open : eight_requests()) {
    const auto whole = Bench(1, 64).run(open);
    std::string before;
    std::vector<uint32_t> emitted;
    for (size_t cut = 0; cut <= whole.pieces.size(); ++cut) {
      wire::OpenSequence resumed = open;
      resumed.emitted = emitted;
      Bench bench(2, 7);
      bench.run(request(99, "company", 40));
      const auto& rest = bench.run(resumed);
      // After the very last piece a stop string cannot be told apart from text before it; then nothing more may come.
      CHECK_EQUAL(whole.text(), before + rest.text());
      auto tokens = emitted;
      for (uint32_t token : rest.tokens()) tokens.push_back(token);
      CHECK(whole.tokens() == tokens);
      CHECK(whole.finished->reason == rest.finished->reason);
      CHECK_EQUAL(whole.finished->completion_tokens, rest.finished->completion_tokens);
      CHECK_EQUAL(whole.finished->prompt_tokens, rest.finished->prompt_tokens);
      if (cut == whole.pieces.size()) break;
      before += whole.pieces[cut].text;
      for (const auto& token : whole.pieces[cut].tokens) emitted.push_back(token.id);
    }
  }
}

TEST(tokens_are_the_same_when_resumed_at_every_index) {
  for (const auto& open : eight_requests()) {
    const auto whole = Bench(1, 64).run(open);
    const auto tokens = whole.tokens();
    for (size_t cut = 0; cut < tokens.size(); ++cut) {
      wire::OpenSequence resumed = open;
      resumed.emitted.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(cut));
      const auto rest = Bench(1, 5).run(resumed);
      auto all = resumed.emitted;
      for (uint32_t token : rest.tokens()) all.push_back(token);
      CHECK(tokens == all);
    }
  }
}

TEST(a_cached_prefix_is_reused_exactly_and_only_within_its_scope) {
  Bench bench(2, 8);
  const std::string system(40, 's');
  const auto alone = Bench(1, 64).run(request(2, system + "second"));
  CHECK_EQUAL(0u, bench.run(request(1, system + "first")).accepted->cached_tokens);
  const auto& second = bench.run(request(2, system + "second"));
  CHECK_EQUAL(40u, second.accepted->cached_tokens);
  CHECK_EQUAL(40u, second.finished->cached_tokens);
  check_equal(alone, second);
  wire::OpenSequence foreign = request(3, system + "second");
  foreign.cache_scope = 5;
  CHECK_EQUAL(0u, bench.run(foreign).accepted->cached_tokens);
  const auto& whole = bench.run(request(4, system + "second"));
  CHECK_EQUAL(45u, whole.accepted->cached_tokens);
  // The next turn of a conversation finds its own answer in the cache (all but the token nobody has seen yet).
  wire::OpenSequence turn = request(5, "hello ", 10);
  const auto answer = bench.run(turn).tokens();
  wire::OpenSequence next = request(6, "hello ", 4);
  next.prompt.emplace_back(answer);
  CHECK_EQUAL(6u + 9u, bench.run(next).accepted->cached_tokens);
}

TEST(steps_are_saved_by_a_cached_prefix) {
  Bench bench(1, 8);
  const std::string prompt(80, 'p');
  bench.run(request(1, prompt, 1));
  const uint64_t cold = bench.model.steps;
  bench.run(request(2, prompt, 1));
  CHECK_EQUAL(10u, cold);
  CHECK_EQUAL(1u, bench.model.steps - cold);
}

TEST(a_running_stream_gets_a_token_in_every_step_while_long_prompts_are_read) {
  Bench bench(3, 16, 2048);
  bench.open(request(1, "stream", 200));
  bench.scheduler.step();
  bench.open(request(2, std::string(1000, 'x'), 5));
  bench.open(request(3, std::string(1000, 'y'), 5));
  for (uint32_t i = 0; i < 100; ++i) {
    const auto before = bench.events.of(1).tokens().size();
    bench.scheduler.step();
    bench.scheduler.answer({i});
    CHECK(bench.events.pongs.back().generated_tokens == i + 2);
    CHECK(bench.events.of(1).tokens().size() >= before);
  }
  CHECK_EQUAL(size_t{17}, bench.model.largest_batch);
  bench.run();
  // Both prompts were read at the same pace.
  const auto& second = *bench.events.of(2).finished;
  const auto& third = *bench.events.of(3).finished;
  CHECK(second.reason == FinishReason::length && third.reason == FinishReason::length);
}

TEST(a_short_prompt_does_not_wait_behind_a_long_one) {
  Bench bench(2, 16, 2048);
  bench.open(request(1, std::string(1000, 'x'), 5));
  bench.scheduler.step();
  bench.open(request(2, "short", 1));
  for (int i = 0; i < 2; ++i) bench.scheduler.step();
  CHECK(bench.events.of(2).finished.has_value());
  CHECK(bench.events.of(1).pieces.empty());
}

TEST(all_slots_taken_is_busy_and_a_freed_slot_is_taken_again) {
  Bench bench(2);
  bench.open(request(1, "a", 50));
  bench.open(request(2, "b", 50));
  bench.open(request(3, "c"));
  CHECK(bench.events.of(3).rejected->code == Rejection::busy);
  bench.open(request(2, "again"));
  CHECK_EQUAL(std::string("sequence_id"), bench.events.of(2).rejected->param);
  bench.scheduler.cancel(1);
  CHECK(bench.events.of(1).finished->reason == FinishReason::cancelled);
  bench.scheduler.cancel(1);
  bench.scheduler.cancel(12345);
  bench.open(request(4, "d"));
  CHECK(bench.events.of(4).accepted.has_value());
  bench.run();
}

TEST(lengths_end_a_sequence) {
  CHECK(Bench().run(request(1, "abc", 1)).finished->reason == FinishReason::length);
  const auto full = Bench(1, 8, 20).run(request(1, "abcdefgh", 0));
  CHECK(full.finished->reason == FinishReason::length);
  CHECK_EQUAL(12u, full.finished->completion_tokens);
  wire::OpenSequence capped = request(1, "abcdefgh", 0);
  capped.context_limit = 10;
  CHECK_EQUAL(2u, Bench().run(capped).finished->completion_tokens);
  capped.context_limit = 8;
  const auto rejected = *Bench().run(capped).rejected;
  CHECK(rejected.code == Rejection::context_length_exceeded);
  CHECK(rejected.prompt_tokens == 8 && rejected.context_length == 8);
  CHECK_EQUAL(9u + 247u, Bench().run(request(1, "123456789", 0)).finished->completion_tokens + 9u);
}

TEST(end_tokens_count_and_do_not_show) {
  Bench bench;
  bench.model.end_logit = 100;
  const auto& ended = bench.run(request(1, "abc"));
  CHECK(ended.finished->reason == FinishReason::stop_token);
  CHECK_EQUAL(1u, ended.finished->completion_tokens);
  CHECK(ended.pieces.empty());
  wire::OpenSequence ignoring = request(2, "abc", 3);
  ignoring.ignore_end_tokens = true;
  const auto& went_on = bench.run(ignoring);
  CHECK(went_on.finished->reason == FinishReason::length);
  CHECK((went_on.tokens() == std::vector<uint32_t>{end_token, end_token, end_token}));
  CHECK_EQUAL(std::string(), went_on.text());
  ignoring.sequence_id = 3;
  ignoring.stop_tokens = {7, end_token};
  CHECK(bench.run(ignoring).finished->reason == FinishReason::stop_token);
}

TEST(stop_strings_end_the_text_before_them) {
  Bench bench;
  bench.model.script = {{"go:", "H"}, {":H", "i"}, {"Hi", "<"}, {"i<", "/"}, {"</", "s"}, {"/s", ">"}};
  wire::OpenSequence open = request(1, "go:");
  open.stop_strings = {"</s>", "zzz"};
  const auto& record = bench.run(open);
  CHECK(record.finished->reason == FinishReason::stop_string);
  CHECK_EQUAL(std::string("</s>"), record.finished->matched_stop);
  CHECK_EQUAL(std::string("Hi"), record.text());
  CHECK_EQUAL(6u, record.finished->completion_tokens);
  CHECK_EQUAL(size_t{2}, record.tokens().size());
}

TEST(logits_that_are_not_finite_fail_their_sequence_alone) {
  Bench bench(2);
  bench.model.poison = 'Z';
  bench.open(request(1, "good", 5));
  const auto& bad = bench.run(request(2, "baZ", 5));
  CHECK(bad.finished->reason == FinishReason::failed);
  CHECK(!bad.finished->message.empty());
  CHECK(bench.events.of(1).finished->reason == FinishReason::length);
  bench.model.poison.reset();
  CHECK_EQUAL(0u, bench.run(request(3, "baZ", 5)).accepted->cached_tokens);
  wire::OpenSequence impossible = request(4, "x");
  for (uint32_t i = 0; i < byte_vocabulary; ++i) impossible.sampling->logit_bias[i] = -INFINITY;
  CHECK(bench.run(impossible).finished->reason == FinishReason::failed);
}

TEST(logprobs_come_with_every_token) {
  wire::OpenSequence open = request(1, "abc", 5);
  open.top_logprobs = 2;
  const auto record = Bench().run(open);
  for (const auto& piece : record.pieces) {
    for (const auto& token : piece.tokens) {
      CHECK(token.logprob && *token.logprob <= 0 && std::isfinite(*token.logprob));
      CHECK_EQUAL(size_t{2}, token.top.size());
      CHECK(token.top[0].logprob >= token.top[1].logprob);
    }
  }
  open.top_logprobs = 0;
  const auto none = Bench().run(open);
  CHECK(none.pieces[0].tokens[0].logprob && none.pieces[0].tokens[0].top.empty());
  open.top_logprobs.reset();
  CHECK(!Bench().run(open).pieces[0].tokens[0].logprob);
}

TEST(emitted_tokens_that_end_the_completion_end_it_at_once) {
  wire::OpenSequence open = request(1, "abc", 2);
  open.emitted = {'x', 'y'};
  Bench bench;
  CHECK(bench.run(open).finished->reason == FinishReason::length);
  CHECK_EQUAL(0u, bench.model.steps);
  open.sequence_id = 2;
  open.max_tokens = 9;
  open.emitted = {'x', end_token};
  CHECK(bench.run(open).finished->reason == FinishReason::stop_token);
  open.sequence_id = 3;
  open.emitted = {'x', 'y'};
  open.stop_strings = {"xy"};
  const auto& stopped = bench.run(open);
  CHECK(stopped.finished->reason == FinishReason::stop_string && stopped.pieces.empty());
}

TEST(every_field_of_a_request_is_checked) {
  const auto param = [](auto change) {
    wire::OpenSequence open = request(1, "abc");
    change(open);
    const auto rejected = Bench().run(open).rejected;
    CHECK(rejected.has_value());
    CHECK(rejected->code == Rejection::invalid);
    CHECK(!rejected->message.empty());
    return rejected->param;
  };
  using O = wire::OpenSequence;
  for (float bad : {NAN, INFINITY, -1.0f}) {
    CHECK_EQUAL(std::string("sampling.temperature"), param([=](O& o) { o.sampling->temperature = bad; }));
    CHECK_EQUAL(std::string("sampling.top_p"), param([=](O& o) { o.sampling->top_p = bad; }));
    CHECK_EQUAL(std::string("sampling.min_p"), param([=](O& o) { o.sampling->min_p = bad; }));
    CHECK_EQUAL(std::string("sampling.typical_p"), param([=](O& o) { o.sampling->typical_p = bad; }));
    CHECK_EQUAL(std::string("sampling.repeat_penalty"), param([=](O& o) { o.sampling->repeat_penalty = bad; }));
  }
  CHECK_EQUAL(std::string("sampling.repeat_penalty"), param([](O& o) { o.sampling->repeat_penalty = 0; }));
  CHECK_EQUAL(std::string("sampling.presence_penalty"), param([](O& o) { o.sampling->presence_penalty = NAN; }));
  CHECK_EQUAL(std::string("sampling.frequency_penalty"), param([](O& o) { o.sampling->frequency_penalty = INFINITY; }));
  CHECK_EQUAL(std::string("sampling.logit_bias"), param([](O& o) { o.sampling->logit_bias[byte_vocabulary] = 0; }));
  CHECK_EQUAL(std::string("sampling.logit_bias"), param([](O& o) { o.sampling->logit_bias[1] = NAN; }));
  CHECK_EQUAL(std::string("sampling.logit_bias"), param([](O& o) { o.sampling->logit_bias[1] = INFINITY; }));
  CHECK_EQUAL(std::string("stop_tokens"), param([](O& o) { o.stop_tokens = {byte_vocabulary}; }));
  CHECK_EQUAL(std::string("stop_tokens"), param([](O& o) { o.stop_tokens.assign(1025, 1); }));
  CHECK_EQUAL(std::string("stop_strings"), param([](O& o) { o.stop_strings = {""}; }));
  CHECK_EQUAL(std::string("stop_strings"), param([](O& o) { o.stop_strings.assign(65, "x"); }));
  CHECK_EQUAL(std::string("stop_strings"), param([](O& o) { o.stop_strings = {std::string(1025, 'x')}; }));
  CHECK_EQUAL(std::string("top_logprobs"), param([](O& o) { o.top_logprobs = 21; }));
  CHECK_EQUAL(std::string("emitted"), param([](O& o) { o.emitted = {UINT32_MAX}; }));
  CHECK_EQUAL(std::string("emitted"), param([](O& o) { o.emitted.assign(254, 1); }));
  CHECK_EQUAL(std::string("prompt"), param([](O& o) { o.prompt.emplace_back(std::vector<uint32_t>{byte_vocabulary}); }));
  wire::OpenSequence empty = request(1, "");
  CHECK(Bench().run(empty).rejected->code == Rejection::empty_prompt);
  empty.prompt.clear();
  CHECK(Bench().run(empty).rejected->code == Rejection::empty_prompt);
  wire::OpenSequence plain = request(1, "abc", 3);
  plain.sampling.reset();
  CHECK(Bench().run(plain).finished->reason == FinishReason::length);
}

TEST(pings_tell_what_has_been_done) {
  Bench bench;
  bench.scheduler.answer({1});
  CHECK((bench.events.pongs.back() == wire::Pong{1, 0, 0, 0}));
  bench.open(request(1, "abc", 3));
  bench.scheduler.answer({2});
  CHECK((bench.events.pongs.back() == wire::Pong{2, 0, 1, 0}));
  bench.run();
  bench.scheduler.answer({3});
  CHECK((bench.events.pongs.back() == wire::Pong{3, 3, 0, 3}));
}

// ---- the same with a real model ----------------------------------------------------------------------------------

namespace {

struct RealModel {
  RealModel() {
    tools::RandomModelSpec spec = tools::named_shape("tiny");
    spec.seed = 7;
    std::ostringstream out;
    tools::write_random_model(spec, out);
    bytes = out.str();
    const GgufFile file = GgufFile::parse(std::as_bytes(std::span(bytes.data(), bytes.size())));
    tokenizer = std::make_unique<Tokenizer>(Tokenizer::load(file));
    model = Model::load(file, {});
  }

  std::map<uint64_t, Recorder::Record> run(const std::vector<wire::OpenSequence>& requests, uint32_t slots, uint32_t chunk,
                                           uint32_t threads) const {
    InferenceOptions options;
    options.slots = slots;
    options.context_length = 256;
    options.threads = threads;
    options.max_batch = slots + chunk;
    Inference inference(*model, options);
    InferenceStepModel step_model(inference, model->hyperparameters().vocabulary);
    Recorder events;
    Scheduler scheduler(step_model, *tokenizer, {slots, chunk}, events);
    std::map<uint64_t, Recorder::Record> records;
    for (const auto& open : requests) {
      // More requests than slots: the rest wait for the first to end.
      auto prepared = prepare(open, *tokenizer, {inference.context_length(), tokenizer->size()});
      CHECK(std::holds_alternative<PreparedSequence>(prepared));
      scheduler.open(std::move(std::get<PreparedSequence>(prepared)));
      while (slots == 1 && !scheduler.idle()) scheduler.step();
    }
    while (!scheduler.idle()) scheduler.step();
    for (const auto& open : requests) records[open.sequence_id] = events.of(open.sequence_id);
    return records;
  }

  std::string bytes;
  std::unique_ptr<Tokenizer> tokenizer;
  std::unique_ptr<Model> model;
};

std::vector<wire::OpenSequence> hot_requests() {
  auto all = eight_requests();
  for (auto& open : all) {
    // Random weights repeat themselves when cool.
    if (open.sampling->temperature > 0) open.sampling->temperature = 6;
    open.ignore_end_tokens = true;
    open.stop_strings.clear();
  }
  return all;
}

}  // namespace

TEST(a_real_model_gives_the_same_text_alone_and_in_a_batch_of_8) {
  const RealModel real;
  const auto requests = hot_requests();
  const auto alone = real.run(requests, 1, 64, 1);
  std::set<std::string> texts;
  for (const auto& [id, record] : alone) texts.insert(record.text());
  CHECK(texts.size() >= 6);
  struct Setting { uint32_t chunk, threads; };
  for (const Setting setting : {Setting{64, 1}, Setting{64, 2}, Setting{1, 1}, Setting{5, 2}, Setting{13, 1}}) {
    const auto together = real.run(requests, 8, setting.chunk, setting.threads);
    for (const auto& [id, record] : alone) check_equal(record, together.at(id));
  }
}

TEST(a_real_model_resumes_at_every_index) {
  const RealModel real;
  const auto open = hot_requests()[2];
  const auto whole = real.run({open}, 1, 64, 1).at(open.sequence_id);
  const auto tokens = whole.tokens();
  CHECK_EQUAL(size_t{30}, tokens.size());
  for (size_t cut = 0; cut < tokens.size(); ++cut) {
    wire::OpenSequence resumed = open;
    resumed.emitted.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(cut));
    const auto rest = real.run({resumed}, 1, 7, 2).at(open.sequence_id);
    auto all = resumed.emitted;
    for (uint32_t token : rest.tokens()) all.push_back(token);
    CHECK(tokens == all);
  }
}

TEST(a_scored_prompt_has_the_logprob_of_every_token_but_the_first) {
  wire::OpenSequence open = request(1, "abcdeabcde", 3);
  open.top_logprobs = 4;
  open.prompt_scoring = wire::PromptScoring::with_completion;
  const auto record = Bench(2, 64).run(open);
  CHECK_EQUAL(size_t{10}, record.prompt.size());
  CHECK(!record.prompt[0].logprob && record.prompt[0].top.empty());

  // The logprobs of a prompt are those of a completion that drew its tokens: forced here, a token at a time, by the bias.
  for (uint32_t position = 1; position < 10; ++position) {
    CHECK_EQUAL(std::string(1, "abcdeabcde"[position]), record.prompt[position].text);
    wire::OpenSequence drawn = request(2, std::string("abcdeabcde").substr(0, position), 1);
    drawn.top_logprobs = 4;
    drawn.sampling->logit_bias[record.prompt[position].id] = 1000;
    const auto token = Bench(1, 64).run(drawn).pieces.at(0).tokens.at(0);
    CHECK(token == record.prompt[position]);
  }
}

TEST(scores_do_not_depend_on_chunks_company_or_what_the_cache_holds_and_the_text_not_on_scores) {
  wire::OpenSequence plain = request(1, "a prompt of some length, longer than chunks", 12);
  plain.top_logprobs = 2;
  wire::OpenSequence scored = plain;
  scored.sequence_id = 2;
  scored.sampling->seed = 1;
  scored.prompt_scoring = wire::PromptScoring::with_completion;
  const auto alone = Bench(1, 256).run(scored);
  CHECK_EQUAL(size_t{43}, alone.prompt.size());
  for (const uint32_t chunk : {1u, 3u, 8u}) {
    Bench bench(3, chunk);
    bench.open(plain);
    bench.run();
    const auto first = bench.events.of(1);
    for (const auto& open : eight_requests()) {
      if (open.sequence_id > 6) bench.open(open);
    }
    const auto second = bench.run(scored);
    CHECK(second.prompt == alone.prompt);
    CHECK_EQUAL(0u, second.finished->cached_tokens);
    check_equal(first, second);
  }
}

TEST(a_prompt_scored_alone_draws_nothing_and_computes_only_what_it_needs) {
  for (const uint32_t chunk : {2u, 64u}) {
    Bench bench(1, chunk);
    wire::OpenSequence open = request(1, "abcdefgh", 5);
    open.top_logprobs = 0;
    open.prompt_scoring = wire::PromptScoring::alone;
    const auto record = bench.run(open);
    CHECK_EQUAL(size_t{8}, record.prompt.size());
    CHECK(record.prompt[7].logprob.has_value());
    CHECK(record.pieces.empty());
    CHECK(record.finished->reason == FinishReason::length);
    CHECK_EQUAL(0u, record.finished->completion_tokens);
    CHECK_EQUAL(8u, record.finished->prompt_tokens);
    CHECK_EQUAL(chunk == 2 ? 4u : 1u, bench.model.steps);
  }
}

TEST(without_logprobs_the_prompt_is_told_without_a_step_and_without_a_slot) {
  Bench bench(1, 4);
  bench.open(request(1, "taken", 5));
  wire::OpenSequence open = request(2, std::string(1500, 'a').substr(0, 200), 5);
  open.prompt_scoring = wire::PromptScoring::alone;
  bench.open(open);
  CHECK(bench.events.of(2).finished->reason == FinishReason::length);
  CHECK_EQUAL(size_t{200}, bench.events.of(2).prompt.size());
  CHECK(!bench.events.of(2).prompt[199].logprob);
  CHECK_EQUAL(0u, bench.model.steps);

  wire::OpenSequence single = request(3, "a", 2);
  single.top_logprobs = 1;
  single.prompt_scoring = wire::PromptScoring::alone;
  bench.open(single);
  CHECK(bench.events.of(3).finished.has_value());
  CHECK_EQUAL(size_t{1}, bench.events.of(3).prompt.size());
  bench.run();

  single.sequence_id = 4;
  single.prompt_scoring = wire::PromptScoring::with_completion;
  const auto record = bench.run(single);
  CHECK_EQUAL(size_t{1}, record.prompt.size());
  CHECK_EQUAL(size_t{2}, record.tokens().size());
}

TEST(a_scored_prompt_fails_when_its_logits_are_not_finite) {
  Bench bench(2, 64);
  bench.model.poison = 'x';
  wire::OpenSequence open = request(1, "abxcd", 5);
  open.top_logprobs = 1;
  open.prompt_scoring = wire::PromptScoring::alone;
  const auto record = bench.run(open);
  CHECK(record.finished->reason == FinishReason::failed);
  CHECK(record.prompt.empty());
}

TEST(a_prompt_that_fills_the_context_can_be_scored_but_not_gone_on_with) {
  Bench bench(1, 64, 8);
  wire::OpenSequence open = request(1, "abcdeabc", 0);
  open.top_logprobs = 0;
  open.prompt_scoring = wire::PromptScoring::with_completion;
  CHECK(bench.run(open).rejected->code == Rejection::context_length_exceeded);
  open.sequence_id = 2;
  open.prompt_scoring = wire::PromptScoring::alone;
  CHECK_EQUAL(size_t{8}, bench.run(open).prompt.size());
  open.sequence_id = 3;
  open.emitted = {'a'};
  CHECK_EQUAL(std::string("emitted"), bench.run(open).rejected->param);
}
