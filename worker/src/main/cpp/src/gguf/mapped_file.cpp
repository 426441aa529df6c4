#include "gguf/mapped_file.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "model/model_error.h"

namespace bitfleet {
namespace {

[[noreturn]] void fail_io(const std::filesystem::path& path, const char* what, int error) {
  throw ModelError(ModelErrorCode::io_error, std::string(what) + " " + path.string() + ": " + strerror(error));
}

void on_sigbus(int) {
  constexpr char text[] = "bitfleet-engine: the model file was shortened while it was being read\n";
  [[maybe_unused]] const auto written = write(STDERR_FILENO, text, sizeof text - 1);
  _exit(74);
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) fail_io(path, "cannot open", errno);
  struct stat status;
  if (fstat(descriptor, &status) != 0) {
    const int error = errno;
    close(descriptor);
    fail_io(path, "cannot inspect", error);
  }
  if (!S_ISREG(status.st_mode)) {
    close(descriptor);
    throw ModelError(ModelErrorCode::io_error, path.string() + " is not a regular file");
  }
  if (status.st_size == 0) {
    close(descriptor);
    throw ModelError(ModelErrorCode::bad_file, path.string() + " is empty");
  }
  const auto size = static_cast<size_t>(status.st_size);
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int error = errno;
  close(descriptor);
  if (address == MAP_FAILED) fail_io(path, "cannot map", error);
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::forget_pages() const {
  if (!bytes_.empty()) madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

void exit_cleanly_on_truncated_mapping() {
  struct sigaction action = {};
  action.sa_handler = on_sigbus;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace bitfleet
