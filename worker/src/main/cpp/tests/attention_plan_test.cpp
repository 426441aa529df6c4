#include "model/attention_plan.h"

#include <algorithm>
#include <map>
#include <vector>

#include "check.h"
#include "random_bytes.h"

using namespace bitfleet;
using bitfleet::testing::TestRandom;

namespace {

struct Split {
  Split(const std::vector<uint32_t>& slots, const std::vector<uint32_t>& positions, uint32_t heads, uint32_t group, uint32_t members) {
    plan.make(slots, positions, heads, group, members);
    for (uint32_t rank = 0; rank < members; ++rank) {
      uint64_t cost = 0;
      const Share items = plan.share_of(rank);
      for (uint32_t i = items.begin; i < items.end; ++i) {
        const AttentionItem& item = plan.item(i);
        CHECK(item.tokens >= 1 && item.tokens <= attention_tokens && item.heads >= 1 && item.heads <= attention_heads);
        CHECK_EQUAL(item.first_head / group, (item.first_head + item.heads - 1) / group);
        for (uint32_t t = item.first_token; t < item.first_token + item.tokens; ++t) {
          CHECK_EQUAL(slots[item.first_token], slots.at(t));
          for (uint32_t h = item.first_head; h < item.first_head + item.heads; ++h) {
            CHECK(++times[std::pair(t, h)] == 1);
            cost += positions[t];
          }
        }
      }
      costs.push_back(cost);
    }
    CHECK_EQUAL(slots.size() * heads, times.size());
  }
  AttentionPlan plan;
  std::map<std::pair<uint32_t, uint32_t>, int> times;
  std::vector<uint64_t> costs;
};

}  // namespace

TEST(every_head_of_every_token_is_somebodys_exactly_once) {
  TestRandom random(bitfleet::testing::announced_seed("attention plan", 3));
  for (int round = 0; round < 300; ++round) {
    const auto group = static_cast<uint32_t>(1 + random.below(9));
    const auto heads = static_cast<uint32_t>(group * (1 + random.below(6)));
    std::vector<uint32_t> slots;
    std::vector<uint32_t> positions;
    const auto runs = static_cast<uint32_t>(1 + random.below(6));
    for (uint32_t slot = 0; slot < runs; ++slot) {
      const auto first = static_cast<uint32_t>(1 + random.below(3000));
      for (uint64_t n = 1 + random.below(40), i = 0; i < n; ++i) {
        slots.push_back(slot);
        positions.push_back(first + static_cast<uint32_t>(i));
      }
    }
    Split(slots, positions, heads, group, static_cast<uint32_t>(1 + random.below(9)));
  }
}

TEST(two_threads_share_one_token_of_five_kv_heads_evenly) {
  const Split split({0}, {1000}, 20, 4, 2);
  CHECK_EQUAL(split.costs[0], split.costs[1]);
}

TEST(shares_of_a_prefill_differ_little) {
  std::vector<uint32_t> slots(256, 0);
  std::vector<uint32_t> positions;
  for (uint32_t t = 0; t < 256; ++t) positions.push_back(t + 1);
  for (const uint32_t members : {2U, 3U, 8U}) {
    const Split split(slots, positions, 20, 4, members);
    const auto [least, most] = std::ranges::minmax(split.costs);
    CHECK(most < least * 3 / 2);
  }
}
