#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/compiled_grammar.h"

namespace bitfleet::grammar {

// How far one text has come under its grammar. The text is given token by token; characters may be split over tokens.
class GrammarCursor {
 public:
  explicit GrammarCursor(std::shared_ptr<const CompiledGrammar> grammar);

  // The text goes on with these bytes. False when no sentence does, and then the cursor is of no more use. Throws
  // GrammarExhausted.
  bool push(std::string_view bytes);

  bool ended() const { return reading_.ended; }                  // the text is a sentence
  bool can_go_on() const { return !reading_.heads.empty(); }     // it is the beginning of a longer one
  Cost fewest_tokens() const;                                    // that make it a sentence

  // Whether the text's first `length` bytes were a sentence; of the last `remembered` bytes, false before them.
  static constexpr size_t remembered = 2048;
  bool was_sentence(size_t length) const;

  // As Masks::allow; for the step thread.
  Masks::Allowed allow(Cost left, std::span<uint64_t> mask);

  const CompiledGrammar& grammar() const { return *grammar_; }

 private:
  void compact();

  std::shared_ptr<const CompiledGrammar> grammar_;
  Stacks stacks_;
  Reader reader_;
  Reading reading_;
  size_t length_ = 0;                 // bytes pushed
  std::vector<bool> sentences_;       // [remembered] ring: by length modulo its size
  size_t compact_at_ = 8192;          // stack nodes
};

}  // namespace bitfleet::grammar
