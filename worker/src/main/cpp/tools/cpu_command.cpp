#include <cstdio>

#include "kernels/kernel_set.h"
#include "tools/command_frame.h"
#include "tools/commands.h"

namespace bitfleet::tools {

int cpu_command(std::span<char* const> arguments) {
  return run_command("cpu", [&] {
    const Options options(arguments, {});
    std::printf("runnable:");
    for (const KernelSet set : runnable_kernel_sets()) std::printf(" %s", std::string(to_string(set)).c_str());
    std::printf("\nchosen: %s\n", std::string(to_string(best_kernel_set())).c_str());
  });
}

}  // namespace bitfleet::tools
