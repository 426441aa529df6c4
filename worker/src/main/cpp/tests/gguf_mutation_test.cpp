// Thousands of damaged copies of a tiny model: each is refused with a ModelError or runs a step; none crashes, hangs or
// takes memory without bound. Meant to be run under AddressSanitizer as well (BITFLEET_SANITIZE).

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>

#include "check.h"
#include "model/inference.h"
#include "model/model_error.h"
#include "model_bytes.h"
#include "random_bytes.h"

using namespace bitfleet;
using namespace bitfleet::testing;

namespace {

constexpr uint64_t interesting[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 36, 127, 128, 255, 256, 65535, 65536, 0x7FFFFFFF, 0x80000000,
                                    0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF};

// Most of the file is weights, where any value is as good as another; damage is aimed at the front.
size_t position(TestRandom& random, size_t size, size_t front) { return random.below(8) == 0 ? random.below(size) : random.below(std::min(front, size)); }

void mutate(std::string& bytes, TestRandom& random, size_t front) {
  for (uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
    const size_t at = position(random, bytes.size(), front);
    switch (random.below(7)) {
      case 0: bytes[at] = static_cast<char>(random.next()); break;
      case 1: bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.below(8)); break;
      case 2:
      case 3: {
        const uint64_t value = interesting[random.below(std::size(interesting))];
        std::memcpy(bytes.data() + at, &value, std::min<size_t>({1ULL << random.below(4), 8, bytes.size() - at}));
        break;
      }
      case 4: bytes.resize(std::max<size_t>(1, random.below(4) == 0 ? random.below(bytes.size()) : bytes.size() - std::min<size_t>(bytes.size() - 1, random.below(64)))); break;
      case 5: bytes.erase(at, random.below(16)); break;
      default: {
        const size_t from = position(random, bytes.size(), front);
        bytes.insert(at, bytes.substr(from, random.below(32)));
      }
    }
  }
}

// True when the copy was sound enough to run.
bool try_model(const std::string& bytes) {
  try {
    const auto model = load_model(bytes);
    InferenceOptions options;
    options.context_length = std::min(8U, model->hyperparameters().context_length);
    options.max_batch = 4;
    Inference inference(*model, options);
    const BatchToken batch[] = {{0, 0, 0, true}};
    CHECK_EQUAL(static_cast<size_t>(model->hyperparameters().vocabulary), inference.step(batch).size());
    return true;
  } catch (const ModelError& error) {
    CHECK(std::strlen(error.what()) > 0 && std::strlen(error.what()) < 2000);
    return false;
  }
}

void storm(const tools::RandomModelSpec& spec, uint64_t seed, std::chrono::milliseconds limit) {
  const std::string whole = model_bytes(spec);
  const GgufFile file = GgufFile::parse(bytes_of(whole));
  const size_t front = file.tensors().front().file_offset;
  CHECK(try_model(whole));
  const auto start = std::chrono::steady_clock::now();
  size_t tried = 0;
  size_t ran = 0;
  for (; tried < 4000 && std::chrono::steady_clock::now() - start < limit; ++tried) {
    TestRandom random(seed + tried);  // each copy replays by itself
    std::string bytes = whole;
    mutate(bytes, random, front);
    ran += try_model(bytes) ? 1 : 0;
  }
  std::printf("      %zu damaged copies, %zu still ran\n", tried, ran);
  CHECK(tried > 20);
}

}  // namespace

TEST(damaged_copies_of_an_i2_s_model_never_crash) {
  storm(smallest_spec(), announced_seed("i2_s storm", 1000), std::chrono::seconds(4));
}

TEST(damaged_copies_of_a_tq1_0_llama_model_never_crash) {
  tools::RandomModelSpec spec = smallest_spec();
  spec.architecture = "llama";
  spec.tokenizer = tools::TokenizerKind::llama;
  spec.vocabulary = 400;
  spec.embedding = 256;
  spec.feed_forward = 256;
  spec.linear_type = TensorType::tq1_0;
  spec.embedding_type = TensorType::q6_k;
  spec.rope_factors = true;
  storm(spec, announced_seed("tq1_0 storm", 500000), std::chrono::seconds(4));
}
