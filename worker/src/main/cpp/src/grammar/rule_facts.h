#pragma once

#include <cstdint>
#include <vector>

#include "grammar/rules.h"

namespace bitfleet::grammar {

// What has to be known of the rules before automata are built of them.
struct RuleFacts {
  std::vector<bool> nullable;   // by element: the empty text matches
  std::vector<bool> inlined;    // by rule: its body is copied to where it is used
  std::vector<uint32_t> atoms;  // by element: characters and sets in it, those of inlined rules too; saturated
};

// Throws GrammarError for left recursion, naming the rules: such a rule would have to be read before anything of it is
// read. Time is linear in the rules; nothing recurses.
RuleFacts rule_facts(const Rules& rules);

}  // namespace bitfleet::grammar
