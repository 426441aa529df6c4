#pragma once

#include <cstddef>
#include <cstdint>

// Every bound of the room in one place. A grammar is a stranger's program: reading it, compiling it and running it each
// have an end that does not depend on what it says.
namespace bitfleet::grammar {

// Reading.
inline constexpr size_t most_text_bytes = 256 * 1024;
inline constexpr size_t most_rules = 16'384;
inline constexpr uint32_t most_nesting = 128;             // parentheses and repetitions, one inside the other
inline constexpr uint32_t most_repetitions = 1'000'000'000;  // m and n of {m,n}: what is longer fits no context, and is refused for that

// Compiling.
inline constexpr size_t most_nodes = 262'144;             // of all rules' nondeterministic automata
inline constexpr size_t most_states = 262'144;            // of the automaton
inline constexpr size_t most_edges = 1'048'576;
inline constexpr size_t most_subset_work = 700'000;       // edges looked at while making rules deterministic
inline constexpr size_t most_closure_work = 1'000'000;    // edges looked at for the rules where that was too much
inline constexpr size_t most_follow_work = 2'000'000;     // sets of bytes merged
inline constexpr size_t most_cost_work = 1'000'000;       // steps along shortest texts

// Running. None of these ends a sequence: of more ways to read a text than these some are followed, and of tokens that
// take more work to find some are allowed. Which ones never depends on what is remembered.
inline constexpr size_t most_heads = 512;                 // ways in which the text so far is read
inline constexpr size_t most_narrow_heads = 64;           // likewise, in the middle of a token that could be read in too many
inline constexpr size_t most_closure = 4'096;             // stacks looked at for one byte
inline constexpr uint64_t most_push_work = 100'000;       // stacks looked at for one token that is read in all ways
inline constexpr uint64_t most_mask_work = 12'000'000;    // tree nodes and stacks visited for one token: some 30 ms
inline constexpr uint64_t most_place_work = 4'000'000;    // for one place of the automaton
inline constexpr size_t most_place_states = 8'192;        // of the walker, for one place
inline constexpr size_t most_walker_bytes = 16 * 1024 * 1024;  // remembered by a walker before it starts afresh
inline constexpr size_t most_mask_bytes = 32 * 1024 * 1024;  // remembered masks of one grammar
inline constexpr size_t most_token_bytes = 512;           // longer tokens are never drawn under a grammar

}  // namespace bitfleet::grammar
