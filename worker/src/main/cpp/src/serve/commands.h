#pragma once

#include <span>

namespace bitfleet {

// The subcommands of bitfleet-engine that run a model for somebody. Each takes the arguments behind its own name; what is
// wrong with them comes as tools::UsageError, what is wrong with the model as ModelError, except in serve and tokenizer,
// which report that as LoadFailed. Returns the exit status.

// serve --model FILE [--threads N] [--slots N] [--ctx-size N] [--batch N] [--kernel K] [--pin 0,1]
int serve_command(std::span<char* const> arguments);

// tokenizer --model FILE
int tokenizer_command(std::span<char* const> arguments);

// generate --model FILE (--prompt TEXT | --tokens 1,2,3) and sampling flags; see main.cpp's usage text.
int generate_command(std::span<char* const> arguments);

}  // namespace bitfleet
