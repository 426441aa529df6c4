#include "grammar/rule_facts.h"

#include <algorithm>

#include "grammar/limits.h"

namespace bitfleet::grammar {
namespace {

using Graph = std::vector<std::vector<uint32_t>>;

constexpr uint32_t small_atoms = 16;        // a rule of so many characters is copied wherever it is used
constexpr uint32_t wide_set = 64;           // code points; a repeated set of more of them makes costly masks
constexpr uint32_t deepest_inlining = 256;  // elements, one inside the other: building recurses that deep

std::vector<bool> nullable_elements(const Rules& rules) {
  const size_t count = rules.elements.size();
  std::vector<std::vector<uint32_t>> users(count);       // elements that may become nullable through this one
  std::vector<uint32_t> missing(count, 1);               // parts that still have to be nullable
  std::vector<uint32_t> ready;
  for (uint32_t e = 0; e < count; ++e) {
    const Element& element = rules.elements[e];
    for (uint32_t part : element.parts) users[part].push_back(e);
    switch (element.kind) {
      case ElementKind::text: missing[e] = element.text.empty() ? 0 : 1; break;
      case ElementKind::set: break;
      case ElementKind::reference: users[rules.rules[element.rule].body].push_back(e); break;
      case ElementKind::sequence: missing[e] = static_cast<uint32_t>(element.parts.size()); break;
      case ElementKind::choice: break;
      case ElementKind::repeat: missing[e] = element.least == 0 ? 0 : 1; break;
    }
    if (missing[e] == 0) ready.push_back(e);
  }
  std::vector<bool> nullable(count, false);
  for (uint32_t e : ready) nullable[e] = true;
  while (!ready.empty()) {
    const uint32_t e = ready.back();
    ready.pop_back();
    for (uint32_t user : users[e]) {
      if (nullable[user] || --missing[user] > 0) continue;
      nullable[user] = true;
      ready.push_back(user);
    }
  }
  return nullable;
}

// Tarjan 1972, with a stack of its own. Components come callees first.
std::vector<std::vector<uint32_t>> components_of(const Graph& graph) {
  struct Visit {
    uint32_t node;
    size_t next;
  };
  const auto count = static_cast<uint32_t>(graph.size());
  std::vector<uint32_t> number(count, 0), low(count, 0);
  std::vector<bool> waiting(count, false);
  std::vector<uint32_t> stack;
  std::vector<Visit> visits;
  std::vector<std::vector<uint32_t>> components;
  uint32_t numbers = 0;
  const auto enter = [&](uint32_t node) {
    number[node] = low[node] = ++numbers;
    stack.push_back(node);
    waiting[node] = true;
    visits.push_back({node, 0});
  };
  for (uint32_t start = 0; start < count; ++start) {
    if (number[start] != 0) continue;
    enter(start);
    while (!visits.empty()) {
      const uint32_t node = visits.back().node;
      if (visits.back().next < graph[node].size()) {
        const uint32_t to = graph[node][visits.back().next++];
        if (number[to] == 0) enter(to);
        else if (waiting[to]) low[node] = std::min(low[node], number[to]);
        continue;
      }
      visits.pop_back();
      if (!visits.empty()) low[visits.back().node] = std::min(low[visits.back().node], low[node]);
      if (low[node] != number[node]) continue;
      auto& component = components.emplace_back();
      for (;;) {
        const uint32_t member = stack.back();
        stack.pop_back();
        waiting[member] = false;
        component.push_back(member);
        if (member == node) break;
      }
    }
  }
  return components;
}

bool on_cycle(const std::vector<uint32_t>& component, const Graph& graph) {
  return component.size() > 1 || std::ranges::find(graph[component[0]], component[0]) != graph[component[0]].end();
}

// For each rule the rules it may begin with (`left`), or all it uses.
Graph rule_graph(const Rules& rules, const std::vector<bool>& nullable, bool left) {
  Graph graph(rules.rules.size());
  std::vector<uint32_t> pending;
  for (uint32_t rule = 0; rule < rules.rules.size(); ++rule) {
    pending.assign(1, rules.rules[rule].body);
    while (!pending.empty()) {
      const Element& element = rules.elements[pending.back()];
      pending.pop_back();
      if (element.kind == ElementKind::reference) graph[rule].push_back(element.rule);
      for (uint32_t part : element.parts) {
        pending.push_back(part);
        if (left && element.kind == ElementKind::sequence && !nullable[part]) break;
      }
    }
  }
  return graph;
}

// A way from a member of the component back to itself, for the message.
std::string cycle_text(const Rules& rules, const Graph& graph, const std::vector<uint32_t>& component) {
  std::vector<bool> member(graph.size(), false);
  for (uint32_t rule : component) member[rule] = true;
  std::vector<size_t> place(graph.size(), SIZE_MAX);
  std::vector<uint32_t> way;
  uint32_t rule = *std::ranges::min_element(component);
  while (place[rule] == SIZE_MAX) {
    place[rule] = way.size();
    way.push_back(rule);
    rule = *std::ranges::find_if(graph[rule], [&](uint32_t to) { return member[to]; });
  }
  std::string text;
  size_t shown = 0;
  for (size_t i = place[rule]; i < way.size() && shown < 8; ++i, ++shown) text += rules.rules[way[i]].name + " -> ";
  if (way.size() - place[rule] > shown) text += "… -> ";
  return text + rules.rules[rule].name;
}

struct Size {
  uint64_t atoms = 0;       // characters and sets in automata, repetitions unrolled
  uint32_t depth = 1;
  bool wide = false;        // repeats a wide set
};

uint64_t width(const std::vector<CodePoints>& set) {
  uint64_t points = 0;
  for (const CodePoints& range : set) points += range.last - range.first + 1;
  return points;
}

}  // namespace

RuleFacts rule_facts(const Rules& rules) {
  RuleFacts facts;
  facts.nullable = nullable_elements(rules);
  const Graph left = rule_graph(rules, facts.nullable, true);
  for (const auto& component : components_of(left)) {
    if (on_cycle(component, left)) throw GrammarError("left recursion: " + cycle_text(rules, left, component));
  }

  const Graph uses = rule_graph(rules, facts.nullable, false);
  const size_t count = rules.rules.size();
  std::vector<uint32_t> times_used(count, 0);
  for (const auto& used : uses) {
    for (uint32_t rule : used) ++times_used[rule];
  }
  facts.inlined.assign(count, false);
  std::vector<Size> of_rule(count);
  std::vector<Size> of_element(rules.elements.size());
  std::vector<bool> contains_wide(rules.elements.size(), false);
  std::vector<uint32_t> pending;
  std::vector<uint32_t> order;
  // Callees come first, so that what a rule would copy is known when it is its turn.
  for (const auto& component : components_of(uses)) {
    for (uint32_t rule : component) {
      order.clear();
      pending.assign(1, rules.rules[rule].body);
      while (!pending.empty()) {
        const uint32_t e = pending.back();
        pending.pop_back();
        order.push_back(e);
        for (uint32_t part : rules.elements[e].parts) pending.push_back(part);
      }
      std::ranges::sort(order);  // parts before what they are part of
      for (uint32_t e : order) {
        const Element& element = rules.elements[e];
        Size size;
        switch (element.kind) {
          case ElementKind::text: size.atoms = element.text.size(); break;
          case ElementKind::set:
            size.atoms = 1;
            contains_wide[e] = width(element.set) > wide_set;
            break;
          case ElementKind::reference:
            size.atoms = 1;
            if (facts.inlined[element.rule]) {
              size = of_rule[element.rule];
              contains_wide[e] = contains_wide[rules.rules[element.rule].body];
              ++size.depth;
            }
            break;
          default: break;
        }
        for (uint32_t part : element.parts) {
          const Size& of = of_element[part];
          size.atoms += of.atoms;
          size.depth = std::max(size.depth, of.depth + 1);
          size.wide |= of.wide;
          if (contains_wide[part]) contains_wide[e] = true;
        }
        if (element.kind == ElementKind::repeat) size.wide |= element.most > 1 && contains_wide[e];
        size.atoms = std::min<uint64_t>(size.atoms, most_text_bytes);
        of_element[e] = size;
      }
      const Size& size = of_rule[rule] = of_element[rules.rules[rule].body];
      const bool worth = times_used[rule] == 1 || (size.atoms <= small_atoms && !size.wide);
      facts.inlined[rule] = rule != rules.root && !on_cycle(component, uses) && worth && size.depth < deepest_inlining;
    }
  }
  facts.atoms.reserve(of_element.size());
  for (const Size& size : of_element) facts.atoms.push_back(static_cast<uint32_t>(size.atoms));
  return facts;
}

}  // namespace bitfleet::grammar
