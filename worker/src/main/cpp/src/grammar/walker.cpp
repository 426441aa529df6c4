#include "grammar/walker.h"

#include <algorithm>

#include "grammar/limits.h"

namespace bitfleet::grammar {

Walker::Walker(const Automaton& automaton, const CompletionCost& cost)
    : automaton_(&automaton), cost_(&cost), stacks_(automaton, cost), reader_(automaton, cost) {
  forget();
}

size_t Walker::ReadingHash::operator()(const Reading& reading) const {
  uint64_t hash = reading.cost << 1 | (reading.ended ? 1 : 0);
  for (const Head& head : reading.heads) {
    hash = (hash ^ (uint64_t{head.state} << 32 | head.stack)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash;
}

void Walker::forget() {
  stacks_ = Stacks(*automaton_, *cost_);
  states_.clear();
  table_.clear();
  known_.clear();
  reading_bytes_ = 0;
  place_ = 0;
  state_of(Reading{});  // dead
}

void Walker::begin_place() {
  if (place_ == UINT16_MAX || resident_bytes() > most_walker_bytes) forget();
  ++place_;
  work_ = 0;
  touched_ = 0;
}

uint32_t Walker::state_of(std::optional<Reading> reading) {
  if (!reading || reading->heads.size() > most_heads) return dead;
  const auto found = known_.find(*reading);
  if (found != known_.end()) return found->second;
  const auto state = static_cast<uint32_t>(states_.size());
  known_.emplace(*reading, state);
  reading_bytes_ += 2 * reading->heads.size() * sizeof(Head);
  const bool is_dead = reading->dead();
  states_.push_back({std::move(*reading)});
  table_.resize(table_.size() + automaton_->byte_classes, is_dead ? Way{dead} : Way{});
  return state;
}

uint32_t Walker::come_to(uint32_t state) {
  State& of = states_[state];
  if (of.place != place_) {
    of.place = place_;
    of.visits = 0;
    of.loops = 0;
    ++touched_;
  }
  return state;
}

uint32_t Walker::waiting_in(uint32_t state) {
  Reading reading;
  reading.heads.push_back({state, 0});
  reading.cost = cost_->of_state(state);
  return come_to(state_of(std::move(reading)));
}

uint32_t Walker::coming_back_to(uint32_t frame, uint32_t count) {
  const uint64_t before = reader_.work();
  auto reading = reader_.resume(frame, count, 0, stacks_);
  work_ += work_of_stack * (reader_.work() - before);
  return come_to(state_of(std::move(reading)));
}

uint32_t Walker::first_next(uint32_t state, uint8_t byte) {
  const size_t at = size_t{state} * automaton_->byte_classes + automaton_->byte_class[byte];
  if (table_[at].next == unknown) {
    // By value: the reading it is computed from moves when states are added.
    const Reading from = states_[state].reading;
    const uint64_t before = reader_.work();
    auto reading = reader_.step(from, byte, stacks_);
    const uint64_t work = reader_.work() - before;
    const uint32_t next = state_of(std::move(reading));
    table_[at].next = next;
    table_[at].work = static_cast<uint16_t>(std::min<uint64_t>(work, UINT16_MAX));
  }
  Way& way = table_[at];
  way.place = place_;
  work_ += work_of_stack * way.work;
  return come_to(way.next);
}

void Walker::find_loops(uint32_t state) {
  uint64_t loops = UINT64_MAX;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (next(state, static_cast<uint8_t>(byte)) != state) loops &= ~(uint64_t{1} << byte_group(static_cast<uint8_t>(byte)));
  }
  states_[state].loops = loops;
}

}  // namespace bitfleet::grammar
