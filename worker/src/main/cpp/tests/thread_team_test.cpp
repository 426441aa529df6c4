#include "threads/thread_team.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "check.h"

using namespace bitfleet;

TEST(members_run_every_round_and_barriers_order_them) {
  for (const uint32_t members : {1U, 2U, 3U, 8U}) {
    ThreadTeam team(members);
    std::vector<uint32_t> stage(members);
    for (uint32_t round = 0; round < 60; ++round) {
      bool in_step = true;
      team.run([&](uint32_t rank) {
        for (uint32_t s = 1; s <= 5; ++s) {
          stage[rank] = round * 5 + s;
          team.barrier();
          if (rank == 0) {
            for (uint32_t other = 0; other < team.size(); ++other) in_step = in_step && stage[other] == round * 5 + s;
          }
          team.barrier();
        }
      });
      CHECK(in_step);
    }
  }
}

TEST(shares_cover_all_items_once_and_evenly) {
  for (const uint32_t count : {0U, 1U, 7U, 160U, 4000000000U}) {
    for (const uint32_t members : {1U, 2U, 3U, 64U}) {
      uint32_t next = 0;
      for (uint32_t rank = 0; rank < members; ++rank) {
        const Share share = share_of(count, rank, members);
        CHECK_EQUAL(next, share.begin);
        CHECK(share.end - share.begin <= count / members + 1);
        next = share.end;
      }
      CHECK_EQUAL(count, next);
    }
  }
}

TEST(a_member_that_is_always_late_is_left_out_and_tried_again) {
  ThreadTeam team(2);
  const auto late_run = [&] {
    team.run([](uint32_t rank) {
      if (rank == 1) std::this_thread::sleep_for(std::chrono::milliseconds(6));
    });
  };
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (team.size() == 2 && std::chrono::steady_clock::now() < limit) late_run();
  CHECK_EQUAL(team.size(), 1U);
  uint32_t runs_alone = 0;
  bool alone = true;
  team.run([&](uint32_t rank) {
    alone = alone && rank == 0;
    ++runs_alone;
  });
  CHECK(alone);
  CHECK_EQUAL(runs_alone, 1U);
  while (team.size() == 1 && std::chrono::steady_clock::now() < limit) team.run([](uint32_t) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
  CHECK_EQUAL(team.size(), 2U);
}

TEST(members_that_come_and_go_miss_no_run_that_needs_them) {
  ThreadTeam team(3);
  uint64_t sum = 0;
  uint64_t expected = 0;
  for (uint32_t round = 0; round < 400; ++round) {
    std::atomic<uint64_t> reached{0};
    const uint32_t size = team.size();
    team.run([&](uint32_t rank) {
      reached += uint64_t{1} << (8 * rank);
      team.barrier();
      if (round % 7 != 0 && rank == 2) std::this_thread::sleep_for(std::chrono::milliseconds(3));
    });
    sum += reached;
    for (uint32_t rank = 0; rank < size; ++rank) expected += uint64_t{1} << (8 * rank);
    CHECK_EQUAL(sum, expected);
  }
}

TEST(one_fewer_after_some_late_runs_and_all_again_when_nobody_is_late) {
  using Clock = TeamSize::Clock;
  using std::chrono::milliseconds;
  TeamSize size(4);
  Clock::time_point now{};
  const auto run = [&](milliseconds took, milliseconds slept) {
    const uint32_t members = size.at(now);
    size.ran(members, now, now + took, slept);
    now += took;
    return members;
  };
  for (int i = 0; i < 3; ++i) CHECK_EQUAL(run(milliseconds(20), milliseconds(30)), 4U);  // 10 ms each of 20
  CHECK_EQUAL(run(milliseconds(20), milliseconds(0)), 3U);
  CHECK_EQUAL(run(milliseconds(20), milliseconds(0)), 3U);
  CHECK_EQUAL(run(milliseconds(20), milliseconds(0)), 3U);
  CHECK_EQUAL(run(milliseconds(20), milliseconds(30)), 4U);  // tried again after 50 ms, still bad
  CHECK_EQUAL(size.at(now), 3U);
  now += milliseconds(60);
  CHECK_EQUAL(size.at(now), 3U);  // for longer now
  now += milliseconds(60);
  CHECK_EQUAL(run(milliseconds(20), milliseconds(0)), 4U);
  for (int i = 0; i < 100; ++i) CHECK_EQUAL(run(milliseconds(20), milliseconds(3)), 4U);  // uneven, not late
}

TEST(short_waits_are_no_reason_even_when_they_are_most_of_a_run) {
  using std::chrono::microseconds;
  TeamSize size(2);
  TeamSize::Clock::time_point now{};
  for (int i = 0; i < 100; ++i) {
    size.ran(size.at(now), now, now + microseconds(900), microseconds(800));
    now += microseconds(900);
  }
  CHECK_EQUAL(size.at(now), 2U);
}
