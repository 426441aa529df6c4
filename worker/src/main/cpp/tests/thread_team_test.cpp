#include "threads/thread_team.h"

#include <sched.h>

#include <algorithm>
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

TEST(every_item_is_handed_out_once_in_each_of_many_turns) {
  for (const uint32_t members : {1U, 2U, 3U, 8U}) {
    ThreadTeam team(members);
    for (const uint32_t count : {0U, 1U, 5U, 300U}) {
      constexpr uint32_t turns = 7;
      std::vector<std::atomic<uint32_t>> times(count);
      bool in_order = true;
      for (uint32_t round = 0; round < 20; ++round) {
        team.run([&](uint32_t rank) {
          for (uint32_t turn = 0; turn < turns; ++turn) {
            team.hand_out(rank, count, [&](uint32_t begin, uint32_t end) {
              for (uint32_t i = begin; i < end; ++i) ++times[i];
            });
            team.barrier();
            if (rank == 0) in_order = in_order && std::all_of(times.begin(), times.end(), [&](const auto& n) { return n == round * turns + turn + 1; });
            team.barrier();
          }
        });
      }
      CHECK(in_order);
    }
  }
}

TEST(shares_that_are_not_even_are_handed_out_too) {
  ThreadTeam team(2);
  std::vector<std::atomic<uint32_t>> times(10);
  team.run([&](uint32_t rank) {
    team.hand_out(rank, 1, [&](uint32_t owner) { return team.size() == 2 && owner == 1 ? Share{9, 10} : Share{0, team.size() == 2 ? 9U : 10U}; },
                  [&](uint32_t begin, uint32_t end) {
                    CHECK_EQUAL(begin + 1, end);
                    ++times[begin];
                  });
  });
  for (const auto& n : times) CHECK_EQUAL(n.load(), 1U);
}

TEST(who_is_done_helps_who_is_held_up) {
  ThreadTeam team(2);
  std::atomic<uint32_t> done{0};
  uint32_t by_first = 0;
  team.run([&](uint32_t rank) {
    team.hand_out(rank, 100, [&](uint32_t begin, uint32_t end) {
      if (rank == 1) {  // not before the other has done all that is not in this hand
        const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (done < 100 - (end - begin) && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
      } else {
        by_first += end - begin;
      }
      done += end - begin;
    });
  });
  CHECK_EQUAL(done.load(), 100U);
  CHECK(by_first >= 94);
}

TEST(members_have_a_processor_each_where_there_are_as_many_and_the_caller_only_while_it_runs) {
  cpu_set_t before;
  CHECK_EQUAL(sched_getaffinity(0, sizeof before, &before), 0);
  const auto processors = static_cast<uint32_t>(CPU_COUNT(&before));
  const auto seats_in = [](ThreadTeam& team) {
    std::vector<cpu_set_t> seats(team.members());
    for (cpu_set_t& seat : seats) CPU_ZERO(&seat);
    team.run([](uint32_t) { std::this_thread::sleep_for(std::chrono::microseconds(1200)); });  // long enough for a seat in the next
    team.run([&](uint32_t rank) { sched_getaffinity(0, sizeof(cpu_set_t), &seats[rank]); });
    return seats;
  };
  if (processors > 1) {
    ThreadTeam team(processors);
    const std::vector<cpu_set_t> seats = seats_in(team);
    cpu_set_t together;
    CPU_ZERO(&together);
    for (const cpu_set_t& seat : seats) {
      CHECK_EQUAL(CPU_COUNT(&seat), 1);
      CPU_OR(&together, &together, &seat);
    }
    CHECK(CPU_EQUAL(&together, &before));
  }
  ThreadTeam more(processors + 1);
  for (const cpu_set_t& seat : seats_in(more)) CHECK(CPU_EQUAL(&seat, &before));
  cpu_set_t after;
  CHECK_EQUAL(sched_getaffinity(0, sizeof after, &after), 0);
  CHECK(CPU_EQUAL(&after, &before));
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
