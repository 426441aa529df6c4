// Guesses change how many tokens a step brings, and nothing else.

#include <algorithm>
#include <string>
#include <vector>

#include "check.h"
#include "grammar/grammar_library.h"
#include "random_bytes.h"
#include "schedule/drafter.h"
#include "scheduler_bench.h"

using namespace bitfleet;
using namespace bitfleet::testing;
using wire::FinishReason;

namespace {

SchedulerOptions speculating(uint32_t slots, Speculation speculation, uint32_t chunk = 64) {
  SchedulerOptions options = scheduler_options(slots, chunk);
  options.speculation = speculation;
  return options;
}

}  // namespace

TEST(a_draft_is_what_followed_the_longest_match) {
  using Tokens = std::vector<uint32_t>;
  Drafter drafter;
  CHECK((drafter.propose(Tokens{1, 2, 3, 4, 5, 1, 2}, 3).tokens == Tokens{3, 4, 5}));
  // "9 1 2" was followed by 8, a mere "1 2" lately by 7.
  CHECK((Drafter().propose(Tokens{9, 1, 2, 8, 6, 1, 2, 7, 9, 1, 2}, 2).tokens == Tokens{8, 6}));
  CHECK((Drafter().propose(Tokens{1, 2, 8, 6, 1, 2, 7, 9, 1, 2}, 2).tokens == Tokens{7, 9}));  // of equals the latest
  CHECK(Drafter().propose(Tokens{1, 2, 3, 4}, 5).tokens.empty());
  CHECK(Drafter().propose(Tokens{1}, 5).tokens.empty());
  CHECK((Drafter().propose(Tokens{5, 1, 2, 1, 2}, 5).tokens == Tokens{1, 2, 1, 2, 1}));  // it goes on repeating itself
  CHECK((Drafter().propose(Tokens{7, 7, 7}, 4).tokens == Tokens{7, 7, 7, 7}));
}

TEST(chances_follow_what_comes_true) {
  Drafter drafter;
  std::vector<uint32_t> tokens{1, 2, 3, 1, 2};
  const auto first = drafter.propose(tokens, 2);
  for (int i = 0; i < 40; ++i) drafter.learn(first, 0, true);
  CHECK(drafter.propose(tokens, 2).chance < 0.05);
  for (int i = 0; i < 20; ++i) drafter.learn(first, 2, false);
  CHECK(drafter.propose(tokens, 2).chance > 0.9);
}

TEST(drafts_are_taken_where_they_pay) {
  StepCost flat;   // a step costs the same whatever its size
  StepCost steep;  // every token costs as much as the first
  for (uint32_t n = 1; n <= 20; ++n) {
    flat.record(n, 0.030);
    steep.record(n, 0.030 * n);
  }
  const auto plan = [](std::vector<DraftOffer> offers, uint32_t rows, uint32_t most, const StepCost& cost) {
    return plan_drafts(offers, rows, most, Speculation::automatic, cost);
  };
  using Shares = std::vector<uint32_t>;
  CHECK((plan({{7, 0.5}}, 1, 15, flat) == Shares{7}));
  CHECK((plan({{7, 0.9}}, 1, 15, steep) == Shares{0}));
  CHECK((plan({{15, 0.9}, {15, 0.1}}, 2, 4, flat) == Shares{4, 0}));
  CHECK((plan({{0, 0.9}, {2, 0.1}}, 2, 4, flat) == Shares{0, 2}));
  CHECK((plan_drafts(std::vector<DraftOffer>{{7, 0.01}}, 1, 15, Speculation::always, steep) == Shares{7}));
  CHECK((plan_drafts(std::vector<DraftOffer>{{7, 1}}, 1, 15, Speculation::off, flat) == Shares{0}));
}

TEST(a_text_that_repeats_itself_takes_fewer_steps) {
  const auto repeating = [](HashingModel& model) {
    model.script = {{"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "e"}, {"e", "a"}};
  };
  SchedulerBench plain(speculating(1, Speculation::off));
  SchedulerBench fast(speculating(1, Speculation::automatic));
  repeating(plain.model);
  repeating(fast.model);
  fast.micros_per_token = std::chrono::microseconds(10);
  const auto expected = plain.run(request(1, "abc", 200));
  check_same_answer(expected, fast.run(request(1, "abc", 200)));
  CHECK_EQUAL(uint64_t{200}, plain.model.steps);
  CHECK(fast.model.steps < 40);
}

TEST(guesses_that_never_come_true_are_given_up) {
  SchedulerBench bench(speculating(1, Speculation::automatic));
  bench.micros_per_token = std::chrono::microseconds(300);
  // Two letters drawn at random: pairs recur all the time, and what follows them is chance.
  wire::OpenSequence open = request(1, std::string("abababab"), 400);
  open.sampling->temperature = 5;
  bench.open(open);
  bench.step(300);
  const auto drafted = bench.model.computed - bench.model.steps - 7;
  CHECK(drafted < 150);
}

TEST(a_full_batch_is_left_alone) {
  SchedulerBench bench(speculating(6, Speculation::automatic));
  bench.micros_per_token = std::chrono::milliseconds(10);  // no room to spare: twice the tokens, twice the time
  for (uint64_t id = 1; id <= 6; ++id) bench.open(request(id, "abcabcabc", 100));
  bench.step(20);
  const auto before = bench.model.computed;
  bench.step(50);
  CHECK(bench.model.computed - before < 50 * 6 + 60);
}

TEST(nothing_of_any_answer_depends_on_guesses) {
  TestRandom random(announced_seed("speculation", 31));
  uint64_t saved = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<wire::OpenSequence> requests;
    const uint64_t count = 1 + random.below(4);
    for (uint64_t id = 1; id <= count; ++id) {
      requests.push_back(random_request(random, id, "say " + std::string(random.below(50), static_cast<char>('a' + random.below(5)))));
      if (random.below(2) == 0) requests.back().sampling->temperature = 0.05F;
    }
    const bool repeats = random.below(3) != 0;
    const bool ends = random.below(3) == 0;
    const auto prepare_model = [&](HashingModel& model) {
      if (repeats) model.script = {{"ab", "c"}, {"bc", "d"}, {"cd", "a"}, {"da", "b"}};
      if (ends) model.end_logit = 1.5F;
    };
    SchedulerBench plain(speculating(4, Speculation::off));
    const auto how = random.below(3) == 0 ? Speculation::automatic : Speculation::always;
    SchedulerBench guessing(speculating(4, how, static_cast<uint32_t>(1 + random.below(64))));
    for (SchedulerBench* bench : {&plain, &guessing}) {
      prepare_model(bench->model);
      for (const auto& open : requests) bench->open(open);
      bench->run();
    }
    for (const auto& open : requests) check_same_answer(plain.events.of(open.sequence_id), guessing.events.of(open.sequence_id));
    saved += plain.model.steps > guessing.model.steps ? plain.model.steps - guessing.model.steps : 0;
    // What a wrong guess left in the cache is never gone on from.
    for (SchedulerBench* bench : {&plain, &guessing}) {
      for (const auto& open : requests) {
        wire::OpenSequence again = open;
        again.sequence_id += 100;
        bench->run(again);
      }
    }
    for (const auto& open : requests) {
      check_same_answer(plain.events.of(open.sequence_id), guessing.events.of(open.sequence_id + 100));
      check_same_answer(plain.events.of(open.sequence_id), plain.events.of(open.sequence_id + 100));
    }
  }
  CHECK(saved > 1000);
}

TEST(under_a_grammar_it_is_the_same_text_too) {
  TestRandom random(announced_seed("speculation grammar", 37));
  const std::string grammars[] = {R"(root ::= ("ab" | "cd")+)", R"(root ::= "[" item ("," item)* "]"
item ::= [a-e]+)", R"(root ::= ("abc" [a-e]){3,20})"};
  uint64_t saved = 0;
  for (int round = 0; round < 60; ++round) {
    SchedulerBench plain(speculating(2, Speculation::off));
    SchedulerBench guessing(speculating(2, Speculation::always));
    for (SchedulerBench* bench : {&plain, &guessing}) {
      grammar::GrammarLibrary library(bench->tokenizer);
      TestRandom same(1000 + static_cast<uint64_t>(round));
      for (uint64_t id = 1; id <= 2; ++id) {
        wire::OpenSequence open = request(id, "abcdabcdabab", 40 + static_cast<uint32_t>(same.below(40)));
        open.grammar = grammars[same.below(3)];
        if (same.below(2) == 0) open.sampling->temperature = 0;
        if (same.below(2) == 0) open.top_logprobs = 2;
        auto prepared = prepare(open, bench->tokenizer, bench->limits, &library);
        CHECK(std::holds_alternative<PreparedSequence>(prepared));
        bench->scheduler->open(std::move(std::get<PreparedSequence>(prepared)));
      }
      bench->run();
    }
    for (uint64_t id = 1; id <= 2; ++id) check_same_answer(plain.events.of(id), guessing.events.of(id));
    saved += plain.model.steps - guessing.model.steps;
  }
  CHECK(saved > 100);
}
