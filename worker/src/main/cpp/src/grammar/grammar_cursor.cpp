#include "grammar/grammar_cursor.h"

#include <algorithm>

#include "grammar/limits.h"

namespace bitfleet::grammar {

GrammarCursor::GrammarCursor(std::shared_ptr<const CompiledGrammar> grammar)
    : grammar_(std::move(grammar)),
      stacks_(grammar_->automaton(), grammar_->cost()),
      reader_(grammar_->automaton(), grammar_->cost()),
      sentences_(remembered, false) {
  auto all = reader_.begin(stacks_);
  if (all) reader_.narrow(*all, most_heads, stacks_);
  reading_ = all ? std::move(*all) : reader_.begin_narrowly(most_heads, stacks_);
  sentences_[0] = reading_.ended;
}

bool GrammarCursor::push(std::string_view bytes) {
  Step step;
  if (tried_ && tried_->bytes == bytes) step = std::move(*tried_);
  else if (!read(bytes, step)) return false;
  tried_.reset();
  for (const bool sentence : step.sentences) sentences_[++length_ % remembered] = sentence;
  reading_ = std::move(step.reading);
  if (stacks_.size() > compact_at_) compact();
  return true;
}

bool GrammarCursor::takes(std::string_view bytes, Cost most_left) {
  tried_.emplace();
  if (read(bytes, *tried_) && tried_->reading.cost <= most_left) return true;
  tried_.reset();
  return false;
}

bool GrammarCursor::read(std::string_view bytes, Step& step) {
  step.bytes = bytes;
  step.reading = reading_;
  const uint64_t before = reader_.work();
  for (char byte : bytes) {
    auto all = reader_.step(step.reading, static_cast<uint8_t>(byte), stacks_);
    if (!all || reader_.work() - before > most_push_work) {
      read_narrowly(bytes, step);
      break;
    }
    step.reading = std::move(*all);
    if (step.reading.dead()) return false;
    step.sentences.push_back(step.reading.ended);
  }
  if (step.reading.heads.size() > most_heads) reader_.narrow(step.reading, most_heads, stacks_);
  return !step.reading.dead();
}

void GrammarCursor::read_narrowly(std::string_view bytes, Step& step) {
  const auto cheapest = behind_cheapest(bytes);
  step.reading = reading_;
  step.sentences.clear();
  reader_.narrow(step.reading, most_narrow_heads, stacks_);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto also = i + 1 == bytes.size() ? cheapest : std::nullopt;
    step.reading = reader_.step_narrowly(step.reading, static_cast<uint8_t>(bytes[i]), also, most_narrow_heads, stacks_);
    step.sentences.push_back(step.reading.ended);
  }
}

// Where the cheapest way to complete the text is behind these bytes, when they are its first.
std::optional<Head> GrammarCursor::behind_cheapest(std::string_view bytes) {
  if (reading_.ended) return std::nullopt;
  const Automaton& automaton = grammar_->automaton();
  Head at = reading_.cheapest;
  for (char byte : bytes) {
    const auto head = reader_.waiting(at, stacks_);
    if (!head) return std::nullopt;
    const ByteEdge& edge = automaton.bytes[grammar_->cost().step_of(head->state).edge];
    if (grammar_->trie().first_spelled(edge.low) != static_cast<uint8_t>(byte)) return std::nullopt;
    at = {edge.target, head->stack};
  }
  return at;
}

std::optional<uint32_t> GrammarCursor::completing_token() {
  if (reading_.ended) return std::nullopt;
  const Automaton& automaton = grammar_->automaton();
  const CompletionCost& cost = grammar_->cost();
  const TokenTrie& trie = grammar_->trie();
  std::optional<uint32_t> token;
  Cost fewest = endless;
  uint32_t node = TokenTrie::none;
  for (Head at = reading_.cheapest;;) {
    const auto head = reader_.waiting(at, stacks_);
    if (!head) return token;
    const ByteEdge& edge = automaton.bytes[cost.step_of(head->state).edge];
    node = trie.child(node, trie.first_spelled(edge.low));
    if (node == TokenTrie::none) return token;
    at = {edge.target, head->stack};
    const Cost left = sum(cost.of_state(at.state), stacks_[at.stack].cost);
    if (trie.nodes()[node].own == 0 || left >= fewest) continue;
    fewest = left;
    token = trie.ids()[trie.nodes()[node].tokens];
  }
}

Cost GrammarCursor::fewest_tokens() const { return reading_.cost; }

bool GrammarCursor::was_sentence(size_t length) const {
  return length <= length_ && length_ - length < remembered && sentences_[length % remembered];
}

Masks::Allowed GrammarCursor::allow(Cost left, std::span<uint64_t> mask) {
  return grammar_->masks().allow(reading_, stacks_, left, mask);
}

// Keeps the stacks in use alone. What they are is the same, so nothing but memory depends on when it happens.
void GrammarCursor::compact() {
  Stacks kept(grammar_->automaton(), grammar_->cost());
  std::vector<uint32_t> moved(stacks_.size(), 0);
  std::vector<uint32_t> path;
  const auto move = [&](Head& head) {
    path.clear();
    uint32_t node = head.stack;
    for (; node != 0 && moved[node] == 0; node = stacks_[node].below) path.push_back(node);
    uint32_t below = moved[node];
    for (; !path.empty(); path.pop_back()) {
      const Stacks::Node& of = stacks_[path.back()];
      below = moved[path.back()] = kept.push(of.frame, of.count, below);
    }
    head.stack = below;
  };
  for (Head& head : reading_.heads) move(head);
  if (!reading_.ended && reading_.cost < endless) move(reading_.cheapest);
  std::ranges::sort(reading_.heads);
  stacks_ = std::move(kept);
  compact_at_ = std::max<size_t>(8192, 2 * stacks_.size());
}

}  // namespace bitfleet::grammar
