#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "model/kv_cache.h"
#include "schedule/event_sink.h"
#include "schedule/prepare.h"
#include "schedule/scheduler.h"
#include "schedule/step_model.h"
#include "text/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/tokenizer.h"

namespace bitfleet::testing {

// Bytes 0..255 as tokens of themselves, then an end token and another control token.
inline constexpr uint32_t end_token = 256;
inline constexpr uint32_t control_token = 257;
inline constexpr uint32_t byte_vocabulary = 258;

inline Tokenizer byte_tokenizer() {
  Vocabulary vocabulary;
  vocabulary.pre = "gpt-2";
  for (uint32_t byte = 0; byte < 256; ++byte) {
    std::string text;
    append_utf8(text, letter_of_byte(static_cast<uint8_t>(byte)));
    vocabulary.tokens.push_back({text});
  }
  vocabulary.tokens.push_back({"<|eot_id|>", TokenType::control});
  vocabulary.tokens.push_back({"<|x|>", TokenType::control});
  vocabulary.end_tokens = {end_token};
  return Tokenizer(std::move(vocabulary));
}

// A model whose logits are a function of all tokens before, and of nothing else: what it has for KV are the tokens
// themselves, in pages, so a mistake in what lies in which page changes every text. Fails the test when it is stepped against
// its contract, or writes where another slot reads.
class HashingModel final : public StepModel {
 public:
  // pages: of all slots together; 0 = as many as give each its whole context.
  HashingModel(uint32_t slots, uint32_t context, uint32_t most_batch, uint32_t pages = 0)
      : context_(context), most_batch_(most_batch), slots_(slots), pages_(pages == 0 ? slots * pages_for(context) : pages) {}

  std::span<const float> step(std::span<const BatchToken> batch) override {
    CHECK(!batch.empty() && batch.size() <= most_batch_);
    largest_batch = std::max(largest_batch, batch.size());
    computed += batch.size();
    logits_.clear();
    hidden_.clear();
    for (const BatchToken& token : batch) {
      Slot& slot = slots_.at(token.slot);
      CHECK_EQUAL(slot.length, token.position);
      CHECK(token.position < context_);
      CHECK(token.token < byte_vocabulary);
      const uint32_t page = slot.pages.at(token.position / kv_page);
      CHECK_EQUAL(1, readers(page));
      pages_.at(page)[token.position % kv_page] = token.token;
      ++slot.length;
      if (!token.want_logits && !token.want_hidden) continue;
      const auto history = tokens_in(token.slot);
      if (token.want_logits) append_logits(history);
      if (token.want_hidden) append_hidden(history);
    }
    ++steps;
    if (after_step) after_step(batch);
    return logits_;
  }

  void truncate(uint32_t slot, uint32_t positions) override {
    slots_.at(slot).length = std::min(slots_[slot].length, positions);
  }

  void map(uint32_t slot, std::span<const uint32_t> pages, uint32_t positions) override {
    CHECK(positions <= pages.size() * kv_page);
    slots_.at(slot) = {{pages.begin(), pages.end()}, positions};
  }

  void copy_page(uint32_t from, uint32_t to) override {
    CHECK(from != to && readers(to) == 0);
    pages_.at(to) = pages_.at(from);
    ++copies;
  }

  uint32_t kv_pages() const override { return static_cast<uint32_t>(pages_.size()); }

  // What the slot's pages hold.
  std::vector<uint32_t> tokens_in(uint32_t slot) const {
    std::vector<uint32_t> tokens;
    for (uint32_t p = 0; p < slots_.at(slot).length; ++p) tokens.push_back(pages_.at(slots_[slot].pages.at(p / kv_page))[p % kv_page]);
    return tokens;
  }

  uint32_t vocabulary() const override { return byte_vocabulary; }

  // [3]: the position, the token, and a hash of everything before it in its slot.
  std::span<const float> hidden(uint32_t n) const override { return std::span(hidden_).subspan(3 * size_t{n}, 3); }

  uint64_t steps = 0;
  uint64_t computed = 0;                        // tokens
  uint64_t copies = 0;                          // of pages
  std::function<void(std::span<const BatchToken>)> after_step;
  size_t largest_batch = 0;
  float end_logit = -100;                       // raised by tests that want sequences to end by themselves
  std::optional<uint32_t> poison;               // a token after which logits are NaN
  std::map<std::string, std::string> script;    // a history that ends in the key goes on with the first byte of the value

 private:
  void append_hidden(const std::vector<uint32_t>& history) {
    uint32_t hash = 0;
    for (uint32_t token : history) hash = hash * 31 + token;
    hidden_.push_back(static_cast<float>(history.size()));
    hidden_.push_back(poison == history.back() ? std::numeric_limits<float>::infinity() : static_cast<float>(history.back()));
    hidden_.push_back(static_cast<float>(hash % 1000));
  }

  void append_logits(const std::vector<uint32_t>& history) {
    uint64_t hash = 0xcbf29ce484222325;
    std::string text;
    bool poisoned = false;
    for (uint32_t token : history) {
      hash = (hash ^ token) * 0x100000001b3;
      poisoned |= poison && token == *poison;
      text.push_back(static_cast<char>(token));
    }
    std::mt19937_64 random(hash);
    const size_t begin = logits_.size();
    for (uint32_t i = 0; i < byte_vocabulary; ++i) logits_.push_back(static_cast<float>(random() >> 40) * 0x1p-22f);
    // Mostly letters, now and then the pieces of a character.
    for (uint32_t i = 0; i < 256; ++i) {
      if (i < 'a' || i > 'e') logits_[begin + i] -= i == 0xC3 || i == 0xA9 || i == 0xFF ? 1.0f : 100.0f;
    }
    logits_[begin + end_token] = end_logit;
    logits_[begin + control_token] = -100;
    for (const auto& [key, next] : script) {
      if (text.ends_with(key)) logits_[begin + static_cast<uint8_t>(next[0])] = 200;
    }
    if (poisoned) logits_[begin + 3] = std::numeric_limits<float>::quiet_NaN();
  }

  struct Slot {
    std::vector<uint32_t> pages;
    uint32_t length = 0;
  };

  int readers(uint32_t page) const {
    return static_cast<int>(std::ranges::count_if(slots_, [&](const Slot& slot) { return std::ranges::find(slot.pages, page) != slot.pages.end(); }));
  }

  uint32_t context_;
  size_t most_batch_;
  std::vector<Slot> slots_;
  std::vector<std::array<uint32_t, kv_page>> pages_;
  std::vector<float> logits_;
  std::vector<float> hidden_;
};

// What became of each sequence; checks the protocol's order as events arrive.
class Recorder final : public EventSink {
 public:
  struct Record {
    std::optional<wire::SequenceAccepted> accepted;
    std::optional<wire::SequenceRejected> rejected;
    std::vector<wire::TokenInfo> prompt;  // what PromptScored told
    std::vector<wire::TokenPiece> pieces;
    std::optional<wire::SequenceFinished> finished;

    std::string text() const {
      std::string all;
      for (const auto& piece : pieces) all += piece.text;
      return all;
    }
    std::vector<uint32_t> tokens() const {
      std::vector<uint32_t> all;
      for (const auto& piece : pieces) {
        for (const auto& token : piece.tokens) all.push_back(token.id);
      }
      return all;
    }
  };

  void send(const wire::EngineEvent& event) override {
    if (const auto* accepted = std::get_if<wire::SequenceAccepted>(&event)) {
      Record& record = of(accepted->sequence_id);
      CHECK(!record.accepted && !record.rejected);
      record.accepted = *accepted;
    } else if (const auto* rejected = std::get_if<wire::SequenceRejected>(&event)) {
      of(rejected->sequence_id).rejected = *rejected;
    } else if (const auto* piece = std::get_if<wire::TokenPiece>(&event)) {
      Record& record = of(piece->sequence_id);
      CHECK(record.accepted && !record.finished);
      CHECK_EQUAL(record.pieces.size(), size_t{piece->number});
      CHECK(is_utf8(piece->text));
      record.pieces.push_back(*piece);
    } else if (const auto* scored = std::get_if<wire::PromptScored>(&event)) {
      Record& record = of(scored->sequence_id);
      CHECK(record.accepted && record.pieces.empty() && !record.finished);
      record.prompt.insert(record.prompt.end(), scored->tokens.begin(), scored->tokens.end());
    } else if (const auto* finished = std::get_if<wire::SequenceFinished>(&event)) {
      Record& record = of(finished->sequence_id);
      CHECK(record.accepted && !record.finished);
      record.finished = *finished;
    } else if (const auto* pong = std::get_if<wire::Pong>(&event)) {
      pongs.push_back(*pong);
    } else if (const auto* embedded = std::get_if<wire::Embedded>(&event)) {
      CHECK(embeddings.emplace(embedded->request_id, *embedded).second);
    }
  }

  Record& of(uint64_t id) { return records_[id]; }

  std::vector<wire::Pong> pongs;
  std::map<uint64_t, wire::Embedded> embeddings;

 private:
  std::map<uint64_t, Record> records_;
};

inline wire::OpenSequence request(uint64_t id, const std::string& prompt, uint32_t max_tokens = 16) {
  wire::OpenSequence open;
  open.sequence_id = id;
  open.prompt.emplace_back(prompt);
  open.max_tokens = max_tokens;
  wire::Sampling sampling;
  sampling.temperature = 1;
  sampling.top_p = 1;
  sampling.typical_p = 1;
  sampling.repeat_penalty = 1;
  sampling.seed = id;
  open.sampling = sampling;
  return open;
}

}  // namespace bitfleet::testing
