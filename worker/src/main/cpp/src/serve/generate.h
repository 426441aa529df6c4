#pragma once

#include <string>
#include <vector>

#include "serve/serve.h"
#include "wire/messages.h"

namespace bitfleet {

// `bitfleet-engine generate`: one completion for a person at a terminal. The text goes to standard output as it
// comes, timings to standard error. Takes the way that serve() takes, without the pipes. Returns the exit status.
int generate(const ServeOptions& options, const wire::OpenSequence& request);

}  // namespace bitfleet
