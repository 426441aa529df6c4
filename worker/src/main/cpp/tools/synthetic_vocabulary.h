#pragma once

#include <cstdint>

#include "tokenizer/tokenizer.h"

namespace bitfleet::tools {

// A made-up tokenizer whose tokens are like those of a vocabulary trained on the web and on code: bytes, words with and
// without a space, capitals, numbers of up to three digits, runs of spaces and of marks, marks glued to words, and words of
// two- and three-byte characters. For benchmarks: what it cannot do is merge, so it tokenizes nothing well.
Tokenizer synthetic_vocabulary(uint32_t tokens);

}  // namespace bitfleet::tools
