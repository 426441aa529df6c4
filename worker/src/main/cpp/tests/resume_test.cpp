#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "grammar_fixtures.h"
#include "random_bytes.h"
#include "schedule/sequence.h"

// A completion that broke off goes on in another engine from the tokens of the pieces that came out: what a client reads
// is the same, whatever had been held back, and wherever it broke off.
using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

// Characters in parts, several of them in one token, stops in pieces and as a part of a token.
const std::vector<std::string> texts = {"ab", "abc", "<", "</", "s>", "</s>", "x</s", "世", "\xE4\xB8", "\x96", "a\xE4", "\xB8\x96" "b", "\xF0\x9F",
                                        "\x99\x82", "é", "{", "}", "[", "]", ",", "12", "7", "END", "EN", "D.", "bEN"};

struct Subject {
  Tokenizer tokenizer = tokenizer_with(texts);

  // A function of all tokens before. Mostly the texts above, now and then an end, a letter or an invalid byte.
  std::vector<float> logits(std::span<const uint32_t> tokens) const {
    uint64_t hash = 0xcbf29ce484222325;
    for (const uint32_t token : tokens) hash = (hash ^ token) * 0x100000001b3;
    std::mt19937_64 random(hash);
    std::vector<float> logits;
    for (uint32_t i = 0; i < tokenizer.size(); ++i) {
      const float noise = static_cast<float>(random() >> 40) * 0x1p-22F;
      const bool common = i >= 256 || (i >= 'a' && i <= 'c') || i == 0xFF;
      logits.push_back(noise - (common ? 0.0F : 30.0F));
    }
    return logits;
  }
};

struct Answer {
  std::vector<wire::TokenPiece> pieces;
  wire::SequenceFinished finished;
};

Answer answer(const Subject& model, const PreparedSequence& request) {
  Sequence sequence(request, model.tokenizer);
  Answer answer;
  auto outcome = sequence.replay_emitted();
  CHECK(!outcome.piece);
  while (!outcome.finished) {
    outcome = sequence.take_logits(model.logits(sequence.tokens()));
    if (outcome.piece) {
      CHECK_EQUAL(answer.pieces.size(), size_t{outcome.piece->number});
      CHECK(!outcome.piece->tokens.empty());  // whoever has the text has its tokens
      CHECK(is_utf8(outcome.piece->text));
      answer.pieces.push_back(*outcome.piece);
    }
  }
  answer.finished = sequence.finish(*outcome.finished);
  return answer;
}

// What goes on behind the first `count` pieces of an answer to `request`.
PreparedSequence behind(PreparedSequence request, const std::vector<wire::TokenPiece>& pieces, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    for (const auto& token : pieces[i].tokens) request.emitted.push_back(token.id);
    request.emitted_shortened = pieces[i].shortened;
  }
  return request;
}

void check_rest(const Answer& whole, size_t from, const Answer& rest) {
  CHECK_EQUAL(whole.pieces.size() - from, rest.pieces.size());
  for (size_t i = 0; i < rest.pieces.size(); ++i) {
    const auto& expected = whole.pieces[from + i];
    CHECK_EQUAL(expected.text, rest.pieces[i].text);
    CHECK(expected.tokens == rest.pieces[i].tokens);  // ids, texts, logprobs and alternatives
    CHECK(expected.shortened == rest.pieces[i].shortened);
  }
  CHECK(whole.finished.reason == rest.finished.reason);
  CHECK_EQUAL(whole.finished.matched_stop, rest.finished.matched_stop);
  CHECK_EQUAL(whole.finished.completion_tokens, rest.finished.completion_tokens);
  CHECK_EQUAL(whole.finished.prompt_tokens, rest.finished.prompt_tokens);
  CHECK_EQUAL(whole.finished.message, rest.finished.message);
}

PreparedSequence random_request(TestRandom& random) {
  PreparedSequence request;
  request.id = 1;
  request.context_limit = 96;
  for (uint64_t n = 1 + random.below(5); n > 0; --n) request.prompt.push_back(static_cast<uint32_t>('a' + random.below(20)));
  request.max_tokens = static_cast<uint32_t>(random.below(4) == 0 ? 0 : 1 + random.below(40));
  request.sampling.seed = random.next();
  request.sampling.temperature = random.below(3) == 0 ? 0.0F : 1.2F;
  if (random.below(3) == 0) request.sampling.top_p = 0.8F;
  if (random.below(3) == 0) {
    request.sampling.repeat_penalty = 1.2F;
    request.sampling.frequency_penalty = 0.3F;
    request.sampling.repeat_last_n = static_cast<uint32_t>(random.below(12));
  }
  if (random.below(2) == 0) request.top_logprobs = static_cast<uint32_t>(random.below(4));
  const std::vector<std::string> stops = {"</s>", "END", "世é", "b</", "abab", "D.a"};
  for (uint64_t n = random.below(4); n > 0; --n) request.stop_strings.push_back(stops[random.below(stops.size())]);
  if (random.below(3) == 0) request.ignore_end_tokens = true;
  if (random.below(4) == 0) request.stop_tokens = {static_cast<uint32_t>(256 + random.below(texts.size()))};
  return request;
}

// Every place to break off at, and some to break off again in what had gone on.
void check_every_cut(const Subject& model, const PreparedSequence& request, TestRandom& random) {
  const Answer whole = answer(model, request);
  for (size_t cut = 0; cut <= whole.pieces.size(); ++cut) {
    const Answer rest = answer(model, behind(request, whole.pieces, cut));
    check_rest(whole, cut, rest);
    if (rest.pieces.empty()) continue;
    const size_t further = cut + 1 + random.below(rest.pieces.size());
    check_rest(whole, further, answer(model, behind(request, whole.pieces, further)));
  }
}

}  // namespace

TEST(a_completion_goes_on_behind_every_piece) {
  const Subject model;
  TestRandom random(announced_seed("a_completion_goes_on_behind_every_piece", 11));
  size_t stopped = 0;
  size_t halves = 0;
  for (int round = 0; round < 400; ++round) {
    const auto request = random_request(random);
    const auto whole = answer(model, request);
    stopped += whole.finished.reason == wire::FinishReason::stop_string ? 1 : 0;
    for (const auto& piece : whole.pieces) halves += piece.text.find("\xEF\xBF\xBD") != std::string::npos ? 1 : 0;
    check_every_cut(model, request, random);
  }
  CHECK(stopped > 40);
  CHECK(halves > 40);
}

TEST(a_completion_under_a_grammar_goes_on_behind_every_piece_and_says_why_it_ended) {
  const Subject model;
  TestRandom random(announced_seed("a_completion_under_a_grammar_goes_on_behind_every_piece", 12));
  const std::vector<std::string> grammars = {
      R"(root ::= "{" (root ("," root)*)? "}" | [0-9]+ | "[" root "]")",
      R"(root ::= ("ab" | "世" | "é" | [a-c])* "END")",
      R"(root ::= "[" ([a-c世]+ ",")* "7" "]")",
  };
  size_t shortened = 0;
  size_t whole_ones = 0;
  for (int round = 0; round < 150; ++round) {
    auto request = random_request(random);
    request.stop_tokens.clear();
    request.max_tokens = static_cast<uint32_t>(8 + random.below(30));
    request.grammar = compile(grammars[random.below(grammars.size())], model.tokenizer);
    const auto whole = answer(model, request);
    if (whole.finished.reason == wire::FinishReason::length) ++shortened;
    if (whole.finished.reason == wire::FinishReason::stop_token) ++whole_ones;
    check_every_cut(model, request, random);
  }
  CHECK(shortened > 20);
  CHECK(whole_ones > 20);
}
