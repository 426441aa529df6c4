#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bitfleet {

struct Vocabulary;

// Finds the vocabulary's user_defined tokens in text, which are taken as they stand before anything else is done (runs
// of spaces, tags like <tool_call>). They are text like any other: what a model must not be told by a user has the
// type control, and Vocabulary sees to that.
//
// The leftmost match wins, and of those that begin there the longest, as in Hugging Face's tokenizers. Immutable.
class UserDefinedTokens {
 public:
  UserDefinedTokens(const Vocabulary& vocabulary, std::vector<std::string>& assumptions);

  // Calls exactly one of the two for each stretch of `text`, in order. Stretches of text are not empty.
  void split(std::string_view text, const std::function<void(std::string_view)>& on_text,
             const std::function<void(uint32_t)>& on_token) const;

  bool empty() const { return token_of_node_.size() <= 1; }

 private:
  static constexpr uint32_t no_token = 0xFFFFFFFF;
  std::unordered_map<uint64_t, uint32_t> children_;    // node << 8 | byte -> node; 0 is the root
  std::vector<uint32_t> token_of_node_{no_token};
};

}  // namespace bitfleet
