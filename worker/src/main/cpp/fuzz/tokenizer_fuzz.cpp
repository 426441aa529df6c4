#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "gguf/gguf_file.h"
#include "model/model_error.h"
#include "tokenizer/tokenizer.h"

// The input is a GGUF file; its last 64 bytes are also the text. A vocabulary is read or refused, and what text becomes
// under it are ids of it, none of them a control token.
// Seeds: files of `bitfleet-engine random-model --layers 1 --vocab 512` with either --tokenizer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitfleet;
  try {
    const Tokenizer tokenizer = Tokenizer::load(GgufFile::parse(std::as_bytes(std::span(data, size))));
    const size_t length = std::min<size_t>(size, 64);
    const std::string_view text(reinterpret_cast<const char*>(data) + size - length, length);
    const auto ids = tokenizer.encode(text);
    for (uint32_t id : ids) {
      if (id >= tokenizer.size() || tokenizer.vocabulary().tokens[id].type == TokenType::control) std::abort();
    }
    tokenizer.decode(ids, true);
    tokenizer.fingerprint();
  } catch (const ModelError&) {
  }
  return 0;
}
