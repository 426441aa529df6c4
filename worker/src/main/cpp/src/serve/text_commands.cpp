#include "serve/text_commands.h"

#include "schedule/prepare.h"
#include "wire/frame.h"

namespace bitfleet {

wire::Tokenized answer(const wire::Tokenize& command, const Tokenizer& tokenizer, uint32_t vocabulary) {
  wire::Tokenized tokenized;
  tokenized.request_id = command.request_id;
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
  return tokenized;
}

wire::Detokenized answer(const wire::Detokenize& command, const Tokenizer& tokenizer, uint32_t vocabulary) {
  wire::Detokenized detokenized;
  detokenized.request_id = command.request_id;
  size_t bytes = 0;
  for (uint32_t id : command.ids) {
    if (id >= vocabulary) {
      detokenized.error = "token " + std::to_string(id) + " is not below the vocabulary size " + std::to_string(vocabulary);
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
