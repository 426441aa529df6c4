#include "tokenizer/vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gguf/gguf_file.h"
#include "model/model_error.h"
#include "tokenizer/pre_tokenizer.h"

namespace bitfleet {
namespace {

[[noreturn]] void bad_file(const std::string& message) { throw ModelError(ModelErrorCode::bad_file, message); }

// Tokens that end generation in published models whatever the metadata says.
// Source of the list: llama.cpp, llama-vocab.cpp (the models its converters meet name no more than eos).
constexpr std::array<std::string_view, 12> end_token_texts = {
    "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>",      "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>", "</s>",  "<EOT>",      "[EOT]",        "[EOS]",         "<end_of_utterance>"};

bool has_control_shape(std::string_view text) {
  return text.size() > 4 && text.starts_with("<|") && text.ends_with("|>");
}

TokenType token_type(int64_t number) {
  if (number < 0 || number > 6) return TokenType::undefined;
  return static_cast<TokenType>(number);
}

void read_tokens(const GgufFile& file, Vocabulary& vocabulary) {
  const auto texts = file.texts("tokenizer.ggml.tokens");
  if (!texts || texts->empty()) bad_file("tokenizer.ggml.tokens is missing");
  const auto types = file.integers("tokenizer.ggml.token_type");
  if (types && types->size() != texts->size()) bad_file("tokenizer.ggml.token_type and tokens differ in length");
  const auto scores = file.reals("tokenizer.ggml.scores");
  if (scores && scores->size() != texts->size()) bad_file("tokenizer.ggml.scores and tokens differ in length");

  vocabulary.tokens.reserve(texts->size());
  size_t empty = 0;
  for (size_t id = 0; id < texts->size(); ++id) {
    VocabularyToken token;
    token.text = (*texts)[id];
    if (types) token.type = token_type((*types)[id]);
    if (scores) token.score = (*scores)[id];
    if (std::isnan(token.score)) bad_file("tokenizer.ggml.scores[" + std::to_string(id) + "] is not a number");
    empty += token.text.empty() ? 1 : 0;
    vocabulary.tokens.push_back(std::move(token));
  }
  if (empty > 0) vocabulary.assumptions.push_back(std::to_string(empty) + " tokens are empty; text never yields them");
}

std::optional<uint32_t> read_id(const GgufFile& file, const std::string& name, size_t tokens) {
  const std::string key = "tokenizer.ggml." + name + "_token_id";
  const auto id = file.unsigned_integer(key);
  if (!id) return std::nullopt;
  if (*id >= tokens) bad_file(key + " is " + std::to_string(*id) + ", beyond the " + std::to_string(tokens) + " tokens");
  return static_cast<uint32_t>(*id);
}

void mark_end_tokens(const GgufFile& file, std::optional<uint32_t> default_end, Vocabulary& vocabulary) {
  auto& ends = vocabulary.end_tokens;
  bool any_named = false;
  for (const char* name : {"eos", "eot", "eom"}) {
    const auto id = read_id(file, name, vocabulary.tokens.size());
    if (id) ends.push_back(*id);
    any_named |= id.has_value();
  }
  if (!any_named && default_end && *default_end < vocabulary.tokens.size()) ends.push_back(*default_end);
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    const auto& token = vocabulary.tokens[id];
    const bool named = std::ranges::find(end_token_texts, token.text) != end_token_texts.end();
    // A vocabulary may hold "</s>" as ordinary text (code models do); then it ends nothing.
    if (named && (token.type == TokenType::control || has_control_shape(token.text))) ends.push_back(id);
  }
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  if (ends.empty()) vocabulary.assumptions.push_back("the file names no end token: only limits and stops end a sequence");
}

// Text a user wrote must not turn into a token that steers the model. Files are careless with types ("<|eot_id|>" as
// user_defined), so the meaning decides: end tokens, the begin token and everything written <|…|> is control.
void tighten_types(Vocabulary& vocabulary) {
  size_t changed = 0;
  const auto to_control = [&](uint32_t id) {
    auto& type = vocabulary.tokens[id].type;
    if (type == TokenType::control) return;
    type = TokenType::control;
    ++changed;
  };
  for (uint32_t id : vocabulary.end_tokens) to_control(id);
  if (vocabulary.begin_token) to_control(*vocabulary.begin_token);
  for (uint32_t id = 0; id < vocabulary.tokens.size(); ++id) {
    if (has_control_shape(vocabulary.tokens[id].text)) to_control(id);
  }
  if (changed > 0) {
    vocabulary.assumptions.push_back(std::to_string(changed) +
                                     " tokens act as control tokens though the file gives them another type");
  }
}

}  // namespace

Vocabulary Vocabulary::read(const GgufFile& file) {
  Vocabulary vocabulary;
  const auto model = file.text("tokenizer.ggml.model");
  if (!model) bad_file("tokenizer.ggml.model is missing");
  if (*model == "gpt2") {
    vocabulary.model = TokenizerModel::byte_level_bpe;
  } else if (*model == "llama") {
    vocabulary.model = TokenizerModel::sentencepiece;
  } else {
    throw ModelError(ModelErrorCode::unsupported_model, "tokenizer.ggml.model is neither gpt2 nor llama");
  }
  read_tokens(file, vocabulary);
  const size_t count = vocabulary.tokens.size();
  vocabulary.begin_token = read_id(file, "bos", count);
  vocabulary.unknown_token = read_id(file, "unknown", count);

  std::optional<uint32_t> default_end;
  if (vocabulary.model == TokenizerModel::byte_level_bpe) {
    const auto merges = file.texts("tokenizer.ggml.merges");
    if (!merges) bad_file("tokenizer.ggml.merges is missing");
    vocabulary.merges.assign(merges->begin(), merges->end());
    const auto pre = file.text("tokenizer.ggml.pre");
    if (pre && !pre->empty()) {
      vocabulary.pre = *pre;
    } else {
      // The published BitNet files lack the key and were all made with the Llama-3 tokenizer.
      vocabulary.pre = "llama-bpe";
      vocabulary.assumptions.push_back("tokenizer.ggml.pre is missing: read as llama-bpe");
    }
    vocabulary.add_begin_token = adds_begin_token_by_default(pre_tokenizer_named(vocabulary.pre));
  } else {
    if (!file.contains("tokenizer.ggml.scores")) bad_file("tokenizer.ggml.scores is missing");
    // SentencePiece's own defaults, which files of this kind may leave out.
    if (!vocabulary.begin_token && count > 1) vocabulary.begin_token = 1;
    if (!vocabulary.unknown_token) vocabulary.unknown_token = 0;
    default_end = 2;
    vocabulary.add_begin_token = true;
    vocabulary.add_space_prefix = file.boolean("tokenizer.ggml.add_space_prefix").value_or(true);
  }
  vocabulary.add_begin_token = file.boolean("tokenizer.ggml.add_bos_token").value_or(vocabulary.add_begin_token);
  if (vocabulary.add_begin_token && !vocabulary.begin_token) {
    vocabulary.add_begin_token = false;
    vocabulary.assumptions.push_back("a begin token is asked for, but none is named: none is added");
  }
  if (file.boolean("tokenizer.ggml.add_eos_token").value_or(false)) {
    vocabulary.text_end_token = read_id(file, "eos", count);
    if (!vocabulary.text_end_token && default_end && *default_end < count) vocabulary.text_end_token = default_end;
    if (!vocabulary.text_end_token) vocabulary.assumptions.push_back("an end token is asked for behind texts, but none is named: none is added");
  }
  mark_end_tokens(file, default_end, vocabulary);
  tighten_types(vocabulary);
  return vocabulary;
}

}  // namespace bitfleet
