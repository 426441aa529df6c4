#pragma once

#include <cstdio>
#include <exception>

#include "tools/options.h"

namespace bitfleet::tools {

// Runs the body of a subcommand and turns what it throws into a sentence and an exit status.
template <typename Body>
int run_command(const char* name, Body body) {
  try {
    body();
    return 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "bitfleet-engine %s: %s\n", name, error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bitfleet-engine %s: %s\n", name, error.what());
    return 1;
  }
}

}  // namespace bitfleet::tools
