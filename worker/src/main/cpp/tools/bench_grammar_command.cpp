#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "gguf/gguf_file.h"
#include "grammar/compiled_grammar.h"
#include "grammar/grammar_cursor.h"
#include "tokenizer/tokenizer.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/synthetic_vocabulary.h"

namespace bitfleet::tools {
namespace {

// Processor time of this thread: the machine may be busy with other things.
struct Clock {
  using time_point = double;  // µs
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
  }
};
using grammar::CompiledGrammar;
using grammar::GrammarCursor;

double micros_since(Clock::time_point start) { return Clock::now() - start; }

struct Subject {
  const char* name;
  const char* text;
};

constexpr const char* string_rules = R"gbnf(
string ::= "\"" ([^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,3})?
ws ::= ([ \t\n\r]{0,20})
)gbnf";

const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all = {
      {"json", R"gbnf(
root ::= object
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ws (string ws ":" ws value ws ("," ws string ws ":" ws value ws)*)? "}"
array ::= "[" ws (value ws ("," ws value ws)*)? "]")gbnf"},
      {"schema", R"gbnf(
root ::= "{" ws "\"id\"" ws ":" ws integer "," ws "\"name\"" ws ":" ws string "," ws "\"email\"" ws ":" ws string "," ws "\"status\"" ws ":" ws status ("," ws "\"tags\"" ws ":" ws tags)? ("," ws "\"address\"" ws ":" ws address)? "," ws "\"items\"" ws ":" ws items ws "}"
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
status ::= "\"active\"" | "\"inactive\"" | "\"pending\"" | "\"archived\""
tags ::= "[" ws (string (ws "," ws string){0,9})? ws "]"
address ::= "{" ws "\"street\"" ws ":" ws string "," ws "\"city\"" ws ":" ws string "," ws "\"zip\"" ws ":" ws zip ws "}"
zip ::= "\"" [0-9]{5} ("-" [0-9]{4})? "\""
items ::= "[" ws item (ws "," ws item)* ws "]"
item ::= "{" ws "\"sku\"" ws ":" ws string "," ws "\"count\"" ws ":" ws integer "," ws "\"price\"" ws ":" ws number ("," ws "\"note\"" ws ":" ws (string | "null"))? ws "}")gbnf"},
      {"bounded", R"gbnf(
root ::= "{\"title\":" title ",\"summary\":" summary ",\"code\":" code "}"
char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
title ::= "\"" char{1,40} "\""
summary ::= "\"" char{20,400} "\""
code ::= "\"" [A-Z]{3} "-" [0-9]{4,8} "\"")gbnf"},
      {"c-like", R"gbnf(
root ::= (declaration)*
declaration ::= type w identifier w "(" w parameters? ")" w "{" w statement* "}" w
parameters ::= type w identifier w ("," w type w identifier w)*
type ::= ("int" | "float" | "char" | "void") [ \t\n]
statement ::= ( type w identifier w "=" w expression ";" | identifier w "=" w expression ";" | "return" [ \t\n] w expression ";" | "while" w "(" w condition ")" w "{" w statement* "}" | "if" w "(" w condition ")" w "{" w statement* "}" (w "else" w "{" w statement* "}")? | identifier w "(" w arguments? ")" w ";" ) w
condition ::= expression ("==" | "!=" | "<=" | ">=" | "<" | ">") w expression
expression ::= term (("+" | "-") w term)*
term ::= unary (("*" | "/") w unary)*
unary ::= ("-" w)? factor
factor ::= identifier w ("(" w arguments? ")" w)? | [0-9]+ w | "(" w expression ")" w
arguments ::= expression ("," w expression)*
identifier ::= [a-zA-Z_] [a-zA-Z_0-9]*
w ::= [ \t\n]*)gbnf"},
      {"patterns", R"gbnf(
root ::= (date " " time " " address " " uuid "\n")+
date ::= [0-9]{4} "-" [0-1] [0-9] "-" [0-3] [0-9]
time ::= [0-2] [0-9] ":" [0-5] [0-9] (":" [0-5] [0-9])?
address ::= [a-z0-9._%+-]+ "@" [a-z0-9-]+ ("." [a-z]{2,8})+
uuid ::= [0-9a-f]{8} ("-" [0-9a-f]{4}){3} "-" [0-9a-f]{12})gbnf"},
  };
  return all;
}

// Completions drawn under the grammar, all allowed tokens being alike but for a leaning towards longer ones, as texts
// of a model are made of them.
void bench(const Subject& subject, const std::shared_ptr<const grammar::TokenTrie>& trie, const Tokenizer& tokenizer, uint32_t tokens) {
  const bool json = std::string_view(subject.name) == "json" || std::string_view(subject.name) == "schema";
  const std::string text = std::string(subject.text) + (json ? string_rules : "\n");
  std::vector<double> compiling;
  std::shared_ptr<const CompiledGrammar> compiled;
  for (int round = 0; round < 5; ++round) {
    const auto start = Clock::now();
    compiled = std::make_shared<const CompiledGrammar>(text, trie);
    compiling.push_back(micros_since(start));
  }

  std::mt19937_64 random(1);
  std::vector<uint64_t> mask((size_t{tokenizer.size()} + 63) / 64);
  std::vector<double> cold, warm, pushing;
  uint64_t fresh = 0;
  // The same texts twice: the first time places are new, the second time they are known.
  for (int pass = 0; pass < 2; ++pass) {
    random.seed(1);
    const uint64_t walks = compiled->masks().walks();
    for (uint32_t drawn = 0; drawn < tokens;) {
      GrammarCursor cursor(compiled);
      for (uint32_t length = 0; length < 256 && drawn < tokens && cursor.can_go_on(); ++length, ++drawn) {
        std::ranges::fill(mask, 0);
        const auto start = Clock::now();
        cursor.allow(512 - length, mask);
        (pass == 0 ? cold : warm).push_back(micros_since(start));
        std::vector<uint32_t> allowed;
        for (size_t word = 0; word < mask.size(); ++word) {
          for (uint64_t bits = mask[word]; bits != 0; bits &= bits - 1) allowed.push_back(static_cast<uint32_t>(word * 64) + static_cast<uint32_t>(__builtin_ctzll(bits)));
        }
        if (allowed.empty()) {
          if (const auto token = cursor.completing_token()) allowed.push_back(*token);
          else break;
        }
        // The longest of four: texts of a model are made of whole words.
        uint32_t token = allowed[random() % allowed.size()];
        for (int i = 0; i < 3; ++i) {
          const uint32_t other = allowed[random() % allowed.size()];
          if (tokenizer.piece(other).size() > tokenizer.piece(token).size()) token = other;
        }
        const auto push_start = Clock::now();
        cursor.push(tokenizer.piece(token));
        if (pass == 1) pushing.push_back(micros_since(push_start));
      }
    }
    if (pass == 0) fresh = compiled->masks().walks() - walks;
  }
  for (auto* times : {&compiling, &cold, &warm, &pushing}) std::sort(times->begin(), times->end());
  const auto quantile = [](const std::vector<double>& times, double q) {
    return times[std::min(times.size() - 1, static_cast<size_t>(q * static_cast<double>(times.size())))];
  };
  std::printf("%-10s %8.1f %8u  %8.1f %8.1f %9.1f   %8.1f %8.1f %9.1f   %8.1f   %6.2f %%  %7.1f\n", subject.name, compiling[2] / 1000, compiled->automaton().size(),
              quantile(cold, 0.5), quantile(cold, 0.99), cold.back(), quantile(warm, 0.5), quantile(warm, 0.99), warm.back(), quantile(pushing, 0.5),
              100 * (1 - std::min(1.0, static_cast<double>(fresh) / static_cast<double>(cold.size()))), static_cast<double>(compiled->resident_bytes()) / 1e6);
}

Tokenizer load_or_make(const Options& options) {
  if (const auto path = options.text("--model")) return Tokenizer::load(GgufFile::open(*path));
  return synthetic_vocabulary(options.number("--vocab", 128256U));
}

}  // namespace

int bench_grammar_command(std::span<char* const> arguments) {
  return run_command("bench-grammar", [&] {
    const Options options(arguments, {"--model", "--vocab", "--tokens", "--grammar"});
    const auto tokens = std::max(1U, options.number("--tokens", 4000U));
    const Tokenizer tokenizer = load_or_make(options);
    const auto start = Clock::now();
    const auto trie = std::make_shared<const grammar::TokenTrie>(tokenizer);
    std::printf("tree of %u tokens: %.1f ms, %.1f MB, %zu nodes\n\n", tokenizer.size(), micros_since(start) / 1000, static_cast<double>(trie->resident_bytes()) / 1e6,
                trie->nodes().size());
    std::printf("           compile   states   first time: mask, µs           again: mask, µs                token    places    memory\n");
    std::printf("grammar        ms                 p50      p99       max        p50      p99       max     µs p50     known        MB\n");
    if (const auto path = options.text("--grammar")) {
      std::ifstream in(*path, std::ios::binary);
      if (!in) throw UsageError("cannot read " + *path);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      bench({"file", text.c_str()}, trie, tokenizer, tokens);
      return;
    }
    for (const Subject& subject : subjects()) bench(subject, trie, tokenizer, tokens);
  });
}

}  // namespace bitfleet::tools
