#include <string>

#include "check.h"
#include "grammar/automaton.h"
#include "grammar/byte_ranges.h"
#include "grammar/gbnf.h"
#include "grammar/limits.h"
#include "grammar_fixtures.h"
#include "grammar_reference.h"

using namespace bitfleet;
using namespace bitfleet::testing;
using grammar::GrammarError;
using grammar::parse_gbnf;

namespace {

std::string error_of(const std::string& text) {
  try {
    grammar::build_automaton(parse_gbnf(text));
  } catch (const GrammarError& error) {
    return error.what();
  }
  return "none";
}

bool matches(const std::string& grammar_text, const std::string& text) {
  const auto rules = parse_gbnf(grammar_text);
  return GrammarReference(rules).read(text).sentence;
}

std::string repeated(const std::string& text, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST(a_grammar_of_every_construct_reads_as_llama_cpp_reads_it) {
  CHECK_EQUAL(7u, parse_gbnf(json_grammar).rules.size());
  CHECK(matches(json_grammar, "{\"a\": [1, -2.5e+3, \"\\u00e9\"], \"b\":{}}"));
  CHECK(!matches(json_grammar, "{\"a\": [1, ]}"));
  CHECK(matches("root ::= \"a\"\n  # comment\nb ::= \"c\"", "a"));
  CHECK(matches("root ::= # comment\n  \"a\" |\n \"b\"\n", "b"));
  CHECK(matches("root ::= (\n \"a\"\n \"b\" # x\n)", "ab"));
  CHECK(matches("root ::= \"ab\"*", "ababab"));  // a repetition takes the whole text
  CHECK(!matches("root ::= \"ab\"*", "abb"));
  CHECK(matches("root ::= [a-c-]+", "a-b-c"));   // the last - stands for itself
  CHECK(matches("root ::= [\\]\\[\\\\\\x41\\u00e9\\U0001F642\\t\\r\\n\\\"]{9}", "][\\Aé🙂\t\r\n"));
  CHECK(matches("root ::= [^a]", "é") && !matches("root ::= [^a]", "a"));
  CHECK(matches("root ::= .{2}", "é\n"));
  CHECK(matches("root ::= \"a\"{2}", "aa") && !matches("root ::= \"a\"{2}", "aaa"));
  CHECK(matches("root ::= \"a\"{2,}", "aaaa") && !matches("root ::= \"a\"{2,}", "a"));
  CHECK(matches("root ::= \"a\"{ 1 , 2 }", "aa") && !matches("root ::= \"a\"{1,2}", "aaa"));
  CHECK(matches("root ::= \"a\"{0}", "") && !matches("root ::= \"a\"{0}", "a"));
  CHECK(matches("root ::= \"a\"?+ \"b\"", "aab"));
  CHECK(matches("root ::= | \"a\"", "") && matches("root ::= \"a\" |", ""));
  CHECK(matches("root ::= ()", ""));
  CHECK(matches("root ::= \"\\x41\\u0042\\xe9\"", "ABé"));
  CHECK(matches("a-1 ::= \"x\"\r\nroot ::= a-1 a-1", "xx"));
}

TEST(what_is_wrong_is_named_with_line_and_column) {
  CHECK_EQUAL(std::string("the grammar has no rule named root"), error_of("a ::= \"x\""));
  CHECK_EQUAL(std::string("the grammar has no rule named root"), error_of(""));
  CHECK_EQUAL(std::string("line 1, column 10: rule 'b' is used but not defined"), error_of("root ::= b"));
  CHECK_EQUAL(std::string("line 2, column 1: rule 'root' is defined twice"), error_of("root ::= \"a\"\nroot ::= \"b\""));
  CHECK_EQUAL(std::string("line 1, column 6: expected ::= after the rule name 'root'"), error_of("root = \"a\""));
  CHECK_EQUAL(std::string("line 1, column 1: expected the name of a rule (letters, digits and '-')"), error_of("::= \"a\""));
  CHECK_EQUAL(std::string("line 1, column 10: this text is not closed"), error_of("root ::= \"abc"));
  CHECK_EQUAL(std::string("line 1, column 10: this character set is not closed"), error_of("root ::= [abc"));
  CHECK_EQUAL(std::string("line 1, column 10: this character set is empty"), error_of("root ::= []"));
  CHECK_EQUAL(std::string("line 1, column 11: this range is the wrong way round"), error_of("root ::= [z-a]"));
  CHECK_EQUAL(std::string("line 1, column 10: this parenthesis is not closed"), error_of("root ::= (\"a\""));
  CHECK_EQUAL(std::string("line 1, column 13: this parenthesis closes none"), error_of("root ::= \"a\")"));
  CHECK_EQUAL(std::string("line 1, column 10: nothing comes before this *"), error_of("root ::= *"));
  CHECK_EQUAL(std::string("line 2, column 8: unknown escape"), error_of("root ::= a\na ::= \"\\q\""));
  CHECK_EQUAL(std::string("line 1, column 12: unknown escape"), error_of("root ::= \"é\\q\""));  // columns count characters
  CHECK_EQUAL(std::string("line 1, column 11: expected 4 hexadecimal digits"), error_of("root ::= [\\u12]"));
  CHECK_EQUAL(std::string("line 1, column 11: there is no such code point"), error_of("root ::= \"\\U00110000\""));
  CHECK_EQUAL(std::string("line 1, column 11: a surrogate is no character"), error_of("root ::= \"\\uD800\""));
  CHECK_EQUAL(std::string("line 1, column 10: no character is in this set"), error_of("root ::= [\\uD800-\\uDFFF]"));
  CHECK_EQUAL(std::string("line 1, column 14: expected a number"), error_of("root ::= \"a\"{,2}"));
  CHECK_EQUAL(std::string("line 1, column 13: the bounds of this repetition are the wrong way round"), error_of("root ::= \"a\"{3,2}"));
  CHECK_EQUAL(std::string("line 1, column 14: a repetition is bounded by 1000000000"), error_of("root ::= \"a\"{1000000001}"));
  CHECK_EQUAL(std::string("line 1, column 14: a repetition is bounded by 1000000000"), error_of("root ::= \"a\"{99999999999999999999}"));
  CHECK_EQUAL(std::string("line 1, column 14: expected an element, | or the end of the line"), error_of("root ::= \"a\" % \"b\""));
  CHECK_EQUAL(std::string("line 1, column 12: the grammar ends inside an escape"), error_of("root ::= \"a\\"));
}

TEST(left_recursion_is_refused_and_shown) {
  CHECK_EQUAL(std::string("left recursion: root -> root"), error_of("root ::= root \"a\" | \"b\""));
  CHECK_EQUAL(std::string("left recursion: a -> b -> a"), error_of("root ::= a\na ::= \"x\"? b\nb ::= e a \"y\" | \"z\"\ne ::= \"\" | \"q\"*"));
  CHECK_EQUAL(std::string("left recursion: root -> root"), error_of("root ::= (root){3} | \"a\""));
  CHECK_EQUAL(std::string("left recursion: a -> a"), error_of("root ::= \"x\"\na ::= a"));
  CHECK_EQUAL(std::string("none"), error_of("root ::= \"a\" root | \"b\""));
}

TEST(hostile_grammars_are_refused_or_compiled_with_bounded_work) {
  const std::string open(grammar::most_nesting + 1, '(');
  CHECK(error_of("root ::= " + open + "\"a\"").find("nested deeper than 128") != std::string::npos);
  CHECK(error_of("root ::= \"a\"" + std::string(grammar::most_nesting + 1, '*')).find("nested too deeply") != std::string::npos);
  CHECK(error_of("root ::= " + std::string(grammar::most_nesting, '(') + "\"a\"" + std::string(grammar::most_nesting, ')')) == "none");
  CHECK(error_of(std::string(grammar::most_text_bytes + 1, ' ')).find("more than 262144") != std::string::npos);
  std::string rules = "root ::= \"a\"\n";
  for (size_t i = 0; i <= grammar::most_rules; ++i) rules += "r" + std::to_string(i) + "::=\"\"\n";
  CHECK(error_of(rules).find("more than 16384 rules") != std::string::npos);
  // A chain of rules as long as it may be, called and inlined, nullable to its end.
  std::string chain = "root ::= r0\n";
  const size_t links = 7000;
  for (size_t i = 0; i < links; ++i) chain += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " \"a\"?\n";
  CHECK_EQUAL(std::string("none"), error_of(chain + "r" + std::to_string(links) + " ::= \"b\"?\n"));
  // Repetitions of repetitions are counted, not written out.
  CHECK_EQUAL(std::string("none"), error_of("root ::= ((((\"a\"{1000}){1000}){1000}){1000}){1000}"));
  CHECK_EQUAL(std::string("none"), error_of("root ::= ((((\"a\"*)*)*)*)* (\"\"*)*"));
  // Deterministic it would have 2^60 states.
  CHECK_EQUAL(std::string("none"), error_of("root ::= [ab]* \"a\" " + repeated("[ab] ", 60)));
  // Small rules, copied into each other until they are no longer small.
  std::string doubling = "root ::= r0\n";
  for (int i = 0; i < 40; ++i) doubling += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " r" + std::to_string(i + 1) + "\n";
  CHECK_EQUAL(std::string("none"), error_of(doubling + "r40 ::= \"a\" | \"b\"\n"));
  CHECK_EQUAL(std::string("none"), error_of("root ::= \"" + std::string(200'000, 'x') + "\""));
  CHECK(error_of("root ::= " + repeated("a ", 100'000) + "\na ::= \"0123456789abcdef\"").find("too large") != std::string::npos);
}

TEST(characters_become_disjoint_byte_ranges_of_utf8) {
  const std::vector<grammar::CodePoints> sets[] = {
      {{0, 0x7F}}, {{0x80, 0x7FF}}, {{0, 0xD7FF}, {0xE000, 0x10FFFF}}, {{0x7E, 0x81}}, {{0x3FF, 0x1001}}, {{0xFFF0, 0x10010}}, {{0x1F642, 0x1F642}, {0x20000, 0x3FFFF}}};
  for (const auto& set : sets) {
    const auto all = grammar::utf8_ranges(set);
    uint64_t covered = 0;
    uint64_t wanted = 0;
    for (const auto& range : set) wanted += range.last - range.first + 1;
    for (const auto& ranges : all) {
      uint64_t texts = 1;
      for (uint32_t i = 0; i < ranges.length; ++i) texts *= static_cast<uint64_t>(ranges.high[i] - ranges.low[i] + 1);
      covered += texts;
    }
    CHECK_EQUAL(wanted, covered);
    for (uint32_t probe = 0; probe <= grammar::last_code_point; probe += 7) {
      if (probe >= 0xD800 && probe <= 0xDFFF) continue;
      bool expected = false;
      for (const auto& range : set) expected |= range.first <= probe && probe <= range.last;
      std::string text;
      append_utf8(text, probe);
      int found = 0;
      for (const auto& ranges : all) {
        bool in = ranges.length == text.size();
        for (uint32_t i = 0; in && i < ranges.length; ++i) {
          const auto byte = static_cast<uint8_t>(text[i]);
          in = ranges.low[i] <= byte && byte <= ranges.high[i];
        }
        found += in ? 1 : 0;
      }
      CHECK_EQUAL(expected ? 1 : 0, found);
    }
  }
}
