#include "memory/buffer.h"

#include <sys/mman.h>

#include <string>

#include "model/model_error.h"

namespace bitfleet {
namespace {

constexpr uint64_t huge_page = 2 << 20;
constexpr uint64_t largest = uint64_t{1} << 46;  // of the 47 bits of user address space

[[noreturn]] void refuse(uint64_t bytes, std::string_view purpose) {
  throw ModelError(ModelErrorCode::out_of_memory,
                   "no memory for " + std::string(purpose) + " (" + std::to_string(bytes >> 20) + " MiB)");
}

}  // namespace

Memory::Memory(uint64_t bytes, std::string_view purpose, Pages pages) {
  if (bytes == 0) return;
  if (bytes > largest) refuse(bytes, purpose);
  const uint64_t rounded = (bytes + 4095) & ~uint64_t{4095};
  const bool huge = pages == Pages::huge && rounded >= huge_page;
  // A huge page must start on its own boundary, which mmap does not promise: reserve more and give back both ends.
  const uint64_t reserved = huge ? rounded + huge_page : rounded;
  void* start = mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) refuse(bytes, purpose);
  auto* base = static_cast<char*>(start);
  if (huge) {
    const auto misfit = reinterpret_cast<uintptr_t>(base) & (huge_page - 1);
    const uint64_t lead = misfit == 0 ? 0 : huge_page - misfit;
    if (lead > 0) munmap(base, lead);
    munmap(base + lead + rounded, huge_page - lead);
    base += lead;
    madvise(base, rounded, MADV_HUGEPAGE);  // a wish: without it all works, slower
  }
  address_ = base;
  bytes_ = rounded;
}

Memory::~Memory() {
  if (address_ != nullptr) munmap(address_, bytes_);
}

}  // namespace bitfleet
