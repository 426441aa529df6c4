#include <algorithm>
#include <cstdio>

#include "kernels/kernels.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/machine_limits.h"

namespace bitfleet::tools {

int bench_limits_command(std::span<char* const> arguments) {
  return run_command("bench-limits", [&] {
    const Options options(arguments, {"--threads", "--kernel"});
    const uint32_t threads = std::clamp(options.number("--threads", 1U), 1U, 1024U);
    const auto kernels = parse_kernel_set(options.text("--kernel").value_or("auto"));
    if (!kernels) throw UsageError("--kernel is " + kernel_set_names());
    const KernelSet set = kernels_for(*kernels).set;
    const double bandwidth = read_bandwidth(threads);
    const IntegerRate rate = int8_rate(threads, set);
    std::printf("{\"threads\":%u,\"read_bytes_s\":%.0f,\"int8_ops_s\":%.0f,\"int8_unit\":\"%s\"}\n", threads, bandwidth,
                rate.operations_per_second, std::string(rate.unit).c_str());
  });
}

}  // namespace bitfleet::tools
