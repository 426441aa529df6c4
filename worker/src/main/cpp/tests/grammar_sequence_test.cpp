#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "engine_fixtures.h"
#include "grammar_fixtures.h"
#include "grammar_reference.h"

// Grammars as a sequence meets them: from OpenSequence to the last piece.
using namespace bitfleet;
using namespace bitfleet::testing;
using wire::FinishReason;
using wire::Rejection;

namespace {

struct Bench {
  explicit Bench(uint32_t slots = 4, uint32_t context = 256)
      : model(slots, context, slots + 8), limits{context, byte_vocabulary}, scheduler(model, tokenizer, {slots, 8}, events) {}

  void open(wire::OpenSequence open) {
    auto prepared = prepare(std::move(open), tokenizer, limits, &grammars);
    if (auto* rejected = std::get_if<wire::SequenceRejected>(&prepared)) events.send(*rejected);
    else scheduler.open(std::move(std::get<PreparedSequence>(prepared)));
  }
  Recorder::Record run(wire::OpenSequence request) {
    const uint64_t id = request.sequence_id;
    open(std::move(request));
    run();
    return events.of(id);
  }
  void run() {
    for (int guard = 0; !scheduler.idle(); ++guard) {
      CHECK(guard < 100'000);
      scheduler.step();
    }
  }

  Tokenizer tokenizer = byte_tokenizer();
  grammar::GrammarLibrary grammars{tokenizer};
  HashingModel model;
  PrepareLimits limits;
  Recorder events;
  Scheduler scheduler;
};

wire::OpenSequence bound(uint64_t id, const std::string& grammar, uint32_t max_tokens = 64) {
  wire::OpenSequence open = request(id, "prompt " + std::to_string(id), max_tokens);
  open.grammar = grammar;
  return open;
}

bool is_sentence(const std::string& grammar, const std::string& text) {
  const auto rules = grammar::parse_gbnf(grammar);
  return GrammarReference(rules).read(text).sentence;
}

const std::string small_json = R"(root ::= "{" pair ("," pair)* "}"
pair ::= "\"" [a-eé]{1,8} "\":" (root | [0-9]+ | "[" (root ("," root)*)? "]")
)";

}  // namespace

TEST(every_answer_is_a_sentence_whatever_the_limit_and_the_seed) {
  size_t lengths = 0;
  size_t stops = 0;
  for (uint32_t limit : {7u, 8u, 9u, 12u, 20u, 33u, 64u, 0u}) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      Bench bench;
      bench.model.end_logit = 1;
      const auto record = bench.run(bound(seed, small_json, limit));
      CHECK(record.finished.has_value());
      CHECK(is_sentence(small_json, record.text()));
      CHECK(limit == 0 || record.finished->completion_tokens <= limit);
      lengths += record.finished->reason == FinishReason::length ? 1 : 0;
      stops += record.finished->reason == FinishReason::stop_token ? 1 : 0;
    }
  }
  CHECK_EQUAL(size_t{48}, lengths + stops);
  CHECK(lengths > 0);
}

TEST(a_limit_changes_nothing_before_it_has_to) {
  // The same seed with more room gives a text that agrees with the one that was cut, up to where it was cut.
  Bench wide, narrow;
  const auto whole = wide.run(bound(3, "root ::= [a-e]* \"!\"", 60)).text();
  const auto cut = narrow.run(bound(3, "root ::= [a-e]* \"!\"", 9)).text();
  CHECK_EQUAL(whole.substr(0, 8) + "!", cut);
}

TEST(a_text_that_is_whole_ends_without_another_step) {
  Bench bench;
  const auto record = bench.run(bound(1, "root ::= \"ab\""));
  CHECK_EQUAL(std::string("ab"), record.text());
  CHECK(record.finished->reason == FinishReason::stop_token);
  CHECK_EQUAL(2u, record.finished->completion_tokens);
  Bench other;
  auto ignoring = bound(1, "root ::= \"ab\" | \"\"", 2);
  ignoring.ignore_end_tokens = true;
  CHECK(other.run(ignoring).finished->reason == FinishReason::stop_token);
  Bench third;
  auto nothing = bound(1, "root ::= \"\"");
  nothing.ignore_end_tokens = true;
  const auto empty = third.run(nothing);
  CHECK(empty.finished->reason == FinishReason::stop_token && empty.text().empty());
  CHECK_EQUAL(0u, empty.finished->completion_tokens);
}

TEST(an_end_token_is_drawn_only_where_the_text_may_end) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Bench bench;
    bench.model.end_logit = 50;  // the model wants to end at once
    const auto record = bench.run(bound(seed, "root ::= [a-e]{5,} \"!\"?"));
    CHECK_EQUAL(size_t{5}, record.text().size());
    CHECK(record.finished->reason == FinishReason::stop_token);
    CHECK_EQUAL(6u, record.finished->completion_tokens);
  }
}

TEST(what_the_limit_cut_is_said_to_have_length) {
  Bench bench;
  auto open = bound(1, "root ::= \"(\" root \")\" | \"a\"", 8);
  bench.model.script = {{"(", "("}, {"1", "("}};  // deeper and deeper
  const auto record = bench.run(open);
  CHECK(is_sentence(open.grammar, record.text()));
  CHECK(record.text().starts_with("((("));
  CHECK(record.finished->reason == FinishReason::length);
}

TEST(a_limit_below_the_shortest_sentence_is_refused_with_the_least_that_is_enough) {
  Bench bench;
  const auto refused = bench.run(bound(1, "root ::= \"abcdef\"", 5));
  CHECK(refused.rejected && refused.rejected->code == Rejection::invalid);
  CHECK_EQUAL(std::string("max_tokens"), refused.rejected->param);
  CHECK(refused.rejected->message.find("at least 6") != std::string::npos);
  CHECK_EQUAL(std::string("abcdef"), bench.run(bound(2, "root ::= \"abcdef\"", 6)).text());
  // Likewise when the context leaves too little.
  auto tight = bound(3, "root ::= \"abcdef\"", 0);
  tight.context_limit = 14;  // "prompt 3" has 8 tokens
  CHECK_EQUAL(std::string("abcdef"), bench.run(tight).text());
  tight.sequence_id = 4;
  tight.context_limit = 13;
  const auto no_room = bench.run(tight);
  CHECK(no_room.rejected && no_room.rejected->code == Rejection::context_length_exceeded);
  CHECK_EQUAL(std::string("prompt"), no_room.rejected->param);
}

TEST(a_bad_grammar_is_refused_and_so_is_one_nobody_can_follow) {
  Bench bench;
  const auto bad = bench.run(bound(1, "root ::= [a-"));
  CHECK(bad.rejected && bad.rejected->code == Rejection::invalid);
  CHECK_EQUAL(std::string("grammar"), bad.rejected->param);
  CHECK_EQUAL(std::string("grammar: line 1, column 10: this character set is not closed"), bad.rejected->message);
  const auto too_long = bench.run(bound(4, "root ::= \"a\"{2000000}", 0));
  CHECK(too_long.rejected && too_long.rejected->code == Rejection::invalid && too_long.rejected->param == "grammar");
  const auto endless = bench.run(bound(2, "root ::= \"a\" root"));
  CHECK(endless.rejected && endless.rejected->param == "grammar");
  auto prepared = prepare(bound(3, "root ::= \"a\""), bench.tokenizer, bench.limits);
  CHECK(std::get<wire::SequenceRejected>(prepared).param == "grammar");  // a process without grammars fails closed
}

TEST(a_completion_goes_on_elsewhere_with_the_same_tokens) {
  Bench whole;
  const auto expected = whole.run(bound(5, small_json, 40));
  const auto tokens = expected.tokens();
  CHECK(tokens.size() > 10);
  for (size_t cut = 1; cut < tokens.size(); cut += 3) {
    Bench rest;
    auto open = bound(5, small_json, 40);
    open.emitted.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(cut));
    const auto record = rest.run(open);
    auto joined = open.emitted;
    for (uint32_t token : record.tokens()) joined.push_back(token);
    CHECK(joined == tokens);
    CHECK_EQUAL(expected.finished->completion_tokens, record.finished->completion_tokens);
  }
  Bench foreign;
  auto open = bound(6, small_json, 40);
  open.emitted = {'{', 'x'};
  const auto refused = foreign.run(open);
  CHECK(refused.rejected && refused.rejected->param == "emitted");
}

TEST(a_grammar_that_can_be_read_in_too_many_ways_gives_whole_answers_and_the_same_ones) {
  std::string layered = "root ::= r0\n";
  for (int i = 0; i < 14; ++i) {
    const std::string next = "r" + std::to_string(i + 1);
    layered += "r" + std::to_string(i) + " ::= " + next + " [a-c]+ | s" + std::to_string(i) + " [b-d]+ | " + next + " \"z\" root\n";
    layered += "s" + std::to_string(i) + " ::= " + next + " [a-c]+ \"q\" root | " + next + " \"y\" root\n";
  }
  layered += "r14 ::= [ab]+ root?\n";
  for (const std::string& text : {layered, std::string("root ::= \"a\" root root \"x\" | \"a\" root \"y\" root | \"a\" \"z\" | \"a\" root \"z\""),
                                  std::string("root ::= [^\"] root [^x] | [a-c] root [^y] | .")}) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      Bench bench;
      const auto record = bench.run(bound(seed, text, 48));
      CHECK(record.finished.has_value() && record.finished->reason != FinishReason::failed);
      CHECK(is_sentence(text, record.text()));
      // Again where other grammars have been, and from the middle of it.
      const auto tokens = record.tokens();
      bench.run(bound(seed + 50, small_json, 30));
      auto open = bound(seed, text, 48);
      open.emitted.assign(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(tokens.size() / 2));
      bench.events = {};
      const auto rest = bench.run(open).tokens();
      CHECK(std::vector<uint32_t>(tokens.begin() + static_cast<std::ptrdiff_t>(tokens.size() / 2), tokens.end()) == rest);
    }
  }
}

TEST(a_bound_text_is_the_same_alone_and_in_company) {
  std::vector<Recorder::Record> alone;
  for (uint64_t id = 1; id <= 4; ++id) alone.push_back(Bench(1).run(bound(id, small_json, 50)));
  Bench together;
  for (uint64_t id = 1; id <= 4; ++id) together.open(bound(id, small_json, 50));
  together.run();
  for (uint64_t id = 1; id <= 4; ++id) CHECK(alone[id - 1].tokens() == together.events.of(id).tokens());
}

TEST(a_stop_counts_only_where_the_text_may_end) {
  Bench bench;
  bench.model.script = {{"1", "\""}, {"\"", "a"}, {"a", "c"}, {"c", "\""}, {"c\"", "\""}};
  auto quoted = bound(1, "root ::= \"\\\"\" [a-c]{2} \"\\\"\"");
  quoted.stop_strings = {"c"};
  quoted.stop_tokens = {'a'};
  const auto inside = bench.run(quoted);
  CHECK(is_sentence(quoted.grammar, inside.text()));
  CHECK(inside.finished->reason == FinishReason::stop_token);
  Bench other;
  auto open = bound(1, "root ::= [a-e]+ (\"\\n\" [a-e]+)*", 60);
  open.stop_strings = {"\n"};
  other.model.script = {{"aa", "\n"}, {"b", "\n"}, {"c", "\n"}, {"d", "\n"}, {"e", "\n"}};
  const auto outside = other.run(open);
  CHECK(outside.finished->reason == FinishReason::stop_string);
  CHECK(is_sentence(open.grammar, outside.text()));
}

TEST(logprobs_are_those_of_what_the_grammar_leaves) {
  Bench bench;
  auto open = bound(1, "root ::= [ab] [ab] \"c\"");
  open.top_logprobs = 5;
  const auto record = bench.run(open);
  std::vector<wire::TokenInfo> tokens;
  for (const auto& piece : record.pieces) tokens.insert(tokens.end(), piece.tokens.begin(), piece.tokens.end());
  CHECK_EQUAL(size_t{3}, tokens.size());
  for (size_t i = 0; i < 2; ++i) {
    CHECK_EQUAL(size_t{2}, tokens[i].top.size());
    const double total = std::exp(tokens[i].top[0].logprob) + std::exp(tokens[i].top[1].logprob);
    CHECK(std::abs(total - 1) < 1e-4);
  }
  CHECK_EQUAL(size_t{1}, tokens[2].top.size());
  CHECK(std::abs(tokens[2].logprob.value()) < 1e-5);  // what is forced is certain
}

TEST(every_way_of_sampling_stays_within_the_grammar) {
  const auto with = [&](auto&& change) {
    Bench bench;
    auto open = bound(9, small_json, 40);
    change(*open.sampling);
    const auto record = bench.run(open);
    CHECK(record.finished && record.finished->reason != FinishReason::failed);
    CHECK(is_sentence(small_json, record.text()));
  };
  with([](wire::Sampling& s) { s.temperature = 0; });
  with([](wire::Sampling& s) { s.top_k = 1; });
  with([](wire::Sampling& s) { s.top_p = 0.1f; });
  with([](wire::Sampling& s) { s.min_p = 0.9f; });
  with([](wire::Sampling& s) { s.typical_p = 0.2f; });
  with([](wire::Sampling& s) { s.repeat_penalty = 2, s.repeat_last_n = 64, s.frequency_penalty = 3; });
  with([](wire::Sampling& s) { s.logit_bias = {{'}', -100.0f}, {'{', 100.0f}}; });
  Bench bench;
  auto forbidden = bound(9, "root ::= \"a\"");
  forbidden.sampling->logit_bias = {{'a', -std::numeric_limits<float>::infinity()}};
  CHECK(bench.run(forbidden).finished->reason == FinishReason::failed);
}

TEST(the_library_keeps_compiled_grammars_and_lets_the_oldest_go) {
  const Tokenizer tokenizer = byte_tokenizer();
  grammar::GrammarLibrary library(tokenizer);
  const auto first = library.compiled("root ::= \"first\"");
  CHECK(first == library.compiled("root ::= \"first\""));
  for (size_t i = 0; i < grammar::GrammarLibrary::most_grammars; ++i) library.compiled("root ::= \"" + std::to_string(i) + "\"");
  CHECK(first != library.compiled("root ::= \"first\""));
}
