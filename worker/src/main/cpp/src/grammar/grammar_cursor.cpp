#include "grammar/grammar_cursor.h"

#include <algorithm>

namespace bitfleet::grammar {

GrammarCursor::GrammarCursor(std::shared_ptr<const CompiledGrammar> grammar)
    : grammar_(std::move(grammar)),
      stacks_(grammar_->automaton(), grammar_->cost()),
      reader_(grammar_->automaton(), grammar_->cost()),
      reading_(reader_.begin(stacks_)),
      sentences_(remembered, false) {
  sentences_[0] = reading_.ended;
}

bool GrammarCursor::push(std::string_view bytes) {
  for (char byte : bytes) {
    reading_ = reader_.step(reading_, static_cast<uint8_t>(byte), stacks_);
    ++length_;
    sentences_[length_ % remembered] = reading_.ended;
    if (!reading_.ended && reading_.heads.empty()) return false;
    if (stacks_.size() > compact_at_) compact();
  }
  return true;
}

Cost GrammarCursor::fewest_tokens() const {
  if (reading_.ended) return 0;
  Cost fewest = endless;
  for (const Head& head : reading_.heads) {
    fewest = std::min(fewest, sum(grammar_->cost().of_state(head.state), stacks_[head.stack].cost));
  }
  return fewest;
}

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
  for (Head& head : reading_.heads) {
    path.clear();
    uint32_t node = head.stack;
    for (; node != 0 && moved[node] == 0; node = stacks_[node].below) path.push_back(node);
    uint32_t below = moved[node];
    for (; !path.empty(); path.pop_back()) {
      const Stacks::Node& of = stacks_[path.back()];
      below = moved[path.back()] = kept.push(of.frame, of.count, below);
    }
    head.stack = below;
  }
  std::ranges::sort(reading_.heads);
  stacks_ = std::move(kept);
  compact_at_ = std::max<size_t>(8192, 2 * stacks_.size());
}

}  // namespace bitfleet::grammar
