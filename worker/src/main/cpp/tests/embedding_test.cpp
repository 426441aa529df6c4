#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "check.h"
#include "engine_fixtures.h"
#include "schedule/embedding.h"

using namespace bitfleet;
using namespace bitfleet::testing;
using wire::Rejection;

namespace {

wire::Embed embed_request(uint64_t id, const std::string& text) {
  wire::Embed embed;
  embed.request_id = id;
  embed.prompt.emplace_back(text);
  return embed;
}

struct EmbeddingBench {
  explicit EmbeddingBench(Pooling pooling, uint32_t slots = 2, uint32_t chunk = 4, bool causal = true, uint32_t context = 64)
      : options{slots, chunk, pooling, causal},
        model(options.model_slots(), context, slots + chunk + (causal ? 0 : context)),
        limits{context, byte_vocabulary, !causal},
        scheduler(model, tokenizer, options, events) {}

  void embed(const wire::Embed& embed) {
    auto prepared = prepare_embedding(embed, tokenizer, limits);
    if (auto* refused = std::get_if<wire::Embedded>(&prepared)) events.send(*refused);
    else scheduler.embed(std::move(std::get<PreparedEmbedding>(prepared)));
  }
  void open(const wire::OpenSequence& open) {
    auto prepared = prepare(open, tokenizer, limits);
    if (auto* rejected = std::get_if<wire::SequenceRejected>(&prepared)) events.send(*rejected);
    else scheduler.open(std::move(std::get<PreparedSequence>(prepared)));
  }
  void run() {
    for (int guard = 0; !scheduler.idle(); ++guard) {
      CHECK(guard < 100'000);
      scheduler.step();
    }
  }

  Tokenizer tokenizer = byte_tokenizer();
  SchedulerOptions options;
  HashingModel model;
  PrepareLimits limits;
  Recorder events;
  Scheduler scheduler;
};

std::vector<float> embedding_alone(Pooling pooling, const std::string& text) {
  EmbeddingBench bench(pooling, 1, 64);
  bench.embed(embed_request(1, text));
  bench.run();
  return bench.events.embeddings.at(1).values;
}

std::vector<float> of_length_1(double a, double b, double c) {
  const double length = std::sqrt(a * a + b * b + c * c);
  return {static_cast<float>(a / length), static_cast<float>(b / length), static_cast<float>(c / length)};
}

}  // namespace

TEST(texts_are_pooled_as_the_pooling_says) {
  // The stand-in's hidden state is (position + 1, token, hash of all up to here).
  const double a = 'a', b = 'b', ab = a * 31 + b;
  CHECK(embedding_alone(Pooling::last, "ab") == of_length_1(2, b, static_cast<int>(ab) % 1000));
  CHECK(embedding_alone(Pooling::cls, "ab") == of_length_1(1, a, a));
  CHECK(embedding_alone(Pooling::mean, "ab") == of_length_1(3, a + b, a + static_cast<int>(ab) % 1000));
}

TEST(an_embedding_is_the_same_alone_and_in_company_whatever_the_chunks) {
  std::vector<std::string> texts;
  for (int i = 0; i < 12; ++i) texts.push_back("query: " + std::string(static_cast<size_t>(1 + 4 * i), static_cast<char>('a' + i)));
  EmbeddingBench undisturbed(Pooling::none);
  undisturbed.open(request(100, "some company", 20));
  undisturbed.run();
  for (const Pooling pooling : {Pooling::mean, Pooling::cls, Pooling::last}) {
    for (const uint32_t chunk : {1u, 5u, 64u}) {
      EmbeddingBench bench(pooling, 3, chunk);
      bench.open(request(100, "some company", 20));
      for (size_t i = 0; i < texts.size(); ++i) bench.embed(embed_request(i, texts[i]));
      bench.run();
      for (size_t i = 0; i < texts.size(); ++i) {
        CHECK(bench.events.embeddings.at(i).values == embedding_alone(pooling, texts[i]));
        CHECK_EQUAL(texts[i].size(), size_t{bench.events.embeddings.at(i).prompt_tokens});
      }
      CHECK_EQUAL(undisturbed.events.of(100).text(), bench.events.of(100).text());
      CHECK(bench.model.largest_batch <= 3 + chunk);
    }
  }
}

TEST(only_the_last_tokens_pooling_goes_on_from_a_known_prefix) {
  for (const Pooling pooling : {Pooling::mean, Pooling::last}) {
    EmbeddingBench bench(pooling, 1);
    bench.embed(embed_request(1, "instruct: find. query: one"));
    bench.run();
    bench.embed(embed_request(2, "instruct: find. query: two"));
    bench.run();
    CHECK_EQUAL(pooling == Pooling::last ? 23u : 0u, bench.events.embeddings.at(2).cached_tokens);
    CHECK(bench.events.embeddings.at(2).values == embedding_alone(pooling, "instruct: find. query: two"));
  }
}

TEST(a_stream_gets_a_token_in_every_step_while_texts_are_embedded) {
  EmbeddingBench bench(Pooling::mean, 2, 4);
  bench.open(request(1, "ab", 12));
  bench.scheduler.step();
  for (uint64_t i = 10; i < 16; ++i) bench.embed(embed_request(i, std::string(40, 'x')));
  for (size_t step = 0; step < 8; ++step) {
    const size_t before = bench.events.of(1).tokens().size();
    bench.scheduler.step();
    CHECK_EQUAL(before + 1, bench.events.of(1).tokens().size());
    CHECK(bench.model.largest_batch <= 2 + 4);
  }
}

TEST(sequences_take_slots_from_texts_and_texts_still_get_done) {
  EmbeddingBench bench(Pooling::mean, 2, 2);
  for (uint64_t i = 1; i <= 5; ++i) bench.embed(embed_request(i, std::string(30, static_cast<char>('a' + i))));
  bench.scheduler.step();  // three texts have the three slots
  bench.open(request(100, "first", 200));
  bench.open(request(101, "second", 200));
  CHECK(bench.events.of(100).accepted && bench.events.of(101).accepted);
  bench.open(request(102, "third", 2));
  CHECK(bench.events.of(102).rejected->code == Rejection::busy);
  for (int step = 0; bench.events.embeddings.empty(); ++step) {
    CHECK(step < 40);
    bench.scheduler.step();
  }
  CHECK(!bench.events.of(100).finished);
  bench.run();
  for (uint64_t i = 1; i <= 5; ++i) {
    CHECK(bench.events.embeddings.at(i).values == embedding_alone(Pooling::mean, std::string(30, static_cast<char>('a' + i))));
  }
}

TEST(cancelled_texts_are_not_answered_and_free_their_slots) {
  EmbeddingBench bench(Pooling::mean, 1, 2);
  for (uint64_t i = 1; i <= 4; ++i) bench.embed(embed_request(i, std::string(20, 'a')));
  bench.scheduler.step();
  bench.scheduler.cancel_embedding(1);   // runs
  bench.scheduler.cancel_embedding(4);   // waits
  bench.scheduler.cancel_embedding(77);  // unknown
  bench.run();
  CHECK(!bench.events.embeddings.contains(1) && !bench.events.embeddings.contains(4));
  CHECK(bench.events.embeddings.contains(2) && bench.events.embeddings.contains(3));
}

TEST(texts_that_cannot_be_embedded_say_why) {
  const auto error_of = [](EmbeddingBench& bench, const wire::Embed& embed) {
    bench.embed(embed);
    bench.run();
    const auto answer = bench.events.embeddings.at(embed.request_id);
    CHECK(answer.values.empty() && !answer.message.empty());
    return answer;
  };
  EmbeddingBench generator(Pooling::none);
  CHECK(error_of(generator, embed_request(1, "a")).error == wire::EmbedError::unsupported);

  EmbeddingBench bench(Pooling::last, 1, 4);
  bench.model.poison = 'z';
  CHECK(error_of(bench, embed_request(1, "")).error == wire::EmbedError::empty);
  wire::Embed unknown = embed_request(2, "a");
  unknown.prompt.emplace_back(std::vector<uint32_t>{byte_vocabulary});
  CHECK(error_of(bench, unknown).error == wire::EmbedError::invalid);
  const auto too_long = error_of(bench, embed_request(3, std::string(65, 'a')));
  CHECK(too_long.error == wire::EmbedError::context_length_exceeded);
  CHECK(too_long.prompt_tokens == 65 && too_long.context_length == 64);
  CHECK(error_of(bench, embed_request(4, "aaz")).error == wire::EmbedError::failed);
  bench.embed(embed_request(5, std::string(64, 'a')));
  for (uint64_t i = 6; bench.events.embeddings.size() < 5; ++i) bench.embed(embed_request(i, "b"));
  CHECK_EQUAL(size_t{1}, static_cast<size_t>(std::ranges::count_if(bench.events.embeddings, [](const auto& e) { return e.second.error == wire::EmbedError::busy; })));
  bench.run();
  CHECK_EQUAL(size_t{3}, bench.events.embeddings.at(5).values.size());
}

TEST(where_tokens_see_the_whole_text_it_goes_into_one_step_and_nothing_is_generated) {
  EmbeddingBench bench(Pooling::mean, 3, 8, false);
  bench.open(request(1, "abc", 2));
  CHECK(bench.events.of(1).rejected->code == Rejection::invalid);
  bench.embed(embed_request(2, std::string(40, 'a')));
  bench.embed(embed_request(3, "abc"));
  bench.embed(embed_request(4, "abcd"));
  bench.run();
  CHECK_EQUAL(2u, bench.model.steps);
  CHECK_EQUAL(size_t{3}, bench.events.embeddings.size());
}
