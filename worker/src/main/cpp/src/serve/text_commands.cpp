#include "serve/text_commands.h"

#include "schedule/prepare.h"
#include "wire/frame.h"

namespace bitfleet {

wire::Tokenized answer(const wire::Tokenize& command, const Tokenizer& tokenizer, uint32_t vocabulary) {
  wire::Tokenized tokenized;
  tokenized.request_id = command.request_id;
  if (command.most_tokens > 0) {
    // As for an open: what is too long by its bytes alone keeps nobody waiting.
    size_t text_bytes = 0;
    for (const auto& segment : command.prompt) {
      if (const auto* text = std::get_if<std::string>(&segment)) text_bytes += text->size();
    }
    if (const size_t fewest = tokenizer.fewest_tokens(text_bytes); fewest > command.most_tokens) {
      tokenized.at_least = static_cast<uint32_t>(fewest);
      return tokenized;
    }
  }
  auto result = tokenize_prompt(command.prompt, command.add_begin_token, tokenizer, vocabulary);
  if (auto* ids = std::get_if<std::vector<uint32_t>>(&result)) {
    tokenized.ids = std::move(*ids);
  } else {
    tokenized.error = std::get<std::string>(result);
  }
  // A byte of text is a token at most, and a token five bytes of a frame at most.
  if (tokenized.ids.size() > wire::most_frame_bytes / 5) {
    tokenized.ids.clear();
    tokenized.error = "the text has more tokens than a frame holds";
  }
  if (command.with_pieces) {
    size_t bytes = tokenized.ids.size() * 5;
    for (uint32_t id : tokenized.ids) bytes += tokenizer.named_piece(id).size() + 6;
    if (bytes > wire::most_frame_bytes - 64) {
      tokenized.ids.clear();
      tokenized.error = "the text has longer pieces than a frame holds";
      return tokenized;
    }
    for (uint32_t id : tokenized.ids) tokenized.pieces.emplace_back(tokenizer.named_piece(id));
  }
  return tokenized;
}

wire::Detokenized answer(const wire::Detokenize& command, const Tokenizer& tokenizer, uint32_t vocabulary) {
  wire::Detokenized detokenized;
  detokenized.request_id = command.request_id;
  size_t bytes = 0;
  for (size_t i = 0; i < command.ids.size(); ++i) {
    const uint32_t id = command.ids[i];
    if (id >= vocabulary) {
      detokenized.error = "tokens[" + std::to_string(i) + "]: token " + std::to_string(id) + " is not below the vocabulary size " + std::to_string(vocabulary);
      return detokenized;
    }
    bytes += tokenizer.named_piece(id).size();
  }
  if (bytes > wire::most_frame_bytes - 64) {
    detokenized.error = "the text is longer than a frame";
    return detokenized;
  }
  detokenized.text = tokenizer.decode(command.ids, command.render_control);
  return detokenized;
}

}  // namespace bitfleet
