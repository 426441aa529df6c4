#pragma once

#include "schedule/event_sink.h"
#include "tokenizer/tokenizer.h"
#include "wire/messages.h"

namespace bitfleet {

// Answers to the commands that need the tokenizer alone. `vocabulary` bounds the ids.
wire::Tokenized answer(const wire::Tokenize& command, const Tokenizer& tokenizer, uint32_t vocabulary);
wire::Detokenized answer(const wire::Detokenize& command, const Tokenizer& tokenizer, uint32_t vocabulary);

}  // namespace bitfleet
