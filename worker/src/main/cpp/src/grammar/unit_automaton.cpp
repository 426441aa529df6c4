#include "grammar/unit_automaton.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <unordered_map>

#include "grammar/limits.h"
#include "grammar/rules.h"

namespace bitfleet::grammar {
namespace {

constexpr uint32_t start_node = 0;
constexpr uint32_t end_node = 1;

using Nodes = std::vector<uint32_t>;  // ascending

struct NodesHash {
  size_t operator()(const Nodes& nodes) const {
    uint64_t hash = nodes.size();
    for (uint32_t node : nodes) hash = (hash ^ node) * 0x9E3779B97F4A7C15u, hash ^= hash >> 29;
    return hash;
  }
};

// Edges by the node they leave, and what can be reached over empty ones.
class Reach {
 public:
  explicit Reach(const UnitNfa& nfa) : first_(nfa.nodes + 1, 0), edges_(nfa.edges.size()), seen_(nfa.nodes, 0) {
    for (const auto& edge : nfa.edges) ++first_[edge.from + 1];
    for (uint32_t node = 0; node < nfa.nodes; ++node) first_[node + 1] += first_[node];
    std::vector<uint32_t> at(first_.begin(), first_.end() - 1);
    for (const auto& edge : nfa.edges) edges_[at[edge.from]++] = &edge;
  }

  template <class Visit>
  void each_edge(uint32_t node, Visit&& visit) const {
    for (uint32_t i = first_[node]; i < first_[node + 1]; ++i) visit(*edges_[i]);
  }

  // Adds what empty edges lead to, and sorts. The edges looked at are taken off `work`.
  void close(Nodes& nodes, size_t& work) {
    ++stamp_;
    size_t kept = 0;
    for (uint32_t node : nodes) {
      if (seen_[node] == stamp_) continue;
      seen_[node] = stamp_;
      nodes[kept++] = node;
    }
    nodes.resize(kept);
    for (size_t i = 0; i < nodes.size(); ++i) {
      each_edge(nodes[i], [&](const UnitNfa::Edge& edge) {
        work -= std::min<size_t>(work, 1);
        if (edge.symbol != UnitNfa::Symbol::empty || seen_[edge.to] == stamp_) return;
        seen_[edge.to] = stamp_;
        nodes.push_back(edge.to);
      });
    }
    std::ranges::sort(nodes);
  }

 private:
  std::vector<uint32_t> first_;
  std::vector<const UnitNfa::Edge*> edges_;
  std::vector<uint32_t> seen_;
  uint32_t stamp_ = 0;
};

// The subset construction (Rabin and Scott 1959), with passages as symbols like bytes.
std::optional<UnitAutomaton> deterministic(Reach& reach, size_t& work) {
  UnitAutomaton unit;
  std::unordered_map<Nodes, uint32_t, NodesHash> known;
  std::vector<const Nodes*> members;
  const auto state_of = [&](Nodes nodes) {
    reach.close(nodes, work);
    const auto [found, fresh] = known.try_emplace(std::move(nodes), static_cast<uint32_t>(unit.states.size()));
    if (fresh) {
      members.push_back(&found->first);
      unit.states.emplace_back().accepting = std::ranges::binary_search(found->first, end_node);
    }
    return found->second;
  };
  state_of({start_node});
  std::vector<Nodes> targets;
  for (uint32_t s = 0; s < unit.states.size(); ++s) {
    if (work == 0 || unit.states.size() > most_states) return std::nullopt;
    const Nodes& nodes = *members[s];
    std::bitset<257> borders;
    std::vector<std::pair<Passage, uint32_t>> passages;
    for (uint32_t node : nodes) {
      reach.each_edge(node, [&](const UnitNfa::Edge& edge) {
        work -= std::min<size_t>(work, 1);
        if (edge.symbol == UnitNfa::Symbol::bytes) borders.set(edge.low), borders.set(edge.high + 1u);
        if (edge.symbol == UnitNfa::Symbol::passage) passages.emplace_back(edge.passage, edge.to);
      });
    }
    std::vector<uint32_t> cuts;
    std::array<uint16_t, 257> cut_at{};
    for (uint32_t byte = 0; byte <= 256; ++byte) {
      cut_at[byte] = static_cast<uint16_t>(cuts.size());
      if (borders[byte]) cuts.push_back(byte);
    }
    targets.assign(cuts.size(), {});
    for (uint32_t node : nodes) {
      reach.each_edge(node, [&](const UnitNfa::Edge& edge) {
        if (edge.symbol != UnitNfa::Symbol::bytes) return;
        for (size_t cut = cut_at[edge.low]; cuts[cut] <= edge.high; ++cut) {
          work -= std::min<size_t>(work, 1);
          targets[cut].push_back(edge.to);
        }
      });
    }
    for (size_t cut = 0; cut < cuts.size(); ++cut) {
      if (targets[cut].empty()) continue;
      const uint32_t target = state_of(std::move(targets[cut]));
      const auto low = static_cast<uint8_t>(cuts[cut]);
      const auto high = static_cast<uint8_t>(cuts[cut + 1] - 1);
      auto& bytes = unit.states[s].bytes;
      if (!bytes.empty() && bytes.back().target == target && bytes.back().high + 1 == low) bytes.back().high = high;
      else bytes.push_back({low, high, target});
    }
    std::ranges::sort(passages);
    for (size_t i = 0; i < passages.size();) {
      const Passage passage = passages[i].first;
      Nodes after;
      for (; i < passages.size() && passages[i].first == passage; ++i) after.push_back(passages[i].second);
      const uint32_t target = state_of(std::move(after));
      unit.states[s].passages.push_back({passage, target});
    }
  }
  return unit;
}

UnitAutomaton nondeterministic(Reach& reach, uint32_t nodes, size_t& work) {
  UnitAutomaton unit;
  unit.states.resize(nodes);
  if (nodes > most_states) throw GrammarError("the grammar is too large");
  size_t edges = 0;
  for (uint32_t node = 0; node < nodes; ++node) {
    Nodes closed = {node};
    reach.close(closed, work);
    if (work == 0) throw GrammarError("the grammar is too complex: its alternatives overlap too much");
    auto& state = unit.states[node];
    for (uint32_t member : closed) {
      state.accepting |= member == end_node;
      reach.each_edge(member, [&](const UnitNfa::Edge& edge) {
        if (edge.symbol == UnitNfa::Symbol::empty) return;
        work -= std::min<size_t>(work, 1);
        if (++edges > most_edges) throw GrammarError("the grammar is too complex: its alternatives overlap too much");
        if (edge.symbol == UnitNfa::Symbol::bytes) state.bytes.push_back({edge.low, edge.high, edge.to});
        else state.passages.push_back({edge.passage, edge.to});
      });
    }
    std::ranges::sort(state.bytes, {}, &ByteEdge::low);
  }
  return unit;
}

}  // namespace

UnitAutomaton without_empty_edges(const UnitNfa& nfa, size_t& work, size_t& closure_work) {
  Reach reach(nfa);
  auto unit = deterministic(reach, work);
  if (!unit) unit = nondeterministic(reach, nfa.nodes, closure_work);
  auto start = unit->states[unit->start];
  start.accepting = false;
  unit->start = static_cast<uint32_t>(unit->states.size());
  unit->states.push_back(std::move(start));
  return std::move(*unit);
}

}  // namespace bitfleet::grammar
