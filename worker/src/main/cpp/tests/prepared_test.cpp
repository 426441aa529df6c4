// Prepared files: the same model from them as from the model's own file, and never from one that is stale, damaged or wrong.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "check.h"
#include "gguf/gguf_file.h"
#include "model/fingerprint.h"
#include "model/inference.h"
#include "model/model.h"
#include "model/model_error.h"
#include "model/prepared_file.h"
#include "model_bytes.h"
#include "random_bytes.h"

using namespace bitfleet;
using bitfleet::testing::model_bytes;
using bitfleet::testing::TestRandom;

namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/bitfleet-prepared-XXXXXX";
    CHECK(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() {
    chmod(path.c_str(), 0700);
    std::filesystem::remove_all(path);
  }
  std::filesystem::path path;
};

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
  CHECK(out.good());
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> prepared_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().find("prepared") != std::string::npos) found.push_back(entry.path());
  }
  return found;
}

LoadOptions options_for(const std::filesystem::path& model, WeightQuant quant, TernaryLayout layout = TernaryLayout::two_bit) {
  LoadOptions options;
  options.threads = 2;
  options.layout = layout;
  options.unembed_quant = quant;
  options.path = model;
  options.least_prepared = 0;
  return options;
}

// Bytes of a file that are mapped into this process and resident.
uint64_t resident_of(const std::filesystem::path& path) {
  std::ifstream in("/proc/self/smaps");
  uint64_t kibibytes = 0;
  bool of_file = false;
  for (std::string line; std::getline(in, line);) {
    if (line.find(path.string()) != std::string::npos) of_file = true;
    else if (of_file && line.starts_with("Rss:")) {
      kibibytes += std::stoull(line.substr(4));
      of_file = false;
    }
  }
  return kibibytes << 10;
}

std::vector<float> logits_of(const Model& model) {
  InferenceOptions options;
  options.context_length = 32;
  options.max_batch = 8;
  Inference inference(model, options);
  std::vector<float> all;
  for (uint32_t position = 0; position < 5; ++position) {
    const BatchToken batch[] = {{position * 37 % 512, position, 0, true}};
    const auto logits = inference.step(batch);
    all.insert(all.end(), logits.begin(), logits.end());
  }
  return all;
}

struct Outcome {
  std::vector<float> logits;
  std::string fingerprint;
  uint64_t parameters;
  std::vector<std::string> assumptions;
  bool operator==(const Outcome&) const = default;
};

Outcome load(const LoadOptions& options, const std::filesystem::path& model) {
  const auto loaded = Model::load(GgufFile::open(model), options);
  return {logits_of(*loaded), loaded->fingerprint(), loaded->parameters(), {loaded->assumptions().begin(), loaded->assumptions().end()}};
}

std::vector<tools::RandomModelSpec> variants() {
  std::vector<tools::RandomModelSpec> specs(4);
  specs[1].linear_type = TensorType::tq1_0;
  specs[1].block_scales = true;
  specs[1].embedding_type = TensorType::q8_0;
  specs[2].architecture = "llama";
  specs[2].tied_head = false;
  specs[2].head_type = TensorType::q6_k;
  specs[2].rope_factors = true;
  specs[3].linear_type = TensorType::f16;
  specs[3].embedding_type = TensorType::bf16;
  specs[3].tied_head = false;
  return specs;
}

TEST(a_model_from_its_prepared_file_is_the_model) {
  for (const auto& spec : variants()) {
    for (const WeightQuant quant : {WeightQuant::none, WeightQuant::int8, WeightQuant::q4_0}) {
      for (const TernaryLayout layout : {TernaryLayout::two_bit, TernaryLayout::base3}) {
        const Folder folder;
        const auto file = folder.path / "model.gguf";
        write(file, model_bytes(spec));
        LoadOptions plain = options_for(file, quant, layout);
        plain.path.clear();
        const Outcome expected = load(plain, file);
        CHECK(prepared_in(folder.path).empty());

        const LoadOptions options = options_for(file, quant, layout);
        CHECK(load(options, file) == expected);
        CHECK_EQUAL(prepared_in(folder.path).size(), 1U);
        const auto written = std::filesystem::last_write_time(prepared_in(folder.path)[0]);
        CHECK(load(options, file) == expected);
        CHECK(std::filesystem::last_write_time(prepared_in(folder.path)[0]) == written);  // read, not made again
      }
    }
  }
}

TEST(another_model_under_the_same_name_is_noticed) {
  const Folder folder;
  const auto file = folder.path / "model.gguf";
  tools::RandomModelSpec spec;
  write(file, model_bytes(spec));
  const LoadOptions options = options_for(file, WeightQuant::int8);
  const Outcome first = load(options, file);
  spec.seed = 2;  // as long, with the same preamble
  write(file, model_bytes(spec));
  const Outcome second = load(options, file);
  CHECK(second.fingerprint != first.fingerprint);
  CHECK(second.logits != first.logits);
  CHECK(load(options, file) == second);
}

TEST(damage_anywhere_is_noticed_and_mended) {
  const Folder folder;
  const auto file = folder.path / "model.gguf";
  write(file, model_bytes(tools::RandomModelSpec{}));
  const LoadOptions options = options_for(file, WeightQuant::q4_0);
  const Outcome expected = load(options, file);
  const auto prepared = prepared_in(folder.path).at(0);
  const std::string whole = read(prepared);
  TestRandom random(11);
  for (int i = 0; i < 60; ++i) {
    std::string damaged = whole;
    const size_t at = i < 20 ? random.below(96) : random.below(static_cast<uint32_t>(whole.size()));
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.below(8)));
    write(prepared, damaged);
    CHECK(load(options, file) == expected);
  }
  for (const size_t length : {size_t{0}, size_t{50}, size_t{4096}, whole.size() / 2, whole.size() - 1}) {
    write(prepared, whole.substr(0, length));
    CHECK(load(options, file) == expected);
    CHECK(read(prepared) == whole);  // mended
  }
  write(prepared, whole + "x");
  CHECK(load(options, file) == expected);
}

TEST(a_file_that_is_whole_and_does_not_fit_is_not_used) {
  const Folder folder;
  const auto small = folder.path / "small.gguf";
  const auto large = folder.path / "large.gguf";
  tools::RandomModelSpec spec;
  write(small, model_bytes(spec));
  spec.feed_forward = 1024;
  write(large, model_bytes(spec));
  const Outcome expected = load(options_for(large, WeightQuant::int8), large);
  load(options_for(small, WeightQuant::int8), small);
  // The small model's arrays under the large one's key: checksums are right, shapes are not.
  const auto name = [](const std::filesystem::path& model) { return model.string() + ".2bit-int8.prepared"; };
  std::string forged = read(name(small));
  const std::string real = read(name(large));
  CHECK(forged.size() > 4096 && real.size() > 4096);
  std::memcpy(forged.data() + 16, real.data() + 16, 32);
  Fingerprint print;
  print.add(std::as_bytes(std::span(forged.data(), 80)));
  const uint64_t checksum = print.number();
  std::memcpy(forged.data() + 80, &checksum, sizeof checksum);
  write(name(large), forged);
  CHECK(PreparedReader::open(name(large), std::string_view(real).substr(16, 32)).has_value());  // so it is the shapes that tell
  CHECK(load(options_for(large, WeightQuant::int8), large) == expected);
  CHECK(read(name(large)) == real);
}

TEST(a_folder_that_takes_nothing_is_survived_and_the_spare_one_used) {
  const Folder folder;
  const Folder spare;
  const auto models = folder.path / "models";
  std::filesystem::create_directory(models);
  const auto file = models / "model.gguf";
  write(file, model_bytes(tools::RandomModelSpec{}));
  // Root writes to read-only folders: a folder in the way of the file's name stops everyone.
  std::filesystem::create_directory(file.string() + ".2bit-int8.prepared");
  LoadOptions options = options_for(file, WeightQuant::int8);
  const Outcome without = load(options, file);
  CHECK(std::any_of(without.assumptions.begin(), without.assumptions.end(), [](const std::string& a) { return a.find("prepared") != std::string::npos; }));
  options.spare_folder = spare.path;
  const Outcome with = load(options, file);
  CHECK(with.logits == without.logits);
  CHECK_EQUAL(prepared_in(spare.path).size(), 1U);
  CHECK(load(options, file) == with);
  for (const auto& entry : std::filesystem::directory_iterator(models)) CHECK(entry.path().string().find("partial") == std::string::npos);
}

TEST(a_small_model_gets_none) {
  const Folder folder;
  const auto file = folder.path / "model.gguf";
  write(file, model_bytes(tools::RandomModelSpec{}));
  LoadOptions options = options_for(file, WeightQuant::int8);
  options.least_prepared = 64 << 20;
  load(options, file);
  CHECK(prepared_in(folder.path).empty());
}

TEST(an_embedding_that_is_no_head_takes_no_memory) {
  const Folder folder;
  const auto file = folder.path / "model.gguf";
  tools::RandomModelSpec spec;
  write(file, model_bytes(spec));
  const auto tied = Model::load(GgufFile::open(file), options_for(file, WeightQuant::none));
  const auto rounded = Model::load(GgufFile::open(file), options_for(file, WeightQuant::int8));
  CHECK(rounded->resident_bytes() < tied->resident_bytes());
}

}  // namespace

TEST(what_the_embedding_reads_of_the_file_does_not_stay_resident) {
  const Folder folder;
  const auto path = folder.path / "model.gguf";
  write(path, model_bytes({}));
  LoadOptions options;
  options.unembed_quant = WeightQuant::int8;
  const auto model = Model::load(GgufFile::open(path), options);
  InferenceOptions inference_options;
  inference_options.context_length = 600;
  inference_options.max_batch = 64;
  Inference inference(*model, inference_options);
  uint64_t most = 0;
  for (uint32_t position = 0; position < 512;) {
    std::vector<BatchToken> batch;
    for (uint32_t i = 0; i < 64; ++i, ++position) batch.push_back({position * 37 % model->hyperparameters().vocabulary, position, 0, false});
    inference.step(batch);
    most = std::max(most, resident_of(path));
  }
  CHECK(most > 0);  // it is read in place
  CHECK_EQUAL(uint64_t{0}, resident_of(path));
}
