#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/stop_matcher.h"
#include "text/utf8.h"

namespace bitfleet {

// Turns the tokens of one completion into pieces of text that are safe to send: whole UTF-8, and never a byte that may
// still belong to a stop string.
//
// A piece ends where a token ends, and its text is exactly that of its tokens. So whoever holds the tokens of the
// pieces so far holds the text as well, and a completion can go on elsewhere from the tokens alone without repeating
// or losing a byte.
class CompletionText {
 public:
  explicit CompletionText(std::vector<std::string> stops);

  struct Settled {
    std::string text;                   // whole UTF-8
    size_t tokens = 0;                  // how many tokens, in order, this text completes
    size_t cut = 0;                // bytes of the last of them that a stop has taken off
    std::optional<size_t> stop;         // index of the stop string that ended the completion
  };

  // One more token with the bytes it adds. With a stop, `text` is what comes before it and `tokens`
  // those that begin before it; tokens of the stop itself never come out.
  // `may_end` as in StopMatcher::push.
  Settled push(std::string_view bytes, const std::function<bool(size_t begin)>& may_end = {});

  // The completion has ended otherwise: everything held, with unfinished UTF-8 as U+FFFD.
  Settled finish();

  // What has been pushed so far was delivered elsewhere and will not come out again. A last character that is not whole
  // yet does come out if more tokens make it whole; if the completion ends there, its U+FFFD was delivered as well.
  void suppress();

 private:
  Settled release(size_t text_end, size_t tokens);

  std::vector<std::string> stops_;
  Utf8Holdback utf8_;
  StopMatcher matcher_;
  std::string held_;                 // text not yet released
  size_t released_ = 0;              // bytes of text before held_
  size_t suppressed_ = 0;            // bytes of text, from the start, that do not come out
  bool unfinished_suppressed_ = false;
  // For each token not yet released: the length of all text at its end, and whether its last bytes are in that text.
  struct TokenEnd {
    size_t text_end;
    bool whole;
  };
  std::deque<TokenEnd> ends_;
};

}  // namespace bitfleet
