#pragma once

#include <cstdint>
#include <queue>
#include <vector>

namespace bitfleet {

// The one algorithm behind both tokenizers: symbols in a row; of all neighbouring pairs that may merge the best does,
// the leftmost of equals, until none may. A heap of candidate pairs, stale ones dropped when they surface, makes it
// O(n log n): a text of a million equal letters is no attack.
//
// `Key` orders the pairs, smaller is better. `try_merge(left, right)` gives optional<pair<Key, Symbol>>: the key of
// the pair and the symbol it becomes. `symbols` is replaced by what is left.
template <class Key, class Symbol, class TryMerge>
void merge_symbols(std::vector<Symbol>& symbols, TryMerge&& try_merge) {
  struct Node {
    Symbol symbol;
    int32_t previous;
    int32_t next;
    uint32_t version;  // grows when the symbol changes; a dead node has the version `dead`
  };
  struct Candidate {
    Key key;
    int32_t left;
    int32_t right;
    uint32_t left_version;
    uint32_t right_version;
    Symbol merged;
    bool operator<(const Candidate& than) const {  // std::priority_queue pops the greatest
      if (than.key < key) return true;
      if (key < than.key) return false;
      return left > than.left;
    }
  };
  constexpr uint32_t dead = 0xFFFFFFFF;

  const auto count = static_cast<int32_t>(symbols.size());
  std::vector<Node> nodes;
  nodes.reserve(symbols.size());
  for (int32_t i = 0; i < count; ++i) nodes.push_back({symbols[static_cast<size_t>(i)], i - 1, i + 1 < count ? i + 1 : -1, 0});
  std::priority_queue<Candidate> queue;
  const auto at = [&](int32_t i) -> Node& { return nodes[static_cast<size_t>(i)]; };
  const auto consider = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return;
    if (auto merge = try_merge(at(left).symbol, at(right).symbol)) {
      queue.push({merge->first, left, right, at(left).version, at(right).version, merge->second});
    }
  };
  for (int32_t i = 1; i < count; ++i) consider(i - 1, i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Node& left = at(best.left);
    Node& right = at(best.right);
    if (left.version != best.left_version || right.version != best.right_version) continue;
    left.symbol = best.merged;
    ++left.version;
    right.version = dead;
    left.next = right.next;
    if (right.next >= 0) at(right.next).previous = best.left;
    consider(left.previous, best.left);
    consider(best.left, left.next);
  }
  size_t kept = 0;
  for (int32_t i = count > 0 ? 0 : -1; i >= 0; i = at(i).next) symbols[kept++] = at(i).symbol;
  symbols.resize(kept);
}

}  // namespace bitfleet
