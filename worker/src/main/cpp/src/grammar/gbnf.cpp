#include "grammar/gbnf.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "grammar/limits.h"
#include "text/utf8.h"

namespace bitfleet::grammar {
namespace {

constexpr CodePoints surrogates{0xD800, 0xDFFF};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// Ascending and disjoint, surrogates cut out: no text holds them.
std::vector<CodePoints> normalized(std::vector<CodePoints> set) {
  std::ranges::sort(set, {}, &CodePoints::first);
  std::vector<CodePoints> merged;
  for (const CodePoints& range : set) {
    if (!merged.empty() && range.first <= merged.back().last + 1) merged.back().last = std::max(merged.back().last, range.last);
    else merged.push_back(range);
  }
  std::vector<CodePoints> out;
  for (const CodePoints& range : merged) {
    if (range.last < surrogates.first || range.first > surrogates.last) {
      out.push_back(range);
      continue;
    }
    if (range.first < surrogates.first) out.push_back({range.first, surrogates.first - 1});
    if (range.last > surrogates.last) out.push_back({surrogates.last + 1, range.last});
  }
  return out;
}

std::vector<CodePoints> complement(const std::vector<CodePoints>& set) {
  std::vector<CodePoints> out;
  uint32_t next = 0;
  for (const CodePoints& range : set) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= last_code_point) out.push_back({next, last_code_point});
  return normalized(std::move(out));
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Rules parse() {
    if (text_.size() > most_text_bytes) throw GrammarError("the grammar has " + std::to_string(text_.size()) + " bytes, more than " + std::to_string(most_text_bytes));
    skip_space(true);
    while (!at_end()) parse_rule();
    for (uint32_t rule = 0; rule < rules_.rules.size(); ++rule) {
      if (!defined_[rule]) fail("rule '" + rules_.rules[rule].name + "' is used but not defined", first_use_[rule]);
    }
    const auto root = names_.find("root");
    if (root == names_.end()) throw GrammarError("the grammar has no rule named root");
    rules_.root = root->second;
    return std::move(rules_);
  }

 private:
  [[noreturn]] void fail(const std::string& what, size_t at) const {
    const std::string_view before = text_.substr(0, at);
    const auto line = std::ranges::count(before, '\n') + 1;
    const size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
    size_t column = 1;                                   // in code points
    for (char c : before.substr(line_begin)) column += (c & 0xC0) != 0x80 ? 1 : 0;
    throw GrammarError("line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what);
  }
  [[noreturn]] void fail(const std::string& what) const { fail(what, at_); }

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void skip_space(bool lines) {
    while (!at_end()) {
      const char c = text_[at_];
      if (c == '#') {
        while (!at_end() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
      } else if (c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r'))) {
        ++at_;
      } else {
        break;
      }
    }
  }

  uint32_t add(Element element) {
    rules_.elements.push_back(std::move(element));
    return static_cast<uint32_t>(rules_.elements.size() - 1);
  }

  std::string_view parse_name() {
    const size_t begin = at_;
    while (is_name(peek())) ++at_;
    if (at_ == begin) fail("expected the name of a rule (letters, digits and '-')");
    return text_.substr(begin, at_ - begin);
  }

  uint32_t rule_named(std::string_view name, size_t at) {
    const auto [found, fresh] = names_.try_emplace(std::string(name), static_cast<uint32_t>(rules_.rules.size()));
    if (fresh) {
      if (rules_.rules.size() == most_rules) fail("more than " + std::to_string(most_rules) + " rules", at);
      rules_.rules.push_back({std::string(name), 0});
      defined_.push_back(false);
      first_use_.push_back(at);
    }
    return found->second;
  }

  void parse_rule() {
    const size_t begin = at_;
    const std::string_view name = parse_name();
    const uint32_t rule = rule_named(name, begin);
    if (defined_[rule]) fail("rule '" + std::string(name) + "' is defined twice", begin);
    skip_space(false);
    if (!text_.substr(at_).starts_with("::=")) fail("expected ::= after the rule name '" + std::string(name) + "'");
    at_ += 3;
    skip_space(true);
    const uint32_t body = parse_choice(0);
    rules_.rules[rule].body = body;
    defined_[rule] = true;
    if (!at_end() && peek() != '\n' && peek() != '\r') {
      fail(peek() == ')' ? "this parenthesis closes none" : "expected an element, | or the end of the line");
    }
    skip_space(true);
  }

  uint32_t parse_choice(uint32_t nesting) {
    Element choice;
    choice.kind = ElementKind::choice;
    choice.parts.push_back(parse_sequence(nesting));
    while (take('|')) {
      skip_space(true);
      choice.parts.push_back(parse_sequence(nesting));
    }
    return choice.parts.size() == 1 ? choice.parts.front() : add(std::move(choice));
  }

  uint32_t parse_sequence(uint32_t nesting) {
    Element sequence;
    uint32_t postfixes = 0;
    for (;;) {
      const char c = peek();
      if (!at_end() && (c == '*' || c == '+' || c == '?' || c == '{')) {
        if (sequence.parts.empty()) fail(std::string("nothing comes before this ") + c);
        if (nesting + ++postfixes > most_nesting) fail("repetitions are nested too deeply");
        parse_repetition(sequence.parts.back(), nesting > 0);
        continue;
      }
      postfixes = 0;
      if (at_end()) break;
      if (c == '"') {
        sequence.parts.push_back(parse_text());
      } else if (c == '[') {
        sequence.parts.push_back(parse_set());
      } else if (c == '.') {
        ++at_;
        sequence.parts.push_back(add({.kind = ElementKind::set, .text = {}, .set = complement({}), .parts = {}}));
      } else if (c == '(') {
        const size_t open = at_++;
        if (nesting + 1 > most_nesting) fail("parentheses are nested deeper than " + std::to_string(most_nesting), open);
        skip_space(true);
        sequence.parts.push_back(parse_choice(nesting + 1));
        if (!take(')')) fail(at_end() ? "this parenthesis is not closed" : "expected an element, | or )", at_end() ? open : at_);
      } else if (is_name(c)) {
        const size_t begin = at_;
        const uint32_t rule = rule_named(parse_name(), begin);
        sequence.parts.push_back(add({.kind = ElementKind::reference, .text = {}, .set = {}, .rule = rule, .parts = {}}));
      } else {
        break;
      }
      skip_space(nesting > 0);
    }
    return sequence.parts.size() == 1 ? sequence.parts.front() : add(std::move(sequence));
  }

  uint32_t parse_count() {
    const size_t begin = at_;
    uint64_t count = 0;
    while (peek() >= '0' && peek() <= '9') {
      count = count * 10 + static_cast<uint64_t>(peek() - '0');
      if (count > most_repetitions) fail("a repetition is bounded by " + std::to_string(most_repetitions), begin);
      ++at_;
    }
    if (at_ == begin) fail("expected a number");
    return static_cast<uint32_t>(count);
  }

  void parse_repetition(uint32_t& part, bool lines) {
    const size_t begin = at_;
    Element repeat{.kind = ElementKind::repeat, .text = {}, .set = {}, .parts = {part}, .least = 0, .most = unlimited};
    const char c = text_[at_++];
    if (c == '+') repeat.least = 1;
    if (c == '?') repeat.most = 1;
    if (c == '{') {
      skip_space(lines);
      repeat.least = repeat.most = parse_count();
      skip_space(lines);
      if (take(',')) {
        skip_space(lines);
        repeat.most = peek() == '}' ? unlimited : parse_count();
        skip_space(lines);
      }
      if (!take('}')) fail("expected }");
      if (repeat.most < repeat.least) fail("the bounds of this repetition are the wrong way round", begin);
    }
    skip_space(lines);
    part = add(std::move(repeat));
  }

  uint32_t parse_hex(size_t digits, size_t escape) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char c = peek();
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
      if (at_end() || digit < 0) fail("expected " + std::to_string(digits) + " hexadecimal digits", escape);
      value = value << 4 | static_cast<uint32_t>(digit);
      ++at_;
    }
    if (value > last_code_point) fail("there is no such code point", escape);
    return value;
  }

  // One code point, escaped or as it stands. Not at the end.
  uint32_t parse_character() {
    const size_t begin = at_;
    if (!take('\\')) {
      const Utf8Unit unit = read_utf8(text_.substr(at_));
      if (unit.kind != Utf8Unit::Kind::whole) fail("this is not UTF-8");
      at_ += unit.length;
      return unit.code_point;
    }
    if (at_end()) fail("the grammar ends inside an escape", begin);
    switch (const char c = text_[at_++]) {
      case 'x': return parse_hex(2, begin);
      case 'u': return parse_hex(4, begin);
      case 'U': return parse_hex(8, begin);
      case 't': return '\t';
      case 'r': return '\r';
      case 'n': return '\n';
      case '\\': case '"': case '[': case ']': return static_cast<uint32_t>(c);
      default: fail("unknown escape", begin);
    }
  }

  uint32_t parse_text() {
    const size_t begin = at_++;
    Element text{.kind = ElementKind::text, .text = {}, .set = {}, .parts = {}};
    while (!take('"')) {
      if (at_end()) fail("this text is not closed", begin);
      const size_t at = at_;
      const uint32_t code_point = parse_character();
      if (code_point >= surrogates.first && code_point <= surrogates.last) fail("a surrogate is no character", at);
      append_utf8(text.text, code_point);
    }
    return add(std::move(text));
  }

  uint32_t parse_set() {
    const size_t begin = at_++;
    const bool negated = take('^');
    std::vector<CodePoints> set;
    while (!take(']')) {
      if (at_end()) fail("this character set is not closed", begin);
      const size_t at = at_;
      CodePoints range{};
      range.first = range.last = parse_character();
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        ++at_;
        range.last = parse_character();
        if (range.last < range.first) fail("this range is the wrong way round", at);
      }
      set.push_back(range);
    }
    if (set.empty()) fail("this character set is empty", begin);
    set = normalized(std::move(set));
    if (negated) set = complement(set);
    if (set.empty()) fail("no character is in this set", begin);
    return add({.kind = ElementKind::set, .text = {}, .set = std::move(set), .parts = {}});
  }

  std::string_view text_;
  size_t at_ = 0;
  Rules rules_;
  std::unordered_map<std::string, uint32_t> names_;
  std::vector<bool> defined_;
  std::vector<size_t> first_use_;
};

}  // namespace

Rules parse_gbnf(std::string_view text) { return Parser(text).parse(); }

}  // namespace bitfleet::grammar
