#include <algorithm>
#include <cmath>
#include <ranges>
#include <string>
#include <vector>

#include "check.h"
#include "schedule/prefill_plan.h"
#include "schedule/step_cost.h"
#include "scheduler_bench.h"

using namespace bitfleet;
using namespace bitfleet::testing;

TEST(costs_are_learned_and_lines_drawn_between_them) {
  StepCost cost;
  CHECK_EQUAL(0.0, cost.cautious(10));
  const auto about = [](double expected, double actual) { return std::abs(expected - actual) < 0.03 * expected; };
  cost.record(1, 0.010);
  CHECK_EQUAL(0.010, cost.hopeful(4));
  CHECK(std::abs(cost.cautious(4) - 0.040) < 1e-12);
  cost.record(5, 0.018);
  CHECK(about(0.014, cost.cautious(3)));
  cost.record(64, 0.200);
  CHECK(about(0.200, cost.hopeful(64)));
  CHECK(cost.cautious(128) > 0.39);
  CHECK(about(0.010, cost.cautious(1)));
  cost.record(1, 100);  // somebody else had the machine
  CHECK(cost.cautious(1) < 0.015);
}

TEST(a_size_that_was_dear_once_is_tried_again_and_then_known_anew) {
  StepCost cost;
  cost.record(8, 1.0);  // a bad moment
  for (int i = 0; i < 100; ++i) cost.record(1, 0.030);
  CHECK(cost.hopeful(8) < 0.8);
  for (int i = 0; i < 1000; ++i) cost.record(1, 0.030);
  CHECK(cost.hopeful(8) < 0.26);
  cost.record(8, 0.040);
  CHECK(std::abs(cost.hopeful(8) - 0.040) < 1e-9);
  CHECK(cost.hopeful(1) > 0.029);
}

TEST(what_fits_into_a_budget_is_found) {
  StepCost cost;
  CHECK_EQUAL(256u, cost.fitting(4, 256, 8, 0.1));  // nothing is known yet
  for (int i = 0; i < 50; ++i) {
    cost.record(4, 0.020);
    cost.record(260, 0.276);
  }
  const uint32_t fits = cost.fitting(4, 256, 8, 0.1);
  CHECK(fits > 78 && fits < 82);  // a millisecond each
  CHECK_EQUAL(8u, cost.fitting(4, 256, 8, 0.001));
  CHECK_EQUAL(256u, cost.fitting(4, 256, 8, 1));
  CHECK_EQUAL(3u, cost.fitting(4, 3, 8, 0.001));
}

TEST(a_stream_waits_no_longer_than_the_budget_while_a_long_prompt_is_read) {
  SchedulerOptions options = scheduler_options(4, 256);
  options.step_budget = std::chrono::milliseconds(10);
  SchedulerBench bench(options, 4096);
  bench.open(request(1, "stream", 400));
  bench.step(3);
  bench.open(request(2, std::string(3000, 'x'), 4));
  std::vector<double> waits;
  while (bench.events.of(2).pieces.empty()) {
    const auto before = bench.now;
    const auto tokens = bench.events.of(1).tokens().size();
    bench.step();
    waits.push_back(std::chrono::duration<double, std::milli>(bench.now - before).count());
    CHECK(bench.events.of(1).tokens().size() <= tokens + 4);
  }
  // At 1 ms and 0.1 ms a token, 90 go into 10 ms; the way there begins with few.
  CHECK(std::ranges::max(waits) <= 10.01);
  CHECK(waits.size() < 60);
  CHECK(std::ranges::min(waits | std::views::drop(8) | std::views::take(10)) > 8);
}

TEST(with_nobody_waiting_a_step_may_take_ten_times_as_long) {
  SchedulerOptions options = scheduler_options(1, 256);
  options.step_budget = std::chrono::milliseconds(10);
  SchedulerBench bench(options, 4096);
  bench.micros_per_token = std::chrono::milliseconds(1);
  bench.open(request(1, std::string(2000, 'x'), 1));
  bench.step(8);
  const auto before = bench.now;
  bench.step();
  const auto took = std::chrono::duration<double, std::milli>(bench.now - before).count();
  CHECK(took > 60 && took < 101);
}

TEST(chunks_of_any_budget_give_the_same_text) {
  const auto plain = SchedulerBench(scheduler_options(1, 64), 1024).run(request(2, std::string(500, 'x'), 30));
  for (const int budget : {1, 3, 7, 50}) {
    SchedulerOptions options = scheduler_options(2, 256);
    options.step_budget = std::chrono::milliseconds(budget);
    SchedulerBench bench(options, 1024);
    bench.open(request(1, "abc", 80));
    bench.step();
    check_same_answer(plain, bench.run(request(2, std::string(500, 'x'), 30)));
  }
}

TEST(the_background_reads_what_the_others_leave_and_never_nothing) {
  using Shares = std::vector<uint32_t>;
  CHECK((plan_prefill(Shares{100, 100}, {false, true}, 64, 0) == Shares{56, 8}));
  CHECK((plan_prefill(Shares{10, 100}, {false, true}, 64, 0) == Shares{10, 54}));
  CHECK((plan_prefill(Shares{100, 3}, {false, true}, 64, 0) == Shares{61, 3}));
  CHECK((plan_prefill(Shares{100, 100}, {true, true}, 64, 0) == Shares{32, 32}));
  CHECK((plan_prefill(Shares{100, 100}, {false, false}, 64, 0) == Shares{32, 32}));
  CHECK((plan_prefill(Shares{100, 100}, {false, true}, 1, 0) == Shares{0, 1}));

  SchedulerBench bench(scheduler_options(2, 32), 2048);
  wire::OpenSequence background = request(1, std::string(600, 'b'), 1);
  background.priority = wire::Priority::background;
  bench.open(background);
  bench.step(2);
  bench.open(request(2, std::string(600, 'i'), 1));
  while (!bench.events.of(2).finished) bench.step();
  CHECK(!bench.events.of(1).finished);
  CHECK(bench.model.steps < 2 + 600 / 28 + 2);
  bench.run();
  CHECK(bench.events.of(1).finished.has_value());
}
