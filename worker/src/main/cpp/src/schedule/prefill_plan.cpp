#include "schedule/prefill_plan.h"

#include <algorithm>

namespace bitfleet {

std::vector<uint32_t> plan_prefill(std::span<const uint32_t> pending, uint32_t budget, size_t first) {
  std::vector<uint32_t> shares(pending.size(), 0);
  // Each round deals the rest of the budget evenly; one that satisfies nobody exhausts the budget, so there are at
  // most pending.size() + 1 rounds.
  while (budget > 0) {
    uint32_t hungry = 0;
    for (size_t i = 0; i < pending.size(); ++i) hungry += shares[i] < pending[i] ? 1 : 0;
    if (hungry == 0) break;
    const uint32_t share = std::max<uint32_t>(1, budget / hungry);
    for (size_t turn = 0; turn < pending.size() && budget > 0; ++turn) {
      const size_t i = (first + turn) % pending.size();
      const uint32_t given = std::min({pending[i] - shares[i], share, budget});
      shares[i] += given;
      budget -= given;
    }
  }
  return shares;
}

std::vector<uint32_t> plan_prefill(std::span<const uint32_t> pending, const std::vector<bool>& background, uint32_t budget, size_t first) {
  std::vector<uint32_t> of_class[2];
  uint64_t wanted_behind = 0;
  for (size_t i = 0; i < pending.size(); ++i) {
    for (const bool behind : {false, true}) of_class[behind].push_back(background[i] == behind ? pending[i] : 0);
    wanted_behind += of_class[true].back();
  }
  const auto kept = static_cast<uint32_t>(std::min<uint64_t>(wanted_behind, (budget + 7) / 8));
  auto shares = plan_prefill(of_class[false], budget - kept, first);
  for (const uint32_t share : shares) budget -= share;
  const auto rest = plan_prefill(of_class[true], budget, first);
  for (size_t i = 0; i < shares.size(); ++i) shares[i] += rest[i];
  return shares;
}

}  // namespace bitfleet
