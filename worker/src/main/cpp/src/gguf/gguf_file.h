#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bitfleet {

class MappedFile;

// One entry of the tensor table. Views stay valid as long as the GgufFile they came from.
struct GgufTensor {
  std::string_view name;                    // UTF-8, not empty, unique in the file
  uint32_t type = 0;                        // ggml type id; see quant/tensor_type.h
  uint32_t rank = 0;                        // 1..4
  std::array<uint64_t, 4> dims{1, 1, 1, 1}; // dims[0] is the fastest (the length of a row); each at least 1
  uint64_t file_offset = 0;                 // absolute, for messages
  // Exactly the bytes the type and dims call for. Empty when this build does not know the type: such a file
  // can still be asked for its metadata (the tokenizer of a model that another engine runs).
  std::span<const std::byte> data;

  uint64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }  // checked not to overflow
  uint64_t rows() const { return dims[1] * dims[2] * dims[3]; }
};

// A GGUF file (versions 2 and 3, little-endian), checked as a whole before the constructor returns: every count,
// length, type, offset and alignment lies within stated limits and within the file; keys and tensor names are
// UTF-8 and unique; tensors lie inside the data section and do not overlap. Throws ModelError (bad_file for a
// broken file, unsupported_model for one that breaks a limit of ours, io_error when it cannot be read).
//
// Immutable after construction and safe to read from several threads.
//
// Source of the format: the GGUF specification in the ggml project.
class GgufFile {
 public:
  // Maps the file read-only. The mapping, unlike a copy, dies with SIGBUS should somebody shorten the file while it
  // is being read, so weights are copied out at load (Model keeps at most the token embedding of the file) and the process asks for a
  // readable end by exit_cleanly_on_truncated_mapping() (gguf/mapped_file.h).
  static GgufFile open(const std::filesystem::path& path);

  // Reads from memory owned by the caller, which must outlive the object; for tests and fuzzing.
  static GgufFile parse(std::span<const std::byte> bytes);

  GgufFile(GgufFile&&) noexcept;
  GgufFile& operator=(GgufFile&&) noexcept;
  ~GgufFile();

  uint32_t version() const;
  uint64_t size_bytes() const;
  std::span<const std::byte> preamble() const;  // all before the first tensor's data

  // Keeps the file mapped, and with it every tensor's data, as long as somebody holds it. Null for a file that was parsed.
  std::shared_ptr<const MappedFile> mapping() const;

  // Gives back the memory of what has been read from the mapping; it is read from the file again when it is needed.
  void forget_pages() const;

  // Metadata by key. nullopt when the key is absent; ModelError(bad_file) when it has another type.
  std::optional<std::string_view> text(std::string_view key) const;            // bytes as stored, not checked to be UTF-8
  std::optional<uint64_t> unsigned_integer(std::string_view key) const;        // any integer type, not negative
  std::optional<double> real(std::string_view key) const;                      // any float or integer type
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::vector<std::string_view>> texts(std::string_view key) const;  // array of strings
  std::optional<std::vector<int64_t>> integers(std::string_view key) const;        // array of any integer type
  std::optional<std::vector<float>> reals(std::string_view key) const;             // array of f32 or f64
  bool contains(std::string_view key) const;

  std::span<const GgufTensor> tensors() const;                 // in file order
  const GgufTensor* tensor(std::string_view name) const;       // nullptr when absent

 private:
  struct Contents;
  explicit GgufFile(std::unique_ptr<Contents> contents);
  std::unique_ptr<Contents> contents_;
};

}  // namespace bitfleet
