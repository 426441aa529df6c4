// libFuzzer target: any bytes are a model file. Build with -DBITFLEET_FUZZ=ON and clang; seed the corpus with
// `bitfleet-engine random-model --shape tiny`.

#include <cstddef>
#include <cstdint>
#include <span>

#include "gguf/gguf_file.h"
#include "model/inference.h"
#include "model/model.h"
#include "model/model_error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bitfleet;
  try {
    const GgufFile file = GgufFile::parse(std::as_bytes(std::span(data, size)));
    for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"}) {
      try {
        file.texts(key);
      } catch (const ModelError&) {
      }
    }
    const auto model = Model::load(file, {});
    InferenceOptions options;
    options.context_length = 8;
    options.max_batch = 2;
    Inference inference(*model, options);
    const BatchToken batch[] = {{0, 0, 0, false}, {0, 1, 0, true}};
    inference.step(batch);
  } catch (const ModelError&) {
  }
  return 0;
}
