#include "grammar/grammar_library.h"

namespace bitfleet::grammar {

std::shared_ptr<const CompiledGrammar> GrammarLibrary::compiled(std::string_view text) {
  const auto found = by_text_.find(text);
  if (found != by_text_.end()) {
    kept_.splice(kept_.begin(), kept_, found->second);
    make_room();  // masks grow while they are used
    return kept_.front().grammar;
  }
  if (!trie_) trie_ = std::make_shared<const TokenTrie>(tokenizer_);
  auto grammar = std::make_shared<const CompiledGrammar>(text, trie_);
  kept_.push_front({std::string(text), grammar});
  by_text_.emplace(kept_.front().text, kept_.begin());
  make_room();
  return grammar;
}

void GrammarLibrary::make_room() {
  size_t bytes = 0;
  for (const Kept& kept : kept_) bytes += kept.grammar->resident_bytes() + kept.text.size();
  while (kept_.size() > 1 && (kept_.size() > most_grammars || bytes > most_bytes)) {
    bytes -= kept_.back().grammar->resident_bytes() + kept_.back().text.size();
    by_text_.erase(kept_.back().text);
    kept_.pop_back();
  }
}

}  // namespace bitfleet::grammar
