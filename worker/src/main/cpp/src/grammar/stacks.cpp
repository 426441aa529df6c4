#include "grammar/stacks.h"

#include <algorithm>

#include "grammar/limits.h"

namespace bitfleet::grammar {
namespace {

constexpr size_t few = 24;  // entered states are searched one by one up to here

uint64_t key_of(uint32_t state, uint32_t stack) { return uint64_t{state} << 32 | stack; }

}  // namespace

uint32_t Stacks::push(uint32_t frame, uint32_t count, uint32_t below) {
  const auto [found, fresh] = known_.try_emplace(Key{uint64_t{frame} << 32 | count, below}, static_cast<uint32_t>(nodes_.size()));
  if (fresh) nodes_.push_back({frame, count, below, sum(cost_->of_frame(frame, count), nodes_[below].cost)});
  return found->second;
}

void Reader::enter(uint32_t state, uint32_t stack, Stacks& stacks) {
  // What cannot be completed is not begun.
  if (sum(cost_->of_state(state), stacks[stack].cost) >= endless) return;
  ++work_;
  if (pending_.size() < few) {
    if (std::ranges::find(pending_, Head{state, stack}) != pending_.end()) return;
  } else {
    if (seen_.empty()) {
      for (const Head& head : pending_) seen_.emplace(key_of(head.state, head.stack), true);
    }
    if (!seen_.emplace(key_of(state, stack), true).second) return;
  }
  if (pending_.size() == most_closure) throw GrammarExhausted("the grammar can be read in too many ways here");
  pending_.push_back({state, stack});
}

void Reader::come_back(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks) {
  if (!automaton_->is_loop(frame)) return enter(frame, below, stacks);
  const Automaton::Loop& loop = automaton_->loop(frame);
  const bool endless_loop = loop.most == unlimited;
  const uint32_t ended = endless_loop ? std::min(count + 1, loop.least) : count + 1;
  if (endless_loop || ended < loop.most) enter(loop.body, stacks.push(frame, ended, below), stacks);
  if (ended >= loop.least) enter(loop.exit, below, stacks);
}

Reading Reader::finish(Stacks& stacks) {
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
    if (!automaton_->bytes_of(head.state).empty()) reading.heads.push_back(head);
  }
  if (reading.heads.size() > most_heads) throw GrammarExhausted("the text can be read in too many ways under this grammar");
  std::ranges::sort(reading.heads);
  reading.ended = ended_;
  pending_.clear();
  if (!seen_.empty()) seen_.clear();
  ended_ = false;
  return reading;
}

Reading Reader::begin(Stacks& stacks) {
  pending_.clear();
  seen_.clear();
  ended_ = automaton_->empty_text;
  enter(automaton_->root, 0, stacks);
  return finish(stacks);
}

Reading Reader::step(const Reading& from, uint8_t byte, Stacks& stacks) {
  pending_.clear();  // an exception may have left something
  seen_.clear();
  ended_ = false;
  for (const Head& head : from.heads) {
    ++work_;
    for (const ByteEdge& edge : automaton_->bytes_of(head.state)) {
      if (byte < edge.low) break;
      if (byte <= edge.high) enter(edge.target, head.stack, stacks);
    }
  }
  return finish(stacks);
}

Reading Reader::resume(uint32_t frame, uint32_t count, uint32_t below, Stacks& stacks) {
  pending_.clear();
  seen_.clear();
  ended_ = false;
  come_back(frame, count, below, stacks);
  return finish(stacks);
}

}  // namespace bitfleet::grammar
