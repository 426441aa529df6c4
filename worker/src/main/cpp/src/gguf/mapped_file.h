#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace bitfleet {

// A whole regular file mapped read-only. Reads of pages that a later truncation took away raise SIGBUS.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);  // ModelError io_error, or bad_file for an empty file
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  void forget_pages() const;  // they are read again when they are touched

 private:
  std::span<const std::byte> bytes_;
};

// Makes the process leave with a sentence on stderr and exit status 74 (EX_IOERR), not with a core dump, when a mapped
// model file is shortened under a process that reads it: while it is being loaded, or later where the token embedding is read from the file.
// For main().
void exit_cleanly_on_truncated_mapping();

}  // namespace bitfleet
