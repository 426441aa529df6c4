#include "grammar/masks.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "grammar/limits.h"

namespace bitfleet::grammar {
namespace {

constexpr size_t exact_groups = 8;   // the cheapest costs are kept apart, dearer ones are rounded up
constexpr size_t most_groups = 16;

}  // namespace

Masks::Masks(const Automaton& automaton, const CompletionCost& cost, const TokenTrie& trie, Budget budget)
    : automaton_(&automaton), cost_(&cost), trie_(&trie), walker_(automaton, cost), path_(trie.longest() + 1), budget_(budget) {}

std::vector<uint32_t>& Masks::Found::at(Cost cost) {
  for (auto& [known, list] : ids) {
    if (known == cost) return list;
  }
  return ids.emplace_back(cost, std::vector<uint32_t>()).second;
}

// What the token tree's node means in this state of the walker; true when its descendants are to be looked at.
bool Masks::visit(uint32_t index, uint32_t state, Found& found) {
  const TokenTrie::Node& node = trie_->nodes()[index];
  ++found_work_;
  const auto ids = trie_->ids();
  if (!walker_.ended(state) && node.groups != 0 && (node.groups & ~walker_.loops(state)) == 0) {
    const uint32_t end = trie_->tokens_end(index);
    auto& list = found.at(walker_.cost(state));
    list.insert(list.end(), ids.begin() + node.tokens, ids.begin() + end);
    found_work_ += (end - node.tokens) / 16;
    return false;
  }
  if (node.own > 0) {
    auto& list = found.at(walker_.cost(state));
    for (uint32_t i = 0; i < node.own; ++i) list.push_back(ids[node.tokens + i]);
  }
  if (walker_.ended(state) && node.skip > index + 1) found.escapes.push_back(index);
  return walker_.goes_on(state);
}

// The node and what is below it; `state` has read the node's byte.
void Masks::walk(uint32_t index, uint32_t state, Found& found) {
  if (state == Walker::dead || !visit(index, state, found)) return;
  const auto nodes = trie_->nodes();
  path_[nodes[index].depth] = state;
  const uint32_t end = nodes[index].skip;
  uint32_t since_check = 0;
  for (uint32_t i = index + 1; i < end;) {
    if ((++since_check & 255) == 0 && spent()) return;
    const TokenTrie::Node& node = nodes[i];
    const uint32_t next = walker_.next(path_[node.depth - 1u], node.byte);
    if (next != Walker::dead && visit(i, next, found)) {
      path_[node.depth] = next;
      ++i;
    } else {
      ++found_work_;
      i = node.skip;
    }
  }
}

void Masks::settle(Found found, uint32_t unit, Place& place) {
  std::ranges::sort(found.ids, {}, [](const auto& entry) { return entry.first; });
  // Rounding up is safe: a set is then left out a little early. The cheapest stay as they are, so that there is always a
  // token that brings the end nearer.
  while (found.ids.size() > most_groups) {
    std::vector<std::pair<Cost, std::vector<uint32_t>>> merged;
    for (size_t i = 0; i < found.ids.size(); ++i) {
      if (i < exact_groups || (i - exact_groups) % 2 == 0 || i + 1 > found.ids.size()) {
        merged.push_back(std::move(found.ids[i]));
        continue;
      }
      auto& into = merged.back();
      into.first = found.ids[i].first;
      into.second.insert(into.second.end(), found.ids[i].second.begin(), found.ids[i].second.end());
    }
    found.ids = std::move(merged);
  }
  const size_t words = (size_t{trie_->vocabulary()} + 63) / 64;
  found_work_ += found.ids.size() * (words / 16 + 1) + 8 * found.escapes.size();
  for (auto& [cost, ids] : found.ids) {
    Group group{cost, {}};
    if (ids.size() * sizeof(uint32_t) > words * sizeof(uint64_t)) {
      group.tokens.bits.assign(words, 0);
      for (uint32_t id : ids) group.tokens.bits[id / 64] |= uint64_t{1} << (id % 64);
    } else {
      group.tokens.ids.assign(ids.begin(), ids.end());
    }
    place_bytes_ += group.tokens.bits.size() * sizeof(uint64_t) + group.tokens.ids.size() * sizeof(uint32_t) + sizeof(Group);
    place.groups.push_back(std::move(group));
  }
  place_bytes_ += sizeof(Place) + 64;

  // Of the escapes only what can follow the rule anywhere is kept.
  const auto nodes = trie_->nodes();
  const ByteSet& follow = automaton_->follow[unit];
  std::ranges::sort(found.escapes);
  found.escapes.erase(std::unique(found.escapes.begin(), found.escapes.end()), found.escapes.end());
  std::array<uint32_t, 257> begins{};
  const auto each_child = [&](auto&& take) {
    for (uint32_t escape : found.escapes) {
      for (uint32_t child = escape + 1; child < nodes[escape].skip; child = nodes[child].skip) {
        ++found_work_;
        if (follow.contains(nodes[child].byte)) take(child);
      }
    }
  };
  each_child([&](uint32_t child) { ++begins[nodes[child].byte + 1u]; });
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  if (begins[256] == 0) return account(place);
  auto escapes = std::make_shared<Escapes>();
  for (uint32_t byte = 0; byte < 256; ++byte) {
    if (begins[byte] != begins[byte + 1]) escapes->begins.emplace_back(static_cast<uint8_t>(byte), begins[byte]);
  }
  escapes->nodes.resize(begins[256]);
  each_child([&](uint32_t child) { escapes->nodes[begins[nodes[child].byte]++] = child; });
  place_bytes_ += escapes->nodes.size() * sizeof(uint32_t) + sizeof(Escapes);
  place.escapes.push_back(std::move(escapes));
  account(place);
}

void Masks::account(Place& place) {
  place.work = place_work();
  work_ += place.work;
}

Masks::Place* Masks::place_of(uint32_t state, uint64_t most) {
  auto& known = places_[state];
  if (known) return known.get();
  ++walks_;
  auto place = std::make_unique<Place>();
  Found found;
  walker_.begin_place();
  found_work_ = 0;
  const uint32_t start = walker_.waiting_in(state);
  const auto nodes = trie_->nodes();
  for (uint32_t node = 0; node < nodes.size() && !spent(); node = nodes[node].skip) {
    if (place_work() > most) {
      work_ += place_work();
      return nullptr;
    }
    walk(node, walker_.next(start, nodes[node].byte), found);
  }
  settle(std::move(found), automaton_->states[state].unit, *place);
  known = std::move(place);
  return known.get();
}

Masks::Place& Masks::place_below(Place& above, uint32_t frame, uint32_t count) {
  auto& known = above.below[uint64_t{frame} << 32 | count];
  if (known) return *known;
  ++walks_;
  auto place = std::make_unique<Place>();
  Found found;
  walker_.begin_place();
  found_work_ = 0;
  const uint32_t start = walker_.coming_back_to(frame, count);
  for (const auto& escapes : above.escapes) {
    for (size_t i = 0; i < escapes->begins.size(); ++i) {
      const auto [byte, begin] = escapes->begins[i];
      const size_t end = i + 1 < escapes->begins.size() ? escapes->begins[i + 1].second : escapes->nodes.size();
      const uint32_t next = walker_.next(start, byte);
      ++found_work_;
      if (next == Walker::dead) continue;
      for (size_t n = begin; n < end && !spent(); ++n) walk(escapes->nodes[n], next, found);
    }
  }
  if (walker_.ended(start)) place->escapes = above.escapes;
  const uint32_t state = automaton_->is_loop(frame) ? automaton_->loop(frame).exit : frame;
  settle(std::move(found), automaton_->states[state].unit, *place);
  known = std::move(place);
  return *known;
}

// Rounds of a loop that lie further than a token reaches from where its bounds begin to matter are all alike, but for
// the rounds that are still owed.
Masks::Round Masks::representative(uint32_t frame, uint32_t count) const {
  if (!automaton_->is_loop(frame)) return {count, 0};
  const Automaton::Loop& loop = automaton_->loop(frame);
  const uint32_t reach = trie_->longest() + 2;
  if (loop.least > reach && count < loop.least - reach) {
    const uint32_t like = loop.least - reach - 1;
    return {like, times(like - count, cost_->of_loop_body(frame))};
  }
  if (loop.most != unlimited && count >= loop.least && loop.most > reach && count < loop.most - reach) return {loop.least, 0};
  return {count, 0};
}

bool Masks::add(Place& place, Cost below, Cost left, std::span<uint64_t> mask) const {
  // Another head may have asked the same: what lies deeper adds nothing.
  if (place.asked_below <= below) return false;
  place.asked_below = below;
  for (const Group& group : place.groups) {
    if (sum(group.cost, below) > left) return true;
    for (size_t word = 0; word < group.tokens.bits.size(); ++word) mask[word] |= group.tokens.bits[word];
    for (uint32_t id : group.tokens.ids) mask[id / 64] |= uint64_t{1} << (id % 64);
  }
  return false;
}

// Each place is paid for once a token, as if it had to be found.
bool Masks::asked_enough(Place& place, uint64_t& spent) const {
  if (place.asked != lookups_) {
    place.asked = lookups_;
    place.asked_below = endless;
    spent += place.work;
  }
  return ++spent > budget_.token;
}

Masks::Allowed Masks::allow(const Reading& reading, const Stacks& stacks, Cost left, std::span<uint64_t> mask) {
  left = std::min(left, endless - 1);
  ++lookups_;
  if (place_bytes_ + walker_.resident_bytes() > most_mask_bytes) {
    places_.clear();
    place_bytes_ = 0;
  }
  Allowed allowed;
  uint64_t spent = 0;
  for (const Head& head : in_order(reading.heads, *cost_, stacks)) {
    Place* place = place_of(head.state);
    uint32_t stack = head.stack;
    bool enough = asked_enough(*place, spent);
    allowed.limited |= add(*place, stacks[stack].cost, left, mask);
    while (!enough && !place->escapes.empty() && stack != 0) {
      const Stacks::Node& top = stacks[stack];
      const Round round = representative(top.frame, top.count);
      place = &place_below(*place, top.frame, round.count);
      stack = top.below;
      enough = asked_enough(*place, spent);
      allowed.limited |= add(*place, sum(round.extra, stacks[stack].cost), left, mask);
    }
    if (enough) break;
  }
  bytes_.store(place_bytes_ + walker_.resident_bytes(), std::memory_order_relaxed);
  return allowed;
}

void Masks::warm_up(uint64_t work_allowed) {
  // States that take many bytes let much of the vocabulary pass, and cost the most.
  constexpr uint32_t many = 65;
  const uint64_t end = work_ + work_allowed;
  for (uint32_t state = 0; state < automaton_->size() && work_ < end; ++state) {
    uint32_t taken = 0;
    for (const ByteEdge& edge : automaton_->bytes_of(state)) taken += edge.high - edge.low + 1u;
    if (taken >= many) place_of(state, end - work_);
  }
  bytes_.store(place_bytes_ + walker_.resident_bytes(), std::memory_order_relaxed);
}

}  // namespace bitfleet::grammar
