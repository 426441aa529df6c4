#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

// A grammar as it is written, before anything is computed from it.
namespace bitfleet::grammar {

// What is wrong with a grammar, in a sentence for its author; names line and column where there is one.
class GrammarError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct CodePoints {
  uint32_t first;
  uint32_t last;  // inclusive
  bool operator==(const CodePoints&) const = default;
};

inline constexpr uint32_t last_code_point = 0x10FFFF;
inline constexpr uint32_t unlimited = UINT32_MAX;

enum class ElementKind : uint8_t { text, set, reference, sequence, choice, repeat };

// One node of a rule's body. Parts come before the elements they are part of.
struct Element {
  ElementKind kind = ElementKind::sequence;
  std::string text;              // text: UTF-8, may be empty
  std::vector<CodePoints> set;   // set: ascending, disjoint, not empty, without surrogates
  uint32_t rule = 0;             // reference
  std::vector<uint32_t> parts;   // sequence (of none: the empty text), choice; repeat: the one that is repeated
  uint32_t least = 0;            // repeat
  uint32_t most = 0;             // repeat; unlimited, or not below least
};

struct Rule {
  std::string name;
  uint32_t body = 0;             // element
};

struct Rules {
  std::vector<Element> elements;
  std::vector<Rule> rules;       // each defined once, every reference among them
  uint32_t root = 0;             // the rule of that name
};

}  // namespace bitfleet::grammar
