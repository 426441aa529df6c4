#include "grammar/walker.h"

#include <algorithm>

#include "grammar/limits.h"

namespace bitfleet::grammar {

Walker::Walker(const Automaton& automaton, const CompletionCost& cost)
    : automaton_(&automaton), cost_(&cost), stacks_(automaton, cost), reader_(automaton, cost) {
  state_of({});  // dead
}

size_t Walker::ReadingHash::operator()(const Reading& reading) const {
  uint64_t hash = reading.ended ? 1 : 2;
  for (const Head& head : reading.heads) {
    hash = (hash ^ (uint64_t{head.state} << 32 | head.stack)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash;
}

void Walker::tidy() {
  if (states_.size() < most_walk_states / 2) return;
  stacks_ = Stacks(*automaton_, *cost_);
  states_.clear();
  table_.clear();
  known_.clear();
  state_of({});
}

uint32_t Walker::state_of(Reading reading) {
  const auto found = known_.find(reading);
  if (found != known_.end()) return found->second;
  if (states_.size() == most_walk_states) throw GrammarExhausted("one token can be read in too many ways under this grammar");
  Cost cost = reading.ended ? 0 : endless;
  for (const Head& head : reading.heads) cost = std::min(cost, sum(cost_->of_state(head.state), stacks_[head.stack].cost));
  const auto state = static_cast<uint32_t>(states_.size());
  known_.emplace(reading, state);
  const bool is_dead = reading.heads.empty() && !reading.ended;
  states_.push_back({std::move(reading), cost});
  table_.resize(table_.size() + automaton_->byte_classes, is_dead ? dead : unknown);
  return state;
}

uint32_t Walker::waiting_in(uint32_t state) {
  Reading reading;
  reading.heads.push_back({state, 0});
  return state_of(std::move(reading));
}

uint32_t Walker::coming_back_to(uint32_t frame, uint32_t count) { return state_of(reader_.resume(frame, count, 0, stacks_)); }

uint32_t Walker::find_next(uint32_t state, uint8_t byte) {
  // By value: the reading it is computed from moves when states are added.
  const Reading from = states_[state].reading;
  const uint32_t next = state_of(reader_.step(from, byte, stacks_));
  return table_[size_t{state} * automaton_->byte_classes + automaton_->byte_class[byte]] = next;
}

void Walker::find_loops(uint32_t state) {
  uint64_t loops = UINT64_MAX;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (next(state, static_cast<uint8_t>(byte)) != state) loops &= ~(uint64_t{1} << byte_group(static_cast<uint8_t>(byte)));
  }
  states_[state].loops = loops;
}

}  // namespace bitfleet::grammar
