#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "check.h"
#include "memory/available_memory.h"
#include "memory/buffer.h"
#include "model/model_error.h"

using namespace bitfleet;

namespace {

class FakeRoot {
 public:
  FakeRoot() : root_(std::filesystem::temp_directory_path() / ("bitfleet-memory-test-" + std::to_string(getpid()))) {}
  ~FakeRoot() { std::filesystem::remove_all(root_); }
  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  const std::filesystem::path& path() const { return root_; }

 private:
  std::filesystem::path root_;
};

}  // namespace

TEST(available_memory_is_the_least_that_machine_and_cgroups_leave) {
  const FakeRoot root;
  CHECK_EQUAL(UINT64_MAX, available_memory(root.path()));
  root.write("proc/meminfo", "MemTotal: 9000 kB\nMemFree: 10 kB\nMemAvailable:   4096 kB\n");
  CHECK_EQUAL(4096UL << 10, available_memory(root.path()));
  root.write("proc/self/cgroup", "0::/outer/inner\n");
  root.write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  root.write("sys/fs/cgroup/outer/inner/memory.current", "5\n");
  CHECK_EQUAL(4096UL << 10, available_memory(root.path()));
  root.write("sys/fs/cgroup/outer/memory.max", "1000\n");
  root.write("sys/fs/cgroup/outer/memory.current", "400\n");
  CHECK_EQUAL(600UL, available_memory(root.path()));
  root.write("sys/fs/cgroup/outer/memory.current", "4000\n");
  CHECK_EQUAL(0UL, available_memory(root.path()));
}

TEST(buffers_are_aligned_zeroed_and_movable) {
  for (const Pages pages : {Pages::small, Pages::huge}) {
    Buffer<float> buffer(3'000'001, "a test", pages);
    CHECK_EQUAL(0UL, reinterpret_cast<uintptr_t>(buffer.data()) % 64);
    CHECK_EQUAL(0.0F, buffer[3'000'000]);
    buffer[7] = 3;
    const Buffer<float> moved = std::move(buffer);
    CHECK_EQUAL(3.0F, moved[7]);
  }
  const Buffer<float> empty;
  CHECK_EQUAL(0UL, empty.size());
}

TEST(memory_that_cannot_be_had_is_a_clear_error) {
  CHECK_THROWS(ModelError, Buffer<double>(UINT64_MAX / 4, "a test"));
  CHECK_THROWS(ModelError, Buffer<double>(uint64_t{1} << 50, "a test"));
  CHECK_THROWS(ModelError, require_available(uint64_t{1} << 60, "a test"));
}
