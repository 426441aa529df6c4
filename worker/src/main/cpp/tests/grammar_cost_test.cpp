#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "grammar_fixtures.h"
#include "tools/synthetic_vocabulary.h"

// What a stranger's grammar can cost before it is refused or ready.
using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double most_seconds = 1;  // a sanitizer takes its share
#else
constexpr double most_seconds = 0.15;  // 0.1 is meant: the rest is for slower cores and busy neighbours
#endif

double seconds_of_this_thread() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

std::string repeated(size_t times, const std::function<std::string(size_t)>& part) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part(i);
  return text;
}

std::string number(size_t n) { return std::to_string(n); }

// Each is made to be dear in its own way; `n` is its size.
const std::vector<std::pair<const char*, std::function<std::string(size_t)>>> shapes = {
    {"empty texts in a row", [](size_t n) { return "root ::= " + repeated(n, [](size_t) { return "\"\" "; }) + "\"a\""; }},
    {"all of it optional", [](size_t n) { return "root ::= " + repeated(n, [](size_t i) { return std::string(1, static_cast<char>('a' + i % 26)).insert(0, "\"") + "\"? "; }); }},
    {"stars of stars", [](size_t n) { return "root ::= " + repeated(n, [](size_t) { return "([ab]* \"c\"?)* "; }); }},
    {"exponential when deterministic", [](size_t n) { return "root ::= [ab]* \"a\" " + repeated(n, [](size_t) { return "[ab] "; }); }},
    {"many such", [](size_t n) {
       return "root ::= " + repeated(n, [](size_t i) { return "r" + number(i) + " | "; }) + "\"x\"\n" +
              repeated(n, [](size_t i) { return "r" + number(i) + " ::= [ab]* \"a\" [ab]{16} \"" + number(i) + "\" r" + number(i) + "?\n"; });
     }},
    {"calls in a chain", [](size_t n) {
       return "root ::= r0\n" + repeated(n, [](size_t i) { return "r" + number(i) + " ::= \"a\" r" + number(i + 1) + " root? | \"b\" r" + number(i + 1) + "\n"; }) + "r" + number(n) + " ::= \"c\"";
     }},
    {"calls of everything by everything", [](size_t size) {
       const size_t n = std::min<size_t>(size, 150);
       const auto all = repeated(n, [](size_t i) { return "\"" + number(i) + "\" r" + number(i) + " | "; });
       return "root ::= r0\n" + repeated(n, [&](size_t i) { return "r" + number(i) + " ::= " + all + "\"x\"\n"; });
     }},
    {"tails of tails", [](size_t n) {
       return "root ::= r0\n" + repeated(n, [n](size_t i) { return "r" + number(i) + " ::= [" + std::string(1, static_cast<char>('a' + i % 26)) + "x] r" + number((i + 1) % n) + "? r" + number((i * 7 + 3) % n) + "?\n"; });
     }},
    {"layers that double", [](size_t n) {
       return "root ::= r0\n" + repeated(n, [](size_t i) { return "r" + number(i) + " ::= r" + number(i + 1) + " \"x\" root | r" + number(i + 1) + " \"y\" root | \"q\"\n"; }) + "r" + number(n) + " ::= \"a\"";
     }},
    {"a wide set in many places", [](size_t n) {
       return "root ::= s " + repeated(n, [](size_t i) { return "| \"" + number(i) + "\" s "; }) + "\ns ::= [" + repeated(n, [](size_t i) { char text[16]; std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(0x100 + (i * 2) % 0xB000)); return std::string(text); }) + "]";
     }},
    {"counted, one in the other", [](size_t n) {
       return "root ::= " + repeated(std::min<size_t>(n, 100), [](size_t) { return "("; }) + "[a-z]{100,200}" + repeated(std::min<size_t>(n, 100), [](size_t i) { return " \"" + number(i) + "\"){70,900}"; });
     }},
    {"many long counted texts", [](size_t n) { return "root ::= " + repeated(n, [](size_t i) { return "(.{" + number(i + 1) + "," + number(i + 70) + "} \"" + number(i) + "\") | "; }) + "\"x\""; }},
    {"long texts", [](size_t n) { return "root ::= " + repeated(n / 10 + 1, [](size_t i) { return "\"" + std::string(300, static_cast<char>('a' + i % 26)) + "\" | "; }) + "\"x\""; }},
    {"long texts behind each other", [](size_t n) { return "root ::= " + repeated(n, [](size_t i) { return "r" + number(i) + " "; }) + "\n" + repeated(n, [](size_t i) { return "r" + number(i) + " ::= \"{\\\"name" + number(i) + "\\\":\" (r" + number(i) + " | \"0\") \"}\"\n"; }); }},
    {"nested parentheses", [](size_t n) { return "root ::= " + repeated(n / 100 + 1, [](size_t) { return std::string(120, '(') + "\"a\"" + repeated(120, [](size_t i) { return i % 2 == 0 ? ")?" : ")*"; }) + " "; }); }},
};

}  // namespace

TEST(a_hostile_grammar_is_refused_or_ready_in_a_tenth_of_a_second_of_processor_time) {
  const Tokenizer tokenizer = tools::synthetic_vocabulary(32'000);
  const auto trie = std::make_shared<const grammar::TokenTrie>(tokenizer);
  double slowest = 0;
  std::string which;
  for (const auto& [name, make] : shapes) {
    for (const size_t n : {10u, 100u, 1'000u, 5'000u, 30'000u}) {
      const std::string text = make(n).substr(0, 1'000'000);
      // The least of three: processor time too is dearer on a core that is shared.
      std::string outcome;
      double took = 1;
      for (int round = 0; round < 3 && took > most_seconds; ++round) {
        const double before = seconds_of_this_thread();
        outcome = "ready";
        try {
          const grammar::CompiledGrammar compiled(text, trie);
        } catch (const grammar::GrammarError& error) {
          outcome = error.what();
        }
        took = std::min(took, seconds_of_this_thread() - before);
      }
      if (took > 0.03) std::printf("      %5.0f ms  %s, %zu: %.60s\n", took * 1000, name, n, outcome.c_str());
      if (took > slowest) slowest = took, which = std::string(name) + ", " + std::to_string(n);
    }
  }
  std::printf("      slowest: %.0f ms, %s\n", slowest * 1000, which.c_str());
  CHECK(slowest < most_seconds);
}

// Two of the shapes in one grammar, at sizes drawn at random. BITFLEET_HOSTILE_GRAMMARS asks for more of them.
TEST(so_is_one_that_is_hostile_in_several_ways) {
  const Tokenizer tokenizer = tools::synthetic_vocabulary(8'000);
  const auto trie = std::make_shared<const grammar::TokenTrie>(tokenizer);
  const char* wanted = std::getenv("BITFLEET_HOSTILE_GRAMMARS");
  const int rounds = wanted == nullptr ? 40 : std::atoi(wanted);
  std::mt19937_64 random(20261121);
  double slowest = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string text = "root ::= p0-root | p1-root\n";
    std::string names;
    for (int part = 0; part < 2; ++part) {
      const auto& [name, make] = shapes[random() % shapes.size()];
      const auto size = static_cast<size_t>(std::pow(2.0, 3 + static_cast<double>(random() % 1000) / 1000 * 10));
      names += std::string(name) + ", " + std::to_string(size) + "; ";
      // Rules of one part are not those of the other.
      const std::string prefix = "p" + std::to_string(part) + "-";
      bool quoted = false, in_name = false;
      for (const char c : make(size).substr(0, 120'000)) {
        if (c == '"') quoted = !quoted;
        const bool letter = c >= 'a' && c <= 'z';
        const bool follows = letter || (c >= '0' && c <= '9') || c == '-';
        if (letter && !in_name && !quoted) text += prefix;
        in_name = !quoted && follows;
        text += c;
      }
      text += "\n";
    }
    const double before = seconds_of_this_thread();
    try {
      const grammar::CompiledGrammar compiled(text, trie);
    } catch (const grammar::GrammarError&) {
    }
    const double took = seconds_of_this_thread() - before;
    if (took > slowest) std::printf("      %5.0f ms  %s\n", took * 1000, names.c_str());
    slowest = std::max(slowest, took);
  }
  CHECK(slowest < 2 * most_seconds);  // once each: see above
}
