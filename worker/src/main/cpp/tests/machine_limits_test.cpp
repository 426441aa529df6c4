#include <algorithm>
#include <vector>

#include "check.h"
#include "kernels/kernels.h"
#include "model/model_error.h"
#include "tools/machine_limits.h"

using namespace bitfleet;

TEST(each_set_that_runs_here_has_a_rate_of_its_own_unit) {
  std::vector<std::string_view> units;
  for (const KernelSet set : runnable_kernel_sets()) {
    const tools::IntegerRate rate = tools::int8_rate(1, set);
    CHECK(rate.operations_per_second > 1e8);
    CHECK(std::find(units.begin(), units.end(), rate.unit) == units.end());
    units.push_back(rate.unit);
  }
  CHECK_EQUAL(tools::int8_rate(1, KernelSet::automatic).unit, units.back());
}

TEST(a_set_this_machine_lacks_has_no_rate) {
  for (const KernelSet set : {KernelSet::avx2, KernelSet::avx512vnni, KernelSet::amx, KernelSet::neon}) {
    const auto runnable = runnable_kernel_sets();
    if (std::find(runnable.begin(), runnable.end(), set) != runnable.end()) continue;
    try {
      tools::int8_rate(1, set);
      CHECK(false);
    } catch (const ModelError& error) {
      CHECK(std::string_view(error.what()).find("it can run scalar") != std::string_view::npos);
    }
  }
}
