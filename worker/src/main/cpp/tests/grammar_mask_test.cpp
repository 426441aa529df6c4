#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "grammar/limits.h"
#include "grammar_fixtures.h"
#include "grammar_reference.h"

using namespace bitfleet;
using namespace bitfleet::testing;
using grammar::Cost;
using grammar::endless;
using grammar::GrammarCursor;

namespace {

// Tokens of several bytes that begin, end and span whatever the grammars below are made of, and parts of characters.
const std::vector<std::string> pieces = {
    "ab", "abc", "ba", "aa", "aaa", "bb", "a\"", "\"a", "\":", "\": ", "\",", "\", \"", "{\"", "\"}", "\"}}", "}}", "}]", "]]", "[[", "[{", "{}",
    "[]", "],", "},", ", ", " ", "  ", "\n", "\n  ", "12", "123", "1.", ".5", "-1", "e1", "true", "tru", "e,", "false", "null", "nul", "l}",
    "\\\"", "\\u", "\\u00", "00e9", "é", "\xC3", "\xA9", "é\"", "世", "世界", "\xE4\xB8", "\x96", "\x96\"", "🙂", "\xF0\x9F", "\x99\x82" "a",
    "(a", "a)", "((", "))", "a+", "+a", "a+a", "a*(", "x", "xy", "xyz", "yz", "z", "xx", "xxx", "xxxx", "xxxxxxxx", "a,b", "b,a", ",", "=", "if(", "a=",
    "the", "then", "hello", " hello", "hello\"", "hello world"};

const std::vector<std::string> grammars = {
    json_grammar,
    "root ::= \"a\"",
    "root ::= \"\"",
    "root ::= \"a\"* \"b\"?",
    "root ::= [a-c]{3,7} (\",\" [a-c]{3,7}){0,3}",
    "root ::= \"x\"{5,40} \"y\"? \"z\"",
    "root ::= (\"xy\" | \"x\"){30,33} \"z\"",
    "root ::= ([a-z] | \"é\" | \"\\\\\" [a-z]){100} \"\\n\"",
    "root ::= \"x\"{90,} \"z\"",
    "root ::= (\"a\"? \"b\"?){2,70} \"x\"",
    "root ::= e\ne ::= t (\"+\" t)*\nt ::= f (\"*\" f)*\nf ::= \"a\" | \"(\" e \")\"",
    "root ::= \"a\" root \"b\" | \"\"",
    "root ::= \"a\" root root | \"b\"",
    "root ::= \"(\" root \")\" | \"((\" root \"))\" | \"a\"?",
    "root ::= [^a-z\"]* \"a\" .",
    "root ::= [\\u0080-\\uFFFF]+ [é世] \"a\"",
    "root ::= .{0,3} \"🙂\"",
    "root ::= ([ab]* \"a\" [ab] [ab] [ab]) | \"b\"{3}",
    "root ::= s\ns ::= \"\\\"\" [^\"\\\\]* \"\\\"\" w\nw ::= [ \\n]*",
    "root ::= w i (\"=\" | \"+=\") w v w\nw ::= [ \\t\\n]*\ni ::= [a-z] [a-z0-9]*\nv ::= i | i \"(\" w v (\",\" w v)* \")\"",
    "root ::= a | b\na ::= [a-z]+ \",\"\nb ::= [a-z]+ \"=\" root?",
    "root ::= (\"the\" | \"then\" | \"hello\" | \"hello world\")+",
    // Ambiguous in every way.
    "root ::= (\"a\" | \"aa\" | \"aaa\")* (\"a\"* \"a\"*)* r*\nr ::= \"b\" | \"b\" r | \"b\"{1,3}",
};

// A grammar of random shape over few letters; may be refused.
std::string random_grammar(std::mt19937_64& random) {
  const uint32_t rules = 1 + static_cast<uint32_t>(random() % 4);
  const auto name = [&](uint32_t rule) { return rule == 0 ? std::string("root") : "r" + std::to_string(rule); };
  const auto choice = [&](auto&& self, int depth) -> std::string {
    std::string text;
    const uint64_t alternatives = 1 + random() % 3;
    for (uint64_t i = 0; i < alternatives; ++i) {
      if (i > 0) text += " | ";
      const uint64_t parts = random() % 4;
      for (uint64_t p = 0; p < parts; ++p) {
        switch (random() % (depth > 2 ? 5 : 7)) {
          case 0: text += "\"a\""; break;
          case 1: text += "\"xy\""; break;
          case 2: text += "[a-cé]"; break;
          case 3: text += "\"世\""; break;
          case 4: text += name(static_cast<uint32_t>(random() % rules)); break;
          default: text += "(" + self(self, depth + 1) + ")"; break;
        }
        static const std::vector<std::string> postfixes = {"", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,80}", "{3,}"};
        text += postfixes[random() % postfixes.size()] + " ";
      }
    }
    return text;
  };
  std::string text;
  for (uint32_t rule = 0; rule < rules; ++rule) text += name(rule) + " ::= " + choice(choice, 0) + "\n";
  return text;
}

// Walks at random through what the masks allow and holds every mask against the reference.
void walk(const std::string& text, const Tokenizer& tokenizer, std::mt19937_64& random, int steps) {
  const auto rules = grammar::parse_gbnf(text);
  const GrammarReference reference(rules);
  const auto compiled = compile(text, tokenizer);
  GrammarCursor cursor(compiled);
  std::string so_far;
  auto chart = reference.begin();
  auto verdict = reference.read("");
  for (int step = 0; step < steps; ++step) {
    CHECK_EQUAL(verdict.sentence, cursor.ended());
    CHECK_EQUAL(verdict.sentence, cursor.was_sentence(so_far.size()));
    const auto mask = mask_of(cursor, tokenizer);
    std::vector<uint32_t> allowed;
    for (uint32_t token = 0; token < tokenizer.size(); ++token) {
      const std::string piece(tokenizer.piece(token));
      const bool expected = !piece.empty() && reference.would_read(chart, piece).beginning;
      if (expected != has(mask, token)) {
        std::fprintf(stderr, "grammar:\n%s\nafter '%s', token '%s'\n", text.c_str(), so_far.c_str(), piece.c_str());
        CHECK_EQUAL(expected, has(mask, token));
      }
      if (expected) allowed.push_back(token);
    }
    CHECK_EQUAL(!allowed.empty(), cursor.can_go_on());
    if (allowed.empty()) break;
    const uint32_t token = allowed[random() % allowed.size()];
    CHECK(cursor.push(tokenizer.piece(token)));
    so_far += tokenizer.piece(token);
    verdict = reference.go_on(chart, tokenizer.piece(token));
  }
}

// A text drawn at random with a limit is a sentence when the limit is reached, if not before.
size_t steered(const std::string& text, const std::shared_ptr<const grammar::CompiledGrammar>& compiled, const Tokenizer& tokenizer,
               std::mt19937_64& random, Cost limit, const GrammarReference& reference) {
  GrammarCursor cursor(compiled);
  std::string so_far;
  Cost drawn = 0;
  for (; drawn < limit; ++drawn) {
    const auto mask = mask_of(cursor, tokenizer, limit - drawn - 1);
    const auto all = mask_of(cursor, tokenizer);
    std::vector<uint32_t> allowed;
    for (uint32_t token = 0; token < tokenizer.size(); ++token) {
      if (!has(mask, token)) continue;
      CHECK(has(all, token));
      allowed.push_back(token);
    }
    if (allowed.empty()) break;
    // Mostly what leads far: the longest tokens.
    uint32_t token = allowed[random() % allowed.size()];
    CHECK(cursor.push(tokenizer.piece(token)));
    so_far += tokenizer.piece(token);
    CHECK(cursor.fewest_tokens() <= limit - drawn - 1);
  }
  CHECK(cursor.ended());
  if (!reference.read(so_far).sentence) {
    std::fprintf(stderr, "grammar:\n%s\n'%s' is no sentence\n", text.c_str(), so_far.c_str());
    CHECK(reference.read(so_far).sentence);
  }
  return drawn;
}

}  // namespace

TEST(masks_are_those_of_the_reference_on_every_kind_of_grammar) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  std::mt19937_64 random(7);
  for (const auto& text : grammars) {
    walk(text, tokenizer, random, 20);
  }
}

TEST(masks_are_those_of_the_reference_on_random_grammars) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  std::mt19937_64 random(20261121);
  int walked = 0;
  for (int round = 0; round < 40; ++round) {
    const std::string text = random_grammar(random);
    try {
      compile(text, tokenizer);
    } catch (const grammar::GrammarError&) {
      continue;
    }
    // The reference takes every rule for one that can be completed.
    bool completable = true;
    const auto rules = grammar::parse_gbnf(text);
    for (const auto& rule : rules.rules) {
      std::string as_root = text;
      as_root += "start ::= " + rule.name + "\n";
      for (size_t at = 0; (at = as_root.find("root", at)) != std::string::npos; at += 4) as_root.replace(at, 4, "goal");
      const std::string used = rule.name == "root" ? "goal" : rule.name;
      as_root.replace(as_root.find("start ::= "), std::string::npos, "root ::= " + used + "\n");
      try {
        compile(as_root, tokenizer);
      } catch (const grammar::GrammarError&) {
        completable = false;
      }
    }
    if (!completable) continue;
    ++walked;
    walk(text, tokenizer, random, 12);
  }
  std::printf("      %d grammars walked\n", walked);
  CHECK(walked > 6);
}

TEST(a_limit_is_met_with_a_whole_sentence_whatever_is_drawn) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  std::mt19937_64 random(3);
  for (const auto& text : grammars) {
    const auto rules = grammar::parse_gbnf(text);
    const GrammarReference reference(rules);
    const auto compiled = compile(text, tokenizer);
    const Cost fewest = compiled->fewest_tokens();
    CHECK(fewest < 200);
    for (Cost limit : {fewest, fewest + 1, fewest + 3, fewest + 20}) {
      for (int round = 0; round < 2; ++round) CHECK(steered(text, compiled, tokenizer, random, limit, reference) <= limit);
    }
  }
}

TEST(the_fewest_tokens_are_counted_in_tokens_not_bytes) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  const auto fewest = [&](const std::string& text) { return compile(text, tokenizer)->fewest_tokens(); };
  CHECK_EQUAL(0u, fewest("root ::= \"a\"*"));
  CHECK_EQUAL(1u, fewest("root ::= \"hello world\""));
  CHECK_EQUAL(2u, fewest("root ::= \"abc\" \"abc\""));
  CHECK_EQUAL(1u, fewest(json_grammar));        // {}
  CHECK_EQUAL(5u, fewest("root ::= \"x\"{30} \"xxx\""));
  // What is counted and not written out is taken to need a token for each round behind the first token: never too few.
  CHECK_EQUAL(83u, fewest("root ::= \"x\"{90}"));
}

TEST(a_vocabulary_without_bytes_spells_what_it_can) {
  const Tokenizer tokenizer = tokenizer_with({"a", "b", "hello"}, false);
  const auto compiled = compile("root ::= (\"a\" | \"q\" | \"hello\") \"b\"", tokenizer);
  GrammarCursor cursor(compiled);
  const auto mask = mask_of(cursor, tokenizer);
  CHECK(has(mask, 0) && !has(mask, 1) && !has(mask, 2));
  CHECK_THROWS(grammar::GrammarError, compile("root ::= \"q\"", tokenizer));
}

TEST(rules_that_never_end_are_never_begun) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  GrammarCursor cursor(compile("root ::= \"a\" dead | \"b\" | \"a\" \"b\"\ndead ::= \"x\" dead", tokenizer));
  CHECK(cursor.push("a"));
  const auto mask = mask_of(cursor, tokenizer);
  CHECK(has(mask, 'b') && !has(mask, 'x'));
  CHECK_THROWS(grammar::GrammarError, compile("root ::= \"x\" root", tokenizer));
}

TEST(control_and_unused_tokens_never_match) {
  const Tokenizer tokenizer = tokenizer_with({});
  GrammarCursor cursor(compile("root ::= .*", tokenizer));
  const auto mask = mask_of(cursor, tokenizer);
  CHECK(has(mask, 'a') && has(mask, '<'));
  CHECK(!has(mask, tokenizer.size() - 1) && !has(mask, tokenizer.size() - 2));
}

TEST(masks_do_not_depend_on_what_was_asked_before) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  const auto warm = compile(json_grammar, tokenizer);
  std::mt19937_64 random(11);
  for (int round = 0; round < 30; ++round) {
    GrammarCursor in_company(warm);
    GrammarCursor alone(compile(json_grammar, tokenizer));
    for (int step = 0; step < 30 && alone.can_go_on(); ++step) {
      const Cost left = random() % 3 == 0 ? static_cast<Cost>(alone.fewest_tokens() + random() % 5) : endless - 1;
      const auto mask = mask_of(in_company, tokenizer, left);
      CHECK(mask == mask_of(alone, tokenizer, left));
      std::vector<uint32_t> allowed;
      for (uint32_t token = 0; token < tokenizer.size(); ++token) {
        if (has(mask, token)) allowed.push_back(token);
      }
      if (allowed.empty()) break;
      const auto piece = tokenizer.piece(allowed[random() % allowed.size()]);
      CHECK(in_company.push(piece) && alone.push(piece));
    }
  }
}

TEST(deep_nesting_and_long_texts_keep_little_in_memory) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  const auto compiled = compile(json_grammar, tokenizer);
  GrammarCursor cursor(compiled);
  CHECK(cursor.push("{\"a\":"));
  for (int i = 0; i < 20'000; ++i) CHECK(cursor.push("[["));
  CHECK(cursor.fewest_tokens() > 20'000);
  for (int i = 0; i < 20'000; ++i) CHECK(cursor.push("]]"));
  CHECK(!cursor.ended());
  CHECK(cursor.push("}") && cursor.ended());
}

// Every letter doubles the ways to read what came before.
const std::vector<std::string> doubling_grammars = {
    "root ::= \"a\" root root \"x\" | \"a\" root \"y\" root | \"a\" \"z\" | \"a\" root \"z\"\n",
    "root ::= s\ns ::= \"a\" s \"b\"? s | \"a\" s \"c\"? s | \"a\" \"d\"",
    "root ::= \"a\" root \"a\" | \"b\" root \"b\" | [ab]",
    "root ::= s s s\ns ::= \"a\"* (t | u) \"a\"*\nt ::= \"a\" s u | \"b\"\nu ::= \"a\" s t | \"ab\" t s | \"b\"",
    [] {
      std::string all = "root ::= r0\n";
      for (int i = 0; i < 14; ++i) {
        const std::string next = "r" + std::to_string(i + 1);
        all += "r" + std::to_string(i) + " ::= " + next + " [a-c]+ | s" + std::to_string(i) + " [b-d]+ | " + next + " \"z\" root\n";
        all += "s" + std::to_string(i) + " ::= " + next + " [a-c]+ \"q\" root | " + next + " \"y\" root\n";
      }
      return all + "r14 ::= [ab]+ root?\n";
    }(),
};

TEST(a_text_that_can_be_read_in_too_many_ways_still_comes_to_its_end) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  std::mt19937_64 random(5);
  for (const auto& text : doubling_grammars) {
    const auto rules = grammar::parse_gbnf(text);
    const GrammarReference reference(rules);
    const auto compiled = compile(text, tokenizer);
    const Cost fewest = compiled->fewest_tokens();
    for (Cost limit : {fewest, fewest + 1, fewest + 7, fewest + 60}) {
      GrammarCursor cursor(compiled);
      std::string so_far;
      uint64_t most_work = 0;
      for (Cost drawn = 0; drawn < limit && cursor.fewest_tokens() > 0; ++drawn) {
        const uint64_t before = compiled->masks().work();
        const auto mask = mask_of(cursor, tokenizer, limit - drawn - 1);
        most_work = std::max(most_work, compiled->masks().work() - before);
        std::vector<uint32_t> allowed;
        for (uint32_t token = 0; token < tokenizer.size(); ++token) {
          if (has(mask, token) && cursor.takes(tokenizer.piece(token), limit - drawn - 1)) allowed.push_back(token);
        }
        const auto completing = cursor.completing_token();
        CHECK(completing && cursor.takes(tokenizer.piece(*completing), cursor.fewest_tokens() - 1));
        const uint32_t token = allowed.empty() ? *completing : allowed[random() % allowed.size()];
        CHECK(cursor.push(tokenizer.piece(token)));
        so_far += tokenizer.piece(token);
        CHECK(cursor.fewest_tokens() <= limit - drawn - 1);
      }
      CHECK(cursor.ended());
      CHECK(reference.read(so_far).sentence);
      CHECK(most_work <= grammar::most_mask_work + grammar::most_place_work);
    }
  }
}

TEST(masks_of_too_much_work_do_not_depend_on_what_was_asked_before) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  // So little that most places are looked through in part, and not every head is asked.
  for (const grammar::Masks::Budget budget : {grammar::Masks::Budget{400, 100}, grammar::Masks::Budget{3'000, 2'000}, grammar::Masks::usual}) {
    for (std::string text : {json_grammar, doubling_grammars[0], doubling_grammars[1], doubling_grammars[4]}) {
      const auto compiled = compile(text, tokenizer);
      const auto masks = [&] { return grammar::Masks(compiled->automaton(), compiled->cost(), compiled->trie(), budget); };
      auto warm = masks();
      std::mt19937_64 random(2);
      for (int round = 0; round < 4; ++round) {
        grammar::Stacks stacks(compiled->automaton(), compiled->cost());
        grammar::Reader reader(compiled->automaton(), compiled->cost());
        auto reading = reader.begin_narrowly(64, stacks);
        for (int step = 0; step < 8 && !reading.heads.empty(); ++step) {
          const size_t words = (size_t{tokenizer.size()} + 63) / 64;
          std::vector<uint64_t> of_warm(words, 0), of_cold(words, 0);
          auto cold = masks();
          const Cost left = random() % 2 == 0 ? endless - 1 : reading.cost + 3;
          const bool limited = warm.allow(reading, stacks, left, of_warm).limited;
          CHECK_EQUAL(limited, cold.allow(reading, stacks, left, of_cold).limited);
          CHECK(of_warm == of_cold);
          const auto& head = reading.heads[random() % reading.heads.size()];
          const auto bytes = compiled->automaton().bytes_of(head.state);
          reading = reader.step_narrowly(reading, bytes[random() % bytes.size()].low, std::nullopt, 64, stacks);
        }
      }
    }
  }
}

TEST(a_text_read_in_some_ways_is_read_in_the_same_by_whoever_reads_it_later) {
  const Tokenizer tokenizer = tokenizer_with(pieces);
  std::mt19937_64 random(9);
  for (const auto& text : doubling_grammars) {
    const auto compiled = compile(text, tokenizer);
    GrammarCursor tries(compiled);
    std::vector<uint32_t> tokens;
    while (tokens.size() < 24 && tries.can_go_on()) {
      const auto mask = mask_of(tries, tokenizer);
      // What was tried and not taken leaves no trace.
      for (uint32_t token = 0; token < tokenizer.size(); ++token) {
        if (has(mask, token)) tries.takes(tokenizer.piece(token), static_cast<Cost>(random() % 50));
      }
      GrammarCursor replay(compile(text, tokenizer));
      for (const uint32_t token : tokens) CHECK(replay.push(tokenizer.piece(token)));
      CHECK(mask == mask_of(replay, tokenizer));
      CHECK_EQUAL(tries.fewest_tokens(), replay.fewest_tokens());
      CHECK(tries.completing_token() == replay.completing_token());
      std::vector<uint32_t> allowed;
      for (uint32_t token = 0; token < tokenizer.size(); ++token) {
        if (has(mask, token) && tries.takes(tokenizer.piece(token), endless - 1)) allowed.push_back(token);
      }
      if (allowed.empty()) break;
      tokens.push_back(allowed[random() % allowed.size()]);
      CHECK(tries.push(tokenizer.piece(tokens.back())));
    }
  }
}

TEST(a_token_that_spans_rules_brings_the_end_as_near_as_promised) {
  // What a rule that only calls another costs is less than its parts do, when one token spells the end of the one and the
  // beginning of the other.
  const Tokenizer tokenizer = tokenizer_with({"ab", "abc"});
  const std::string text = "root ::= \"x\" s \"c\" | \"y\"{3}\ns ::= t \"b\" | \"(\" s \")\"\nt ::= \"a\" | \"[\" s t \"]\" | \"{\" s t \"}\"";
  const auto rules = grammar::parse_gbnf(text);
  const GrammarReference reference(rules);
  std::mt19937_64 random(4);
  const auto compiled = compile(text, tokenizer);
  for (Cost limit = compiled->fewest_tokens(); limit < compiled->fewest_tokens() + 4; ++limit) {
    for (int round = 0; round < 20; ++round) CHECK(steered(text, compiled, tokenizer, random, limit, reference) <= limit);
  }
}
