#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace bitfleet {
class Tokenizer;
}

namespace bitfleet::grammar {

// Bytes in 49 groups that grammars tend to treat alike: each mark of ASCII is one, all letters are four.
uint32_t byte_group(uint8_t byte);

// The tokens that may stand for text under a grammar, as a tree over their bytes, laid out in the order of a depth-first
// walk: the descendants of a node follow it, up to `skip`. Tokens of one text share a node. Immutable.
class TokenTrie {
 public:
  struct Node {
    uint64_t groups;     // byte groups that occur below the node
    uint32_t skip;       // the first node behind its descendants
    uint32_t tokens;     // its own tokens are ids()[tokens, tokens + own), those below it follow
    uint16_t own;
    uint16_t depth;      // bytes from the root; of the root's children 1
    uint8_t byte;        // the last of them
  };

  // Normal, user-defined and byte tokens of up to most_token_bytes bytes (and those of no type: text becomes them too).
  // Control tokens never: no text of a grammar steers the model.
  explicit TokenTrie(const Tokenizer& tokenizer);

  std::span<const Node> nodes() const { return nodes_; }     // the root is not among them: its first child is node 0
  std::span<const uint32_t> ids() const { return ids_; }
  uint32_t tokens_end(uint32_t node) const {                 // of all tokens at or below the node
    const uint32_t next = nodes_[node].skip;
    return next < nodes_.size() ? nodes_[next].tokens : static_cast<uint32_t>(ids_.size());
  }
  // The child of `node` by a byte, of the root when that is none; none when there is none.
  static constexpr uint32_t none = UINT32_MAX;
  uint32_t child(uint32_t node, uint8_t byte) const;
  bool spells(uint8_t byte) const { return spelled_[byte]; }  // a token is this byte alone
  // The first byte from this one up that is a token alone; only where there is one.
  uint8_t first_spelled(uint32_t byte) const {
    while (!spelled_[byte]) ++byte;
    return static_cast<uint8_t>(byte);
  }
  uint32_t vocabulary() const { return vocabulary_; }
  uint32_t longest() const { return longest_; }               // bytes of the longest token
  size_t resident_bytes() const { return nodes_.size() * sizeof(Node) + ids_.size() * sizeof(uint32_t); }

 private:
  std::vector<Node> nodes_;
  std::vector<uint32_t> ids_;
  std::array<bool, 256> spelled_{};
  std::array<uint32_t, 256> root_child_{};
  uint32_t vocabulary_ = 0;
  uint32_t longest_ = 0;
};

}  // namespace bitfleet::grammar
