#include "grammar/compiled_grammar.h"

#include "grammar/gbnf.h"

namespace bitfleet::grammar {
namespace {

constexpr uint64_t warm_up_work = 1'500'000;  // tree nodes: some milliseconds

}  // namespace

CompiledGrammar::CompiledGrammar(std::string_view text, std::shared_ptr<const TokenTrie> trie)
    : trie_(std::move(trie)), automaton_(build_automaton(parse_gbnf(text))), cost_(automaton_, *trie_) {
  if (fewest_tokens() >= endless) throw GrammarError("no text of this grammar ends, or the model's tokens cannot spell one");
  masks_ = std::make_unique<Masks>(automaton_, cost_, *trie_);
  masks_->warm_up(warm_up_work);
}

}  // namespace bitfleet::grammar
