#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

  // The text goes on with these bytes, of one token. False when no sentence does, or none that is followed: a text that
  // can be read in too many ways is read in some of them, which are the same whenever these tokens are pushed. The cursor
  // is then where it was.
  bool push(std::string_view bytes);

  // Whether push() would take these bytes and leave at most so many fewest_tokens(). True for every token that allow()
  // has allowed, but where there are too many ways to read it.
  bool takes(std::string_view bytes, Cost most_left);

  // A token that push() takes and that brings the end of the text nearer: one less is fewest_tokens() then. Nullopt when
  // nothing need follow.
  std::optional<uint32_t> completing_token();

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
  // What comes of reading a token.
  struct Step {
    std::string bytes;
    Reading reading;
    std::vector<bool> sentences;      // by byte: whether the text up to it is one
  };
  bool read(std::string_view bytes, Step& step);
  void read_narrowly(std::string_view bytes, Step& step);
  std::optional<Head> behind_cheapest(std::string_view bytes);
  void compact();

  std::shared_ptr<const CompiledGrammar> grammar_;
  Stacks stacks_;
  Reader reader_;
  Reading reading_;
  std::optional<Step> tried_;         // by takes()
  size_t length_ = 0;                 // bytes pushed
  std::vector<bool> sentences_;       // [remembered] ring: by length modulo its size
  size_t compact_at_ = 8192;          // stack nodes
};

}  // namespace bitfleet::grammar
