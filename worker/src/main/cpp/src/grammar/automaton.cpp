#include "grammar/automaton.h"

#include <algorithm>
#include <bitset>
#include <map>
#include <tuple>
#include <unordered_map>

#include "grammar/byte_ranges.h"
#include "grammar/limits.h"
#include "grammar/rule_facts.h"

namespace bitfleet::grammar {
namespace {

// A repetition of so many characters in all is written out; a longer one counts.
constexpr uint64_t most_unrolled = 64;

// Writes one unit's automaton; finds the units it uses.
class UnitWriter {
 public:
  UnitWriter(const Rules& rules, const RuleFacts& facts) : rules_(rules), facts_(facts) {}

  // Units: bodies of rules and of counted repetitions, by the element that is their body.
  uint32_t unit_of(uint32_t body) {
    const auto [found, fresh] = units_.try_emplace(body, static_cast<uint32_t>(bodies_.size()));
    if (fresh) bodies_.push_back(body);
    return found->second;
  }
  size_t units() const { return bodies_.size(); }

  UnitNfa write(uint32_t unit) {
    nfa_ = {};
    suffixes_.clear();
    write(bodies_[unit], 0, 1);
    nodes_ += nfa_.nodes;
    return std::move(nfa_);
  }

 private:
  uint32_t node() {
    if (nodes_ + nfa_.nodes > most_nodes) throw GrammarError("the grammar is too large: more than " + std::to_string(most_nodes) + " places in its rules");
    return nfa_.nodes++;
  }
  void add(UnitNfa::Edge edge) {
    if (++edges_ > most_edges) throw GrammarError("the grammar is too large: more than " + std::to_string(most_edges) + " edges");
    nfa_.edges.push_back(edge);
  }
  void empty(uint32_t from, uint32_t to) { add({from, to, UnitNfa::Symbol::empty}); }
  void bytes(uint32_t from, uint32_t to, uint8_t low, uint8_t high) { add({from, to, UnitNfa::Symbol::bytes, low, high}); }
  void pass(uint32_t from, uint32_t to, Passage passage) { add({from, to, UnitNfa::Symbol::passage, 0, 0, passage}); }

  // Never adds an edge into `from` or out of `to`, so elements that share them do not mix.
  void write(uint32_t e, uint32_t from, uint32_t to) {
    const Element& element = rules_.elements[e];
    switch (element.kind) {
      case ElementKind::text: {
        if (element.text.empty()) return empty(from, to);
        for (size_t i = 0; i < element.text.size(); ++i) {
          const uint32_t next = i + 1 == element.text.size() ? to : node();
          const auto byte = static_cast<uint8_t>(element.text[i]);
          bytes(from, next, byte, byte);
          from = next;
        }
        return;
      }
      case ElementKind::set:
        for (const ByteRanges& ranges : utf8_ranges(element.set)) bytes(from, before_suffix(ranges, 1, to), ranges.low[0], ranges.high[0]);
        return;
      case ElementKind::reference: {
        const uint32_t body = rules_.rules[element.rule].body;
        if (facts_.inlined[element.rule]) return write(body, from, to);
        pass(from, to, {unit_of(body), 1, 1});
        if (facts_.nullable[body]) empty(from, to);
        return;
      }
      case ElementKind::sequence: {
        if (element.parts.empty()) return empty(from, to);
        for (size_t i = 0; i < element.parts.size(); ++i) {
          const uint32_t next = i + 1 == element.parts.size() ? to : node();
          write(element.parts[i], from, next);
          from = next;
        }
        return;
      }
      case ElementKind::choice:
        for (uint32_t part : element.parts) write(part, from, to);
        return;
      case ElementKind::repeat: return write_repeat(element, from, to);
    }
  }

  // The node from which bytes `at`… of these ranges lead to `to`; the same for the same bytes.
  uint32_t before_suffix(const ByteRanges& ranges, uint32_t at, uint32_t to) {
    if (at == ranges.length) return to;
    uint64_t key = ranges.length - at;
    for (uint32_t i = at; i < ranges.length; ++i) key = key << 16 | uint64_t{ranges.low[i]} << 8 | ranges.high[i];
    const auto known = suffixes_.find({key, to});
    if (known != suffixes_.end()) return known->second;
    const uint32_t fresh = node();
    bytes(fresh, before_suffix(ranges, at + 1, to), ranges.low[at], ranges.high[at]);
    suffixes_.emplace(std::pair(key, to), fresh);
    return fresh;
  }

  void write_repeat(const Element& element, uint32_t from, uint32_t to) {
    const uint32_t part = element.parts[0];
    // Rounds of nothing may count, so there is no least; rounds of something are bounded as before.
    const uint32_t least = facts_.nullable[part] ? 0 : element.least;
    const uint32_t most = element.most;
    if (most == 0) return empty(from, to);
    if (most == 1) {
      write(part, from, to);
      if (least == 0) empty(from, to);
      return;
    }
    if (most == unlimited && least <= 1) {
      const uint32_t begin = node();
      const uint32_t end = node();
      empty(from, begin);
      write(part, begin, end);
      empty(end, begin);
      empty(end, to);
      if (least == 0) empty(from, to);
      return;
    }
    const uint64_t rounds = most == unlimited ? least + uint64_t{1} : most;
    if (rounds * std::max<uint64_t>(1, facts_.atoms[part]) > most_unrolled) {
      pass(from, to, {unit_of(part), least, most});
      if (least == 0) empty(from, to);
      return;
    }
    uint32_t at = from;
    for (uint32_t round = 0; round < rounds; ++round) {
      const uint32_t next = node();
      if (round >= least) empty(at, to);
      // Behind a node of its own: the part may begin with a loop, and `at` has an edge out to the end.
      const uint32_t begin = node();
      empty(at, begin);
      write(part, begin, next);
      if (most == unlimited && round == least) empty(next, begin);
      at = next;
    }
    empty(at, to);
  }

  const Rules& rules_;
  const RuleFacts& facts_;
  std::unordered_map<uint32_t, uint32_t> units_;
  std::vector<uint32_t> bodies_;
  UnitNfa nfa_;
  size_t nodes_ = 0;
  size_t edges_ = 0;
  std::map<std::pair<uint64_t, uint32_t>, uint32_t> suffixes_;  // within the unit
};

// Puts the units' automata together.
class Assembly {
 public:
  void append(const UnitAutomaton& unit, uint32_t number) {
    const uint32_t base = automaton.states.empty() ? 0 : static_cast<uint32_t>(automaton.states.size());
    if (base + unit.states.size() > most_states) throw GrammarError("the grammar is too large: more than " + std::to_string(most_states) + " states");
    starts_.push_back(base + unit.start);
    for (const auto& state : unit.states) {
      automaton.states.push_back({static_cast<uint32_t>(automaton.bytes.size()), static_cast<uint32_t>(passages_.size()), number, state.accepting});
      for (ByteEdge edge : state.bytes) {
        edge.target += base;
        automaton.bytes.push_back(edge);
      }
      for (const auto& edge : state.passages) passages_.push_back({edge.passage, base + edge.target});
      if (automaton.bytes.size() + passages_.size() > most_edges) throw GrammarError("the grammar is too large: more than " + std::to_string(most_edges) + " edges");
    }
  }

  void finish() {
    const auto size = static_cast<uint32_t>(automaton.states.size());
    automaton.states.push_back({static_cast<uint32_t>(automaton.bytes.size()), static_cast<uint32_t>(passages_.size()), 0, false});
    automaton.calls.reserve(passages_.size());
    std::map<std::pair<Passage, uint32_t>, uint32_t> loops;
    for (const auto& [passage, target] : passages_) {
      uint32_t frame = target;
      if (passage.most != 1 || passage.least != 1) {
        const auto [found, fresh] = loops.try_emplace({passage, target}, static_cast<uint32_t>(automaton.loops.size()));
        if (fresh) automaton.loops.push_back({starts_[passage.unit], target, passage.least, passage.most});
        frame = size + found->second;
      }
      automaton.calls.push_back({starts_[passage.unit], frame});
    }
    automaton.root = starts_[0];
    find_follow();
    find_classes();
  }

  Automaton automaton;

 private:
  // What a unit can begin with, and then what can come behind it; both as least fixed points over the calls.
  void find_follow() {
    Automaton& a = automaton;
    const size_t units = starts_.size();
    size_t work = 0;
    const auto merge = [&](ByteSet& into, const ByteSet& from) {
      if (++work > most_follow_work) throw GrammarError("the grammar is too complex: its rules call each other in too many ways");
      return into.merge(from);
    };
    std::vector<std::vector<uint32_t>> callers(units);  // states that call the unit
    std::vector<ByteSet> first(a.size());
    for (uint32_t s = 0; s < a.size(); ++s) {
      for (const ByteEdge& edge : a.bytes_of(s)) first[s].add(edge.low, edge.high);
      for (const Automaton::Call& call : a.calls_of(s)) callers[a.states[call.start].unit].push_back(s);
    }
    std::vector<uint32_t> pending(units);
    for (uint32_t unit = 0; unit < units; ++unit) pending[unit] = unit;
    while (!pending.empty()) {
      const uint32_t unit = pending.back();
      pending.pop_back();
      for (uint32_t s : callers[unit]) {
        if (merge(first[s], first[starts_[unit]]) && starts_[a.states[s].unit] == s) pending.push_back(a.states[s].unit);
      }
    }
    a.follow.assign(units, {});
    std::vector<std::vector<uint32_t>> heirs(units);    // units that can end where this one ends
    const auto inherit = [&](uint32_t unit, uint32_t state) {
      merge(a.follow[unit], first[state]);
      if (a.states[state].accepting) heirs[a.states[state].unit].push_back(unit);
    };
    for (const Automaton::Call& call : a.calls) {
      const uint32_t unit = a.states[call.start].unit;
      if (!a.is_loop(call.frame)) {
        inherit(unit, call.frame);
        continue;
      }
      inherit(unit, a.loop(call.frame).exit);
      merge(a.follow[unit], first[call.start]);
    }
    for (uint32_t unit = 0; unit < units; ++unit) {
      std::ranges::sort(heirs[unit]);
      heirs[unit].erase(std::unique(heirs[unit].begin(), heirs[unit].end()), heirs[unit].end());
      pending.push_back(unit);
    }
    while (!pending.empty()) {
      const uint32_t unit = pending.back();
      pending.pop_back();
      for (uint32_t heir : heirs[unit]) {
        if (merge(a.follow[heir], a.follow[unit])) pending.push_back(heir);
      }
    }
  }

  void find_classes() {
    std::bitset<257> borders;
    for (const ByteEdge& edge : automaton.bytes) borders.set(edge.low), borders.set(edge.high + 1u);
    uint32_t classes = 0;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      if (byte > 0 && borders[byte]) ++classes;
      automaton.byte_class[byte] = static_cast<uint8_t>(classes);
    }
    automaton.byte_classes = classes + 1;
  }

  std::vector<uint32_t> starts_;                               // by unit
  std::vector<std::pair<Passage, uint32_t>> passages_;         // and the state behind
};

}  // namespace

size_t Automaton::resident_bytes() const {
  return states.size() * sizeof(State) + bytes.size() * sizeof(ByteEdge) + calls.size() * sizeof(Call) +
         loops.size() * sizeof(Loop) + follow.size() * sizeof(ByteSet);
}

Automaton build_automaton(const Rules& rules) {
  const RuleFacts facts = rule_facts(rules);
  UnitWriter writer(rules, facts);
  Assembly assembly;
  size_t work = most_subset_work;
  size_t closure_work = most_closure_work;
  const uint32_t root_body = rules.rules[rules.root].body;
  writer.unit_of(root_body);
  for (uint32_t unit = 0; unit < writer.units(); ++unit) {
    const UnitNfa nfa = writer.write(unit);
    assembly.append(without_empty_edges(nfa, work, closure_work), unit);
  }
  assembly.finish();
  assembly.automaton.empty_text = facts.nullable[root_body];
  return std::move(assembly.automaton);
}

}  // namespace bitfleet::grammar
