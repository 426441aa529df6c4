#include "grammar/completion_cost.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "grammar/limits.h"

namespace bitfleet::grammar {
namespace {

constexpr size_t most_steps = 1024;  // along one shortest text, calls and returns included
constexpr Cost unknown = endless + 1;

}  // namespace

CompletionCost::CompletionCost(const Automaton& automaton, const TokenTrie& trie) : automaton_(&automaton) {
  tokens_.assign(automaton.size(), endless);
  bytes_.assign(automaton.size(), endless);
  steps_.assign(automaton.size(), {});
  // Only bytes that are tokens count: see above.
  struct Waiting {
    Cost cost;
    uint32_t state;
    bool operator>(const Waiting& than) const { return cost != than.cost ? cost > than.cost : state > than.state; }
  };
  std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> queue;
  const uint32_t size = automaton.size();
  std::vector<bool> final(size, false);
  // Who is concerned when a state's cost is known: (state, edge) pairs.
  struct Concerned {
    uint32_t state;
    Step step;
  };
  const auto each_concerned = [&](auto&& take) {
    for (uint32_t s = 0; s < size; ++s) {
      for (uint32_t i = automaton.states[s].bytes; i < automaton.states[s + 1].bytes; ++i) {
        const ByteEdge& edge = automaton.bytes[i];
        bool spelled = false;
        for (uint32_t byte = edge.low; byte <= edge.high && !spelled; ++byte) spelled = trie.spells(static_cast<uint8_t>(byte));
        if (spelled) take(edge.target, Concerned{s, {false, i}});
      }
      for (uint32_t i = automaton.states[s].calls; i < automaton.states[s + 1].calls; ++i) {
        const Automaton::Call& call = automaton.calls[i];
        const uint32_t after = automaton.is_loop(call.frame) ? automaton.loop(call.frame).exit : call.frame;
        take(call.start, Concerned{s, {true, i}});
        if (after != call.start) take(after, Concerned{s, {true, i}});
      }
    }
  };
  // By state, one behind the other: a list of its own for each would be hundreds of thousands.
  std::vector<uint32_t> begins(size + 1u, 0);
  each_concerned([&](uint32_t by, const Concerned&) { ++begins[by + 1u]; });
  for (uint32_t s = 0; s < size; ++s) begins[s + 1u] += begins[s];
  std::vector<Concerned> concerned(begins[size]);
  std::vector<uint32_t> next(begins.begin(), begins.end() - 1);
  each_concerned([&](uint32_t by, const Concerned& of) { concerned[next[by]++] = of; });
  for (uint32_t s = 0; s < size; ++s) {
    if (automaton.states[s].accepting) {
      bytes_[s] = 0;
      queue.push({0, s});
    }
  }
  while (!queue.empty()) {
    const auto [cost, s] = queue.top();
    queue.pop();
    if (final[s]) continue;
    final[s] = true;
    order_.push_back(s);
    for (uint32_t i = begins[s]; i < begins[s + 1u]; ++i) {
      const Concerned& of = concerned[i];
      if (final[of.state]) continue;
      Cost candidate = endless;
      if (!of.step.call) {
        candidate = sum(cost, 1);
      } else {
        const Automaton::Call& call = automaton.calls[of.step.edge];
        const bool loop = automaton.is_loop(call.frame);
        const uint32_t after = loop ? automaton.loop(call.frame).exit : call.frame;
        if (!final[call.start] || !final[after]) continue;
        const uint32_t rounds = loop ? std::max(1u, automaton.loop(call.frame).least) : 1;
        candidate = sum(times(rounds, bytes_[call.start]), bytes_[after]);
      }
      if (candidate >= bytes_[of.state]) continue;
      bytes_[of.state] = candidate;
      steps_[of.state] = of.step;
      queue.push({candidate, of.state});
    }
  }
  std::ranges::fill(tokens_, unknown);
  size_t work = most_cost_work;
  for (uint32_t s : order_) tokens_[s] = automaton.states[s].accepting ? 0 : tokens_along(s, trie, work);
  for (Cost& cost : tokens_) {
    if (cost == unknown) cost = endless;
  }
  bytes_ = {};
  order_ = {};
}

Cost CompletionCost::of_frame(uint32_t frame, uint32_t count) const {
  if (!automaton_->is_loop(frame)) return tokens_[frame];
  const Automaton::Loop& loop = automaton_->loop(frame);
  const uint32_t rounds = count + 1 < loop.least ? loop.least - count - 1 : 0;
  return sum(times(rounds, tokens_[loop.body]), tokens_[loop.exit]);
}

Cost CompletionCost::tokens_along(uint32_t from, const TokenTrie& trie, size_t& work) const {
  const Automaton& a = *automaton_;
  struct Frame {
    uint32_t frame;
    uint32_t count;
    Cost cost;   // of all frames from here down
  };
  std::vector<Frame> stack;
  const auto push = [&](uint32_t frame, uint32_t count) {
    stack.push_back({frame, count, sum(of_frame(frame, count), stack.empty() ? 0 : stack.back().cost)});
  };
  Cost best = endless;
  const Step first = steps_[from];
  // Whatever the tokens look like, this many suffice: a token for this byte, or what the call costs.
  if (!first.call) {
    best = sum(1, tokens_[a.bytes[first.edge].target]);
  } else {
    const Automaton::Call& call = a.calls[first.edge];
    best = sum(tokens_[call.start], of_frame(call.frame, 0));
  }
  uint32_t state = from;
  uint32_t node = TokenTrie::none;
  for (size_t step = 0; step < most_steps && work > 0; ++step, --work) {
    if (a.states[state].accepting) {
      if (stack.empty()) break;
      const Frame top = stack.back();
      stack.pop_back();
      if (!a.is_loop(top.frame)) {
        state = top.frame;
        continue;
      }
      const Automaton::Loop& loop = a.loop(top.frame);
      if (top.count + 1 < loop.least) {
        push(top.frame, top.count + 1);
        state = loop.body;
      } else {
        state = loop.exit;
      }
      continue;
    }
    const Step next = steps_[state];
    if (next.call) {
      const Automaton::Call& call = a.calls[next.edge];
      push(call.frame, 0);
      state = call.start;
      continue;
    }
    // Of several bytes the first that some token spells.
    const ByteEdge& edge = a.bytes[next.edge];
    node = trie.child(node, trie.first_spelled(edge.low));
    if (node == TokenTrie::none) break;
    state = edge.target;
    if (trie.nodes()[node].own == 0) continue;
    best = std::min(best, sum(sum(1, tokens_[state]), stack.empty() ? 0 : stack.back().cost));
  }
  return best;
}

}  // namespace bitfleet::grammar
