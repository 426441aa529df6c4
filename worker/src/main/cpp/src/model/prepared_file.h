#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "memory/buffer.h"
#include "threads/thread_team.h"

namespace bitfleet {

// A file of numbers and arrays, written once and read back into memory fast: arrays lie on page boundaries and are read and
// checked by several threads at once. What is read must be asked for in the order in which it was written.
//
//   0      "BFPREP\r\n", version u32, 0 u32, key [32], facts offset u64, facts bytes u64, file bytes u64, facts checksum u64,
//          checksum of all of that u64
//   4096   arrays, each on a multiple of 4096
//   …      facts: numbers as u64, texts as length and bytes; of each array its offset, its bytes and a checksum of each 4 MiB
// All little-endian. The file is not synced: one that a power failure cuts short fails its checksums and is made anew.
class PreparedWriter {
 public:
  // Writes to a file of another name in the same folder. std::filesystem::filesystem_error when that cannot be made or filled.
  PreparedWriter(const std::filesystem::path& target, std::string_view key);
  ~PreparedWriter();  // takes away what was not committed
  PreparedWriter(const PreparedWriter&) = delete;
  PreparedWriter& operator=(const PreparedWriter&) = delete;

  static constexpr bool reads = false;

  void number(uint64_t value);
  void real(float value) { number(std::bit_cast<uint32_t>(value)); }
  void text(std::string_view value);

  template <typename T>
  void array(const Buffer<T>& buffer, std::string_view, Pages) {
    bytes(std::as_bytes(std::span(buffer.data(), buffer.size())));
  }

  // Gives the file its name, over one that has it.
  void commit();

 private:
  void bytes(std::span<const std::byte> data);
  void put(std::span<const std::byte> data, uint64_t offset);
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path target_;
  std::filesystem::path partial_;
  std::string key_;
  int descriptor_;
  uint64_t end_;
  std::string facts_;
};

class PreparedReader {
 public:
  // nullopt when there is no such file, or one of another version or key, or a damaged one.
  static std::optional<PreparedReader> open(const std::filesystem::path& path, std::string_view key);
  PreparedReader(PreparedReader&& other) noexcept;
  PreparedReader& operator=(PreparedReader&&) = delete;
  ~PreparedReader();

  static constexpr bool reads = true;

  // Each throws Damaged when the file ends or says what cannot be.
  uint64_t number(uint64_t most);
  float real();
  std::string text();

  // The buffer's content is there after load().
  template <typename T>
  void array(Buffer<T>& buffer, std::string_view purpose, Pages pages) {
    const uint64_t offset = number(file_bytes_);
    const uint64_t bytes = number(file_bytes_);
    if (bytes % sizeof(T) != 0 || offset > file_bytes_ - bytes) throw Damaged();
    buffer = Buffer<T>(bytes / sizeof(T), purpose, pages);
    enqueue(reinterpret_cast<std::byte*>(buffer.data()), offset, bytes);
  }

  // Reads all arrays asked for. False when one is not what was written.
  bool load(ThreadTeam& team);

  struct Damaged {};

 private:
  struct Piece {
    std::byte* to;
    uint64_t offset;
    uint64_t bytes;
    uint64_t checksum;
  };

  PreparedReader(int descriptor, uint64_t file_bytes) : descriptor_(descriptor), file_bytes_(file_bytes) {}
  bool read_header(std::string_view key);
  void enqueue(std::byte* to, uint64_t offset, uint64_t bytes);
  bool read_piece(const Piece& piece) const;

  int descriptor_;
  uint64_t file_bytes_;
  std::string facts_;
  size_t at_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace bitfleet
