#include "grammar/stacks.h"

#include <algorithm>
#include <tuple>

#include "grammar/limits.h"

namespace bitfleet::grammar {
namespace {

constexpr size_t few = 24;  // entered states are searched one by one up to here

uint64_t key_of(uint32_t state, uint32_t stack) { return uint64_t{state} << 32 | stack; }

uint64_t mixed(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

struct Ordered {
  Cost cost;
  uint64_t hash;
  Head head;
  bool operator<(const Ordered& than) const {
    return std::tie(cost, head.state, hash, head.stack) < std::tie(than.cost, than.head.state, than.hash, than.head.stack);
  }
};

Ordered ordered(Head head, const CompletionCost& cost, const Stacks& stacks) {
  const Stacks::Node& stack = stacks[head.stack];
  return {sum(cost.of_state(head.state), stack.cost), stack.hash, head};
}

}  // namespace

uint32_t Stacks::push(uint32_t frame, uint32_t count, uint32_t below) {
  const auto [found, fresh] = known_.try_emplace(Key{uint64_t{frame} << 32 | count, below}, static_cast<uint32_t>(nodes_.size()));
  if (fresh) {
    const Node under = nodes_[below];
    nodes_.push_back({frame, count, below, sum(cost_->of_frame(frame, count), under.cost), mixed(mixed(under.hash, frame), count)});
  }
  return found->second;
}

std::vector<Head> in_order(const std::vector<Head>& heads, const CompletionCost& cost, const Stacks& stacks) {
  if (heads.size() < 2) return heads;
  std::vector<Ordered> all;
  all.reserve(heads.size());
  for (const Head& head : heads) all.push_back(ordered(head, cost, stacks));
  std::ranges::sort(all, std::less<>{});
  std::vector<Head> out;
  out.reserve(all.size());
  for (const Ordered& of : all) out.push_back(of.head);
  return out;
}

void Reader::clear() {
  pending_.clear();
  if (!seen_.empty()) seen_.clear();
  full_ = false;
  ended_ = false;
  cheapest_cost_ = endless;
  cheapest_ = {};
}

void Reader::enter(uint32_t state, uint32_t stack, Stacks& stacks) {
  // What cannot be completed is not begun.
  const Cost cost = sum(cost_->of_state(state), stacks[stack].cost);
  if (cost >= endless) return;
  ++work_;
  const Head head{state, stack};
  if (pending_.size() < few) {
    if (std::ranges::find(pending_, head) != pending_.end()) return;
  } else {
    if (seen_.empty()) {
      for (const Head& known : pending_) seen_.emplace(key_of(known.state, known.stack), true);
    }
    const uint64_t key = key_of(state, stack);
    const bool fresh = pending_.size() == most_closure ? !seen_.contains(key) : seen_.emplace(key, true).second;
    if (!fresh) return;
  }
  if (pending_.size() == most_closure) {
    full_ = true;
    return;
  }
  if (cost < cheapest_cost_ || (cost == cheapest_cost_ && ordered(head, *cost_, stacks) < ordered(cheapest_, *cost_, stacks))) {
    cheapest_cost_ = cost;
    cheapest_ = head;
  }
  pending_.push_back(head);
}

void Reader::come_back(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks) {
  if (!automaton_->is_loop(frame)) return enter(frame, below, stacks);
  const Automaton::Loop& loop = automaton_->loop(frame);
  const bool endless_loop = loop.most == unlimited;
  const uint32_t ended = endless_loop ? std::min(count + 1, loop.least) : count + 1;
  if (endless_loop || ended < loop.most) enter(loop.body, stacks.push(frame, ended, below), stacks);
  if (ended >= loop.least) enter(loop.exit, below, stacks);
}

std::optional<Reading> Reader::finish(bool narrowly, Stacks& stacks) {
  Reading reading;
  for (size_t i = 0; i < pending_.size(); ++i) {
    const Head head = pending_[i];
    const Automaton::State& state = automaton_->states[head.state];
    if (state.accepting) {
      if (head.stack == 0) {
        ended_ = true;
      } else {
        const Stacks::Node top = stacks[head.stack];
        come_back(top.frame, top.count, top.below, stacks);
      }
    }
    for (const Automaton::Call& call : automaton_->calls_of(head.state)) enter(call.start, stacks.push(call.frame, 0, head.stack), stacks);
    if (full_ && !narrowly) return std::nullopt;
    if (!automaton_->bytes_of(head.state).empty()) reading.heads.push_back(head);
  }
  std::ranges::sort(reading.heads);
  reading.ended = ended_;
  reading.cost = ended_ ? 0 : cheapest_cost_;
  reading.cheapest = cheapest_;
  return reading;
}

std::optional<Reading> Reader::begin(Stacks& stacks) {
  clear();
  ended_ = automaton_->empty_text;
  enter(automaton_->root, 0, stacks);
  return finish(false, stacks);
}

std::optional<Reading> Reader::step(const Reading& from, uint8_t byte, Stacks& stacks) {
  clear();
  for (const Head& head : from.heads) {
    ++work_;
    for (const ByteEdge& edge : automaton_->bytes_of(head.state)) {
      if (byte < edge.low) break;
      if (byte <= edge.high) enter(edge.target, head.stack, stacks);
    }
  }
  return finish(false, stacks);
}

std::optional<Reading> Reader::resume(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks) {
  clear();
  come_back(frame, count, below, stacks);
  return finish(false, stacks);
}

Reading Reader::begin_narrowly(size_t most, Stacks& stacks) {
  clear();
  ended_ = automaton_->empty_text;
  enter(automaton_->root, 0, stacks);
  Reading reading = *finish(true, stacks);
  narrow(reading, most, stacks);
  return reading;
}

Reading Reader::step_narrowly(const Reading& from, uint8_t byte, const std::optional<Head>& also, size_t most, Stacks& stacks) {
  clear();
  if (also) enter(also->state, also->stack, stacks);
  // What is entered first is followed furthest, so the order has to be the same everywhere.
  for (const Head& head : in_order(from.heads, *cost_, stacks)) {
    ++work_;
    for (const ByteEdge& edge : automaton_->bytes_of(head.state)) {
      if (byte < edge.low) break;
      if (byte <= edge.high) enter(edge.target, head.stack, stacks);
    }
  }
  Reading reading = *finish(true, stacks);
  narrow(reading, most, stacks);
  return reading;
}

void Reader::narrow(Reading& reading, size_t most, Stacks& stacks) const {
  // The closure of the cheapest place may have been left off before its end.
  if (!reading.ended && reading.cost < endless) {
    const auto head = waiting(reading.cheapest, stacks);
    if (!head) {
      reading.ended = true;
      reading.cost = 0;
    } else if (std::ranges::find(reading.heads, *head) == reading.heads.end()) {
      reading.heads.push_back(*head);
    }
  }
  if (reading.heads.size() > most) {
    std::vector<Head> heads = in_order(reading.heads, *cost_, stacks);
    std::unordered_map<uint32_t, uint32_t> seen;
    std::vector<std::pair<uint32_t, Head>> ranked;  // how many of its state are cheaper
    ranked.reserve(heads.size());
    for (const Head& head : heads) ranked.emplace_back(seen[head.state]++, head);
    std::ranges::stable_sort(ranked, {}, [](const auto& entry) { return entry.first; });
    const auto cheapest = reading.ended ? std::nullopt : waiting(reading.cheapest, stacks);
    reading.heads.clear();
    if (cheapest) reading.heads.push_back(*cheapest);
    for (size_t i = 0; i < ranked.size() && reading.heads.size() < most; ++i) {
      if (!cheapest || ranked[i].second != *cheapest) reading.heads.push_back(ranked[i].second);
    }
  }
  std::ranges::sort(reading.heads);
}

std::optional<Head> Reader::waiting(Head at, Stacks& stacks) const {
  for (;;) {
    if (!automaton_->states[at.state].accepting) {
      const CompletionCost::Step step = cost_->step_of(at.state);
      if (!step.call) return at;
      const Automaton::Call& call = automaton_->calls[step.edge];
      at = {call.start, stacks.push(call.frame, 0, at.stack)};
      continue;
    }
    if (at.stack == 0) return std::nullopt;
    const Stacks::Node top = stacks[at.stack];
    if (!automaton_->is_loop(top.frame)) {
      at = {top.frame, top.below};
      continue;
    }
    const Automaton::Loop& loop = automaton_->loop(top.frame);
    if (top.count + 1 < loop.least) at = {loop.body, stacks.push(top.frame, top.count + 1, top.below)};
    else at = {loop.exit, top.below};
  }
}

}  // namespace bitfleet::grammar
