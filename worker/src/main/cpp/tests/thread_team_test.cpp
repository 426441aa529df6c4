#include "threads/thread_team.h"

#include <chrono>
#include <vector>

#include "check.h"

using namespace bitfleet;

TEST(every_member_runs_every_round_and_barriers_order_them) {
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
            for (const uint32_t other : stage) in_step = in_step && other == round * 5 + s;
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
