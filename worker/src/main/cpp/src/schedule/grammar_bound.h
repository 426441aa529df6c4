#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "grammar/grammar_cursor.h"
#include "tokenizer/tokenizer.h"
#include "wire/messages.h"

namespace bitfleet {

// What a grammar means for one sequence: which tokens may be drawn next, and that the text is whole when the tokens run
// out. Far from the limit all that the grammar allows may be drawn. Near it, a token may be drawn only when what it
// begins can be completed with the tokens that are then left; a token drawn from all that the grammar allows is kept when
// it passes, so that the limit changes nothing before it has to.
//
// End tokens and the request's stop tokens are allowed exactly where the text is a sentence. Belongs to the step thread.
class GrammarBound {
 public:
  GrammarBound(std::shared_ptr<const grammar::CompiledGrammar> grammar, const Tokenizer& tokenizer,
               std::span<const uint32_t> stop_tokens, bool ignore_end_tokens, bool shortened = false);

  // Finds what may be drawn next, when `left` more tokens may follow it. Nothing, when the text is whole and no token says
  // so.
  void find_allowed(uint32_t left);
  bool nothing_allowed() const;

  // Of the last find_allowed(). `draw` takes the tokens to draw from and returns one of them, or nullopt. A token that can
  // be read in too many ways to see its end is drawn again; after some of them the text goes the shortest way on.
  template <class Draw>
  std::optional<uint32_t> choose(Draw&& draw) {
    for (int refused = 0;;) {
      auto token = draw(std::span<const uint64_t>(allowed_));
      if (limited_ && token && (within_limit_[*token / 64] >> (*token % 64) & 1) == 0) {
        shortened_ = true;
        token = draw(std::span<const uint64_t>(within_limit_));
      }
      if (!token || takes(*token)) return token;
      forbid(*token);
      if (++refused > most_refused) return std::nullopt;
      if (refused == most_refused || nothing_allowed()) {
        refused = most_refused;
        allow_completing_only();
      }
    }
  }
  // All that the grammar allows, whatever the limit: [vocabulary / 64, rounded up].
  std::span<const uint64_t> allowed() const { return allowed_; }

  // The text goes on with a token. A message when the grammar does not allow it, or a bound was reached.
  std::optional<std::string> push(uint32_t token);

  bool is_sentence() const { return cursor_.ended(); }
  bool can_go_on() const { return cursor_.can_go_on(); }
  bool was_sentence(size_t length) const { return cursor_.was_sentence(length); }

  // The limit has had a hand in the text. Which tokens were drawn does not tell, so whoever goes on with the text elsewhere
  // has to be told.
  bool shortened() const { return shortened_; }
  // Why a text that has ended of itself has done so: LENGTH when it was shortened.
  wire::FinishReason finish_reason() const { return shortened_ ? wire::FinishReason::length : wire::FinishReason::stop_token; }

 private:
  static constexpr int most_refused = 8;

  void allow(uint32_t token);
  void forbid(uint32_t token);
  void allow_completing();
  void allow_completing_only();
  bool takes(uint32_t token);

  grammar::GrammarCursor cursor_;
  const Tokenizer& tokenizer_;
  std::vector<uint32_t> ends_;            // tokens that end the text where it is a sentence
  std::vector<uint64_t> allowed_;         // [vocabulary / 64, rounded up]
  std::vector<uint64_t> within_limit_;    // likewise; of use when limited_
  bool limited_ = false;
  uint32_t left_ = 0;
  bool shortened_ = false;
};

}  // namespace bitfleet
