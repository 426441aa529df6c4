#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bitfleet {

enum class Pages {
  small,  // touched bit by bit (a KV cache): resident memory follows use
  huge    // read from end to end (weights): transparent huge pages double the read bandwidth
};

// A zeroed, 64-byte aligned block of anonymous memory, given back by the destructor. Reserving costs address space only;
// pages become resident when first written. ModelError out_of_memory, naming `purpose`, when the system refuses.
class Memory {
 public:
  Memory() = default;
  Memory(uint64_t bytes, std::string_view purpose, Pages pages = Pages::small);
  Memory(Memory&& other) noexcept : address_(std::exchange(other.address_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Memory();

  void* address() const { return address_; }
  uint64_t bytes() const { return bytes_; }

 private:
  void* address_ = nullptr;
  uint64_t bytes_ = 0;
};

// Memory seen as an array of plain values.
template <typename T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  Buffer(uint64_t count, std::string_view purpose, Pages pages = Pages::small)
      : memory_(checked_bytes(count), purpose, pages), count_(count) {}

  T* data() const { return static_cast<T*>(memory_.address()); }
  uint64_t size() const { return count_; }
  uint64_t bytes() const { return memory_.bytes(); }
  T& operator[](uint64_t index) const { return data()[index]; }

 private:
  // A product that overflows becomes a size no system grants.
  static uint64_t checked_bytes(uint64_t count) { return count > UINT64_MAX / sizeof(T) ? UINT64_MAX : count * sizeof(T); }

  Memory memory_;
  uint64_t count_ = 0;
};

}  // namespace bitfleet
