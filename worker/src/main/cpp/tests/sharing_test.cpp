// Sequences that begin alike, and a KV cache that is too small for all of them.

#include <algorithm>
#include <string>
#include <vector>

#include "check.h"
#include "random_bytes.h"
#include "scheduler_bench.h"

using namespace bitfleet;
using namespace bitfleet::testing;
using wire::FinishReason;

TEST(a_second_turn_computes_only_what_is_new_though_another_had_the_slot_in_between) {
  SchedulerBench bench(scheduler_options(1, 64), 512, 40);
  const auto answer = bench.run(request(1, std::string(75, 'h'), 20)).tokens();
  CHECK_EQUAL(size_t{20}, answer.size());
  bench.run(request(2, std::string(120, 'o'), 10));
  wire::OpenSequence next = request(3, std::string(75, 'h'), 1);
  next.prompt.emplace_back(answer);
  next.prompt.emplace_back(std::string("and?"));
  const uint64_t before = bench.model.computed;
  const auto record = bench.run(next);
  CHECK_EQUAL(94u, record.finished->cached_tokens);  // all but the last of the answer, which nobody had to see
  CHECK_EQUAL(94u, record.accepted->cached_tokens);
  CHECK_EQUAL(uint64_t{5}, bench.model.computed - before);
}

TEST(many_that_begin_alike_at_once_compute_the_beginning_once) {
  SchedulerBench bench(scheduler_options(8, 48), 512);
  const std::string system = "You are a helpful assistant. " + std::string(227, 's');
  for (uint64_t id = 1; id <= 8; ++id) bench.open(request(id, system + std::to_string(id) + " asks", 5));
  bench.run();
  for (uint64_t id = 1; id <= 8; ++id) {
    check_same_answer(SchedulerBench(scheduler_options(1, 64)).run(request(id, system + std::to_string(id) + " asks", 5)), bench.events.of(id));
    CHECK_EQUAL(id == 1 ? 0u : 256u, bench.events.of(id).finished->cached_tokens);
  }
  // 256 once, six of each on their own, and the four tokens drawn that are seen again.
  CHECK_EQUAL(uint64_t{256 + 8 * (6 + 4)}, bench.model.computed);
}

TEST(who_waits_for_another_goes_on_when_that_one_is_cancelled) {
  SchedulerBench bench(scheduler_options(2, 16), 512);
  const std::string prompt(200, 'p');
  bench.open(request(1, prompt + "1", 3));
  bench.open(request(2, prompt + "2", 3));
  bench.step(3);
  bench.scheduler->cancel(1);
  bench.run();
  check_same_answer(SchedulerBench(scheduler_options(1, 64)).run(request(2, prompt + "2", 3)), bench.events.of(2));
  CHECK(bench.events.of(2).finished->cached_tokens >= 32);
}

TEST(prompts_of_another_scope_are_not_waited_for) {
  SchedulerBench bench(scheduler_options(2, 400), 512);
  for (uint64_t id = 1; id <= 2; ++id) {
    wire::OpenSequence open = request(id, std::string(150, 'p'), 1);
    open.cache_scope = id;
    bench.open(open);
  }
  bench.run();
  CHECK_EQUAL(uint64_t{1}, bench.model.steps);
  CHECK_EQUAL(uint64_t{300}, bench.model.computed);
}

TEST(a_cache_too_small_for_all_makes_the_youngest_wait_and_changes_no_text) {
  // Four sequences that grow to about seven pages each, in twelve.
  SchedulerBench bench(scheduler_options(4, 64), 256, 12);
  std::vector<wire::OpenSequence> requests;
  for (uint64_t id = 1; id <= 4; ++id) requests.push_back(request(id, std::string(60, static_cast<char>('a' + id)), 150));
  for (const auto& open : requests) bench.open(open);
  for (const auto& open : requests) CHECK(bench.events.of(open.sequence_id).accepted.has_value());
  bench.run();
  for (const auto& open : requests) {
    check_same_answer(SchedulerBench(scheduler_options(1, 64)).run(open), bench.events.of(open.sequence_id));
    CHECK_EQUAL(0u, bench.events.of(open.sequence_id).finished->cached_tokens);  // recomputing is no gift
  }
  CHECK(bench.model.computed > 4 * (60 + 149));  // something had to be computed again, or this test shows nothing
}

TEST(where_every_slot_has_room_for_its_context_nobody_waits) {
  SchedulerBench bench(scheduler_options(4, 512), 128);
  for (uint64_t id = 1; id <= 4; ++id) {
    bench.open(request(id, std::string(124, static_cast<char>('a' + id)), 4));
    CHECK(bench.events.of(id).accepted.has_value());
    bench.step();
    bench.scheduler->answer({id});
    CHECK_EQUAL(id * (id + 1) / 2, bench.events.pongs.back().generated_tokens);  // each step, one of every sequence
  }
}

TEST(the_background_gives_way_first) {
  SchedulerBench bench(scheduler_options(3, 64), 256, 10);
  wire::OpenSequence background = request(1, std::string(60, 'b'), 150);
  background.priority = wire::Priority::background;
  bench.open(background);
  bench.step(20);
  bench.open(request(2, std::string(60, 'c'), 150));
  bench.step(150 + 10);
  CHECK(bench.events.of(2).finished.has_value());
  CHECK(!bench.events.of(1).finished.has_value());
  bench.run();
  check_same_answer(SchedulerBench(scheduler_options(1, 64)).run(background), bench.events.of(1));
}

TEST(a_prompt_scored_in_pieces_by_turns_is_told_once) {
  SchedulerBench bench(scheduler_options(2, 8), 256, 9);
  wire::OpenSequence scored = request(2, std::string(90, 's') + "xyz", 100);
  scored.top_logprobs = 1;
  scored.prompt_scoring = wire::PromptScoring::with_completion;
  bench.open(request(1, std::string(90, 'a'), 160));
  bench.open(scored);
  bench.run();
  check_same_answer(SchedulerBench(scheduler_options(1, 64)).run(scored), bench.events.of(2));
  CHECK(bench.events.of(1).finished->reason == FinishReason::length);
}

TEST(texts_wait_for_pages_and_still_get_done) {
  SchedulerOptions options = scheduler_options(2, 16);
  options.pooling = Pooling::mean;
  SchedulerBench bench(options, 128, 5);
  const auto embed = [&](uint64_t id) {
    wire::Embed wanted;
    wanted.request_id = id;
    wanted.prompt.emplace_back(std::string(70, static_cast<char>('a' + id)));
    bench.scheduler->embed(std::get<PreparedEmbedding>(prepare_embedding(wanted, bench.tokenizer, bench.limits)));
  };
  for (uint64_t id = 1; id <= 3; ++id) embed(id);
  bench.step();
  bench.open(request(10, std::string(60, 'x'), 60));
  bench.open(request(11, std::string(60, 'y'), 60));
  bench.run();
  CHECK_EQUAL(size_t{3}, bench.events.embeddings.size());
  for (const auto& [id, embedded] : bench.events.embeddings) CHECK(embedded.error == wire::EmbedError::none);
  CHECK(bench.events.of(10).finished->reason == FinishReason::length && bench.events.of(11).finished->reason == FinishReason::length);
}

// Two sequences are always under way, and each new one wants the room that the one before it left.
void step_under_load(SchedulerBench& bench, uint64_t& next, int steps) {
  const auto open = [&](uint64_t id) { return id >= 100 && !bench.events.of(id).finished; };
  for (int i = 0; i < steps; ++i) {
    while (next < 102 || !open(next - 1) || !open(next - 2)) {
      bench.open(request(next, std::string(130, static_cast<char>('a' + next % 26)), 40));
      ++next;
    }
    bench.step();
  }
}

TEST(the_background_gets_done_though_others_always_fill_the_cache) {
  SchedulerBench bench(scheduler_options(3, 64), 320, 13);
  uint64_t next = 100;
  step_under_load(bench, next, 20);
  wire::OpenSequence background = request(1, std::string(200, 'B'), 60);
  background.priority = wire::Priority::background;
  bench.open(background);
  step_under_load(bench, next, 60);
  CHECK(bench.events.of(1).pieces.empty());  // it stands back at first
  const uint64_t at_first = next;
  while (!bench.events.of(1).finished && next < at_first + 40) step_under_load(bench, next, 1);
  CHECK(bench.events.of(1).finished.has_value());
  check_same_answer(SchedulerBench(scheduler_options(1, 64), 320).run(background), bench.events.of(1));
}

TEST(a_text_is_embedded_though_others_always_fill_the_cache) {
  SchedulerOptions options = scheduler_options(2, 64);
  options.pooling = Pooling::mean;
  SchedulerBench bench(options, 320, 13);
  uint64_t next = 100;
  step_under_load(bench, next, 20);
  wire::Embed wanted;
  for (wanted.request_id = 1; wanted.request_id <= 3; ++wanted.request_id) {
    wanted.prompt = {std::string(250, static_cast<char>('A' + wanted.request_id))};
    bench.scheduler->embed(std::get<PreparedEmbedding>(prepare_embedding(wanted, bench.tokenizer, bench.limits)));
  }
  step_under_load(bench, next, 60);
  CHECK(bench.events.embeddings.empty());
  const uint64_t at_first = next;
  while (bench.events.embeddings.size() < 3 && next < at_first + 80) step_under_load(bench, next, 1);
  CHECK_EQUAL(size_t{3}, bench.events.embeddings.size());
  for (const auto& [id, embedded] : bench.events.embeddings) CHECK(embedded.error == wire::EmbedError::none);
  bench.run();
}

// The whole of it at once: common beginnings, turns, scopes, priorities, cancels, guesses, and never enough pages.
TEST(random_companies_in_a_small_cache_give_the_texts_they_give_alone) {
  TestRandom random(announced_seed("companies", 23));
  uint64_t waited = 0;
  for (int round = 0; round < 60; ++round) {
    SchedulerOptions options = scheduler_options(static_cast<uint32_t>(1 + random.below(6)), static_cast<uint32_t>(1 + random.below(70)));
    if (random.below(2) == 0) options.speculation = Speculation::always;
    if (random.below(2) == 0) options.step_budget = std::chrono::milliseconds(1 + random.below(10));
    SchedulerBench bench(options, 256, static_cast<uint32_t>(8 + random.below(20)));
    std::map<uint64_t, wire::OpenSequence> requests;
    for (uint64_t id = 1; id <= 14; ++id) {
      const std::string system(random.below(3) * 40, static_cast<char>('a' + random.below(2)));
      wire::OpenSequence open = random_request(random, id, system + "user " + std::string(random.below(60), static_cast<char>('a' + random.below(3))));
      open.cache_scope = random.below(2);
      requests[id] = open;
      bench.open(open);
      if (bench.events.of(id).rejected) {
        CHECK(bench.events.of(id).rejected->code == wire::Rejection::busy);
        requests.erase(id);
      }
      bench.step(static_cast<int>(random.below(30)));
      if (random.below(6) == 0) bench.scheduler->cancel(1 + random.below(id));
    }
    const auto before = bench.model.computed;
    bench.run();
    waited += bench.model.computed - before;
    for (const auto& [id, open] : requests) {
      const auto& record = bench.events.of(id);
      CHECK(record.finished.has_value());
      CHECK(record.finished->reason != FinishReason::failed);
      const auto alone = SchedulerBench(scheduler_options(1, 64), 256).run(open);
      if (record.finished->reason == FinishReason::cancelled) {
        CHECK(alone.text().starts_with(record.text()));
      } else {
        check_same_answer(alone, record);
      }
    }
  }
  CHECK(waited > 0);
}
