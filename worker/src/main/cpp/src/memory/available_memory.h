#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace bitfleet {

// Bytes this process may still take without being killed for it: the least of MemAvailable and what the memory limits of
// its cgroup (v2, and all its ancestors) leave. UINT64_MAX when nothing can be read. An estimate: others allocate too.
// `root` stands for "/" so that tests can show a tree of their own.
uint64_t available_memory(const std::filesystem::path& root = "/");

// ModelError out_of_memory when `bytes` exceed available_memory(). Anonymous memory is promised freely by Linux and
// refused by a kill; asking first turns that into a sentence.
void require_available(uint64_t bytes, std::string_view purpose);

}  // namespace bitfleet
