#include "gguf/gguf_file.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "check.h"
#include "model/model_error.h"
#include "model_bytes.h"
#include "tools/gguf_writer.h"

using namespace bitfleet;
using bitfleet::testing::bytes_of;

namespace {

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<uint64_t>(out, text.size());
  out.append(text);
}

std::string header(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
  std::string out = "GGUF";
  put(out, version);
  put(out, tensors);
  put(out, entries);
  return out;
}

std::string entry(std::string_view key, uint32_t type) {
  std::string out;
  put_text(out, key);
  put(out, type);
  return out;
}

struct TensorInfo {
  std::string name = "t";
  std::vector<uint64_t> dims{32};
  uint32_t type = 0;
  uint64_t offset = 0;
  std::optional<uint32_t> rank{};
};

std::string info(const TensorInfo& t) {
  std::string out;
  put_text(out, t.name);
  put<uint32_t>(out, t.rank.value_or(static_cast<uint32_t>(t.dims.size())));
  for (const uint64_t dim : t.dims) put(out, dim);
  put(out, t.type);
  put(out, t.offset);
  return out;
}

std::string with_data(std::string head, size_t bytes) {
  head.resize((head.size() + 31) / 32 * 32 + bytes);
  return head;
}

// The code and message of the refusal; fails the test when there is none.
std::string refusal(const std::string& bytes) {
  try {
    GgufFile::parse(bytes_of(bytes));
  } catch (const ModelError& error) {
    return std::string(to_string(error.code())) + ": " + error.what();
  }
  return "accepted";
}

void check_refused(const std::string& bytes, std::string_view part) {
  const std::string message = refusal(bytes);
  if (message.find(part) == std::string::npos) {
    bitfleet::testing::fail(__FILE__, __LINE__, "wanted a refusal about '" + std::string(part) + "', got: " + message);
  }
}

}  // namespace

TEST(every_kind_of_value_reads_back) {
  std::string bytes = header(0, 15);
  bytes += entry("u8", 0) + "\xFF";
  bytes += entry("i8", 1) + "\xFE";
  bytes += entry("u16", 2), put<uint16_t>(bytes, 65535);
  bytes += entry("i16", 3), put<int16_t>(bytes, -2);
  bytes += entry("u32", 4), put<uint32_t>(bytes, 4000000000U);
  bytes += entry("i32", 5), put<int32_t>(bytes, 7);
  bytes += entry("f32", 6), put<float>(bytes, 0.5F);
  bytes += entry("bool", 7) + "\x01";
  bytes += entry("string", 8), put_text(bytes, "text");
  bytes += entry("u64", 10), put<uint64_t>(bytes, UINT64_MAX);
  bytes += entry("i64", 11), put<int64_t>(bytes, 1LL << 40);
  bytes += entry("f64", 12), put<double>(bytes, 0.25);
  bytes += entry("texts", 9), put<uint32_t>(bytes, 8), put<uint64_t>(bytes, 2), put_text(bytes, "a"), put_text(bytes, "");
  bytes += entry("integers", 9), put<uint32_t>(bytes, 3), put<uint64_t>(bytes, 2), put<int16_t>(bytes, -5), put<int16_t>(bytes, 6);
  bytes += entry("reals", 9), put<uint32_t>(bytes, 6), put<uint64_t>(bytes, 1), put<float>(bytes, 1.5F);
  const GgufFile file = GgufFile::parse(bytes_of(bytes));
  CHECK_EQUAL(255UL, *file.unsigned_integer("u8"));
  CHECK_THROWS(ModelError, file.unsigned_integer("i8"));
  CHECK_EQUAL(65535UL, *file.unsigned_integer("u16"));
  CHECK_EQUAL(-2.0, *file.real("i16"));
  CHECK_EQUAL(4000000000UL, *file.unsigned_integer("u32"));
  CHECK_EQUAL(7UL, *file.unsigned_integer("i32"));
  CHECK_EQUAL(0.5, *file.real("f32"));
  CHECK(*file.boolean("bool"));
  CHECK_EQUAL("text", *file.text("string"));
  CHECK_EQUAL(UINT64_MAX, *file.unsigned_integer("u64"));
  CHECK_EQUAL(1UL << 40, *file.unsigned_integer("i64"));
  CHECK_EQUAL(0.25, *file.real("f64"));
  CHECK((*file.texts("texts") == std::vector<std::string_view>{"a", ""}));
  CHECK((*file.integers("integers") == std::vector<int64_t>{-5, 6}));
  CHECK((*file.reals("reals") == std::vector<float>{1.5F}));
  CHECK(!file.text("absent"));
  CHECK(!file.texts("absent"));
  for (const char* key : {"texts", "u8", "f64"}) CHECK_THROWS(ModelError, file.text(key));
  CHECK_THROWS(ModelError, file.texts("integers"));
  CHECK_THROWS(ModelError, file.integers("reals"));
  CHECK_THROWS(ModelError, file.reals("texts"));
  CHECK_THROWS(ModelError, file.boolean("u8"));
  CHECK_THROWS(ModelError, file.real("string"));
  CHECK_THROWS(ModelError, file.unsigned_integer("f32"));
}

TEST(versions_2_and_3_are_read_and_others_refused) {
  CHECK_EQUAL("accepted", refusal(header(0, 0, 2)));
  CHECK_EQUAL("accepted", refusal(header(0, 0, 3)));
  check_refused(header(0, 0, 1), "unsupported_model: GGUF version 1");
  check_refused(header(0, 0, 4), "unsupported_model");
  check_refused(header(0, 0, 0x03000000), "big-endian");
  check_refused("GGML" + header(0, 0).substr(4), "not a GGUF file");
}

TEST(a_file_cut_anywhere_is_refused) {
  const std::string whole = bitfleet::testing::model_bytes(bitfleet::testing::smallest_spec());
  CHECK_EQUAL("accepted", refusal(whole));
  for (size_t length = 0; length < 12000; length += 7) CHECK(refusal(whole.substr(0, length)) != "accepted");
  for (size_t length = 12000; length + 64 < whole.size(); length += 997) check_refused(whole.substr(0, length), "bad_file");
}

TEST(absurd_counts_and_lengths_are_refused_before_anything_is_reserved) {
  check_refused(header(UINT64_MAX, 0), "claims 18446744073709551615 tensors");
  check_refused(header(0, UINT64_MAX), "metadata entries");
  check_refused(header(0, 1), "a metadata key runs past the end");
  std::string long_key = header(0, 1);
  put<uint64_t>(long_key, UINT64_MAX);
  check_refused(long_key, "a metadata key claims");
  std::string long_text = header(0, 1) + entry("k", 8);
  put<uint64_t>(long_text, 1ULL << 40);
  check_refused(long_text, "a string value claims");
  for (const uint32_t type : {0U, 6U, 7U, 8U, 9U, 12U}) {
    std::string array = header(0, 1) + entry("k", 9);
    put(array, type);
    put<uint64_t>(array, UINT64_MAX / 2);
    check_refused(array, "more than the file could hold");
  }
}

TEST(bad_keys_types_and_booleans_are_refused) {
  check_refused(header(0, 1) + entry("", 0) + "\x01", "empty metadata key");
  check_refused(header(0, 1) + entry("\xC3(", 0) + "\x01", "not UTF-8");
  check_refused(header(0, 1) + entry("\xED\xA0\x80", 0) + "\x01", "not UTF-8");
  check_refused(header(0, 1) + entry("a\nb", 0) + "\x01", "control characters");
  check_refused(header(0, 1) + entry("k", 13), "unknown value type 13");
  check_refused(header(0, 1) + entry("k", 7) + "\x02", "neither 0 nor 1");
  check_refused(header(0, 2) + entry("k", 0) + "\x01" + entry("k", 0) + "\x01", "'k' appears twice");
}

TEST(arrays_nest_only_so_deep) {
  const auto nested = [](int depth) {
    std::string bytes = header(0, 1) + entry("k", 9);
    for (int i = 1; i < depth; ++i) put<uint32_t>(bytes, 9), put<uint64_t>(bytes, 1);
    put<uint32_t>(bytes, 0), put<uint64_t>(bytes, 1);
    return bytes + "\x01";
  };
  CHECK_EQUAL("accepted", refusal(nested(4)));
  check_refused(nested(5), "nests arrays");
  check_refused(nested(100000), "nests arrays");
}

TEST(alignment_must_be_a_power_of_two) {
  const auto aligned = [](uint32_t value) {
    std::string bytes = header(0, 1) + entry("general.alignment", 4);
    put(bytes, value);
    return bytes;
  };
  for (const uint32_t good : {8U, 32U, 64U, 4096U}) CHECK_EQUAL("accepted", refusal(aligned(good)));
  for (const uint32_t bad : {0U, 1U, 4U, 33U, 48U, 0x80000000U}) check_refused(aligned(bad), "general.alignment");
  check_refused(header(0, 1) + entry("general.alignment", 8) + std::string(8, '\0'), "not u32");
}

TEST(tensors_must_have_sound_names_shapes_and_places) {
  const auto one = [](const TensorInfo& t, size_t data = 4096) { return with_data(header(1, 0) + info(t), data); };
  CHECK_EQUAL("accepted", refusal(one({})));
  check_refused(one({.name = ""}), "empty tensor name");
  check_refused(one({.name = std::string(300, 'x')}), "a tensor name claims 300");
  check_refused(one({.name = "\xFF"}), "not UTF-8");
  check_refused(one({.rank = 0}), "0 dimensions");
  check_refused(one({.rank = 5}), "5 dimensions");
  check_refused(one({.rank = UINT32_MAX}), "dimensions");
  check_refused(one({.dims = {0}}), "empty or absurd");
  check_refused(one({.dims = {UINT64_MAX}}), "empty or absurd");
  check_refused(one({.dims = {1ULL << 32, 1ULL << 32, 1ULL << 32}}), "empty or absurd");
  check_refused(one({.dims = {1ULL << 47}}), "lies outside the file");
  check_refused(one({.dims = {33}, .type = 8}), "not whole blocks");
  check_refused(one({.dims = {30}, .type = 36}), "not whole blocks");
  check_refused(one({.offset = 1}), "no multiple of 32");
  check_refused(one({.offset = 1ULL << 63}), "lies outside the file");
  check_refused(one({.offset = 4096}), "lies outside the file");
  check_refused(one({.dims = {2048}}), "lies outside the file");
  check_refused(one({}, 0), "outside the file");
}

TEST(tensors_must_not_share_names_or_bytes) {
  const auto two = [](const TensorInfo& a, const TensorInfo& b) { return with_data(header(2, 0) + info(a) + info(b), 4096); };
  CHECK_EQUAL("accepted", refusal(two({.name = "a"}, {.name = "b", .offset = 128})));
  CHECK_EQUAL("accepted", refusal(two({.name = "a", .offset = 128}, {.name = "b"})));
  check_refused(two({.name = "a"}, {.name = "a", .offset = 128}), "'a' appears twice");
  check_refused(two({.name = "a"}, {.name = "b", .offset = 96}), "'a' and 'b' overlap");
  check_refused(two({.name = "a"}, {.name = "b"}), "overlap");
}

TEST(a_tensor_of_unknown_type_keeps_the_metadata_readable) {
  const std::string bytes = with_data(header(1, 0) + info({.type = 21}), 64);
  const GgufFile file = GgufFile::parse(bytes_of(bytes));
  CHECK_EQUAL(1UL, file.tensors().size());
  CHECK(file.tensors()[0].data.empty());
}

TEST(files_are_opened_from_disk_and_faults_of_the_system_are_named) {
  const auto path = std::filesystem::temp_directory_path() / ("bitfleet-gguf-test-" + std::to_string(getpid()));
  const std::string whole = bitfleet::testing::model_bytes(bitfleet::testing::smallest_spec());
  std::ofstream(path, std::ios::binary) << whole;
  const GgufFile file = GgufFile::open(path);
  CHECK_EQUAL(whole.size(), file.size_bytes());
  CHECK_EQUAL("bitnet-b1.58", *file.text("general.architecture"));
  CHECK(file.tensor("token_embd.weight") != nullptr);
  CHECK(file.tensor("token_embd") == nullptr);
  std::ofstream(path, std::ios::binary | std::ios::trunc);
  const auto code_of = [](const std::filesystem::path& p) {
    try {
      GgufFile::open(p);
    } catch (const ModelError& error) {
      return error.code();
    }
    return ModelErrorCode::out_of_memory;
  };
  CHECK(code_of(path) == ModelErrorCode::bad_file);
  CHECK(code_of(path / "absent") == ModelErrorCode::io_error);
  CHECK(code_of(path.parent_path()) == ModelErrorCode::io_error);
  std::filesystem::remove(path);
}
