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

 private:
  std::span<const std::byte> bytes_;
};

// Makes the process leave with a sentence on stderr and exit status 74 (EX_IOERR), not with a core dump, when a mapped
// model file is shortened while it is being loaded. For main(); weights are copied out at load, so nothing
// can trip over it later.
void exit_cleanly_on_truncated_mapping();

}  // namespace bitfleet
