#include "tools/machine_limits.h"

#include <algorithm>
#include <barrier>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "tools/seconds_since.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/amx_tiles.h"
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace bitfleet::tools {
namespace {

constexpr uint64_t read_bytes = 1ULL << 30;
constexpr int tries = 8;
constexpr uint64_t rounds_of_products = 20'000'000;
constexpr unsigned accumulators = 12;  // enough to hide the latency of every unit here

// Keeps a value, so that what made it is not left out.
void keep(uint64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }

// The shortest time in which all threads have done body(rank), begun together, of several tries. Not a ThreadTeam: that would
// leave out a thread that a neighbour holds up, and fewer would be measured than were asked for.
template <typename Body>
double shortest_of_all(uint32_t threads, Body body) {
  std::barrier<> together(static_cast<std::ptrdiff_t>(threads));
  double shortest = 0;
  const auto measure = [&](uint32_t rank) {
    for (int n = 0; n < tries; ++n) {
      together.arrive_and_wait();
      const auto start = SteadyClock::now();
      body(rank);
      together.arrive_and_wait();
      if (rank == 0) shortest = n == 0 ? seconds_since(start) : std::min(shortest, seconds_since(start));
    }
  };
  std::vector<std::jthread> others;
  for (uint32_t rank = 1; rank < threads; ++rank) others.emplace_back(measure, rank);
  measure(0);
  return shortest;
}

typedef uint64_t Words __attribute__((vector_size(16)));

uint64_t sum_of(const uint8_t* from, uint64_t bytes) {
  constexpr uint64_t line = 64;
  constexpr uint64_t ahead = 4096;
  const uint64_t quarter = bytes / 4 / line * line;
  Words sums[4] = {};
  for (uint64_t at = 0; at < quarter; at += line) {
#pragma GCC unroll 4
    for (unsigned run = 0; run < 4; ++run) {
      const uint8_t* here = from + run * quarter + at;
      __builtin_prefetch(here + ahead);
#pragma GCC unroll 4
      for (unsigned part = 0; part < 4; ++part) {
        Words words;
        std::memcpy(&words, here + part * sizeof words, sizeof words);
        sums[part] += words;
      }
    }
  }
  const Words all = sums[0] + sums[1] + sums[2] + sums[3];
  return all[0] + all[1];
}

// Each gives the operations that one round does, all accumulators together. Every loop over those is unrolled: with one that is
// not they live in memory, and stores are measured.
#if defined(__x86_64__)

__attribute__((target("avx512f,avx512bw,avx512vnni"))) double products_avx512vnni(uint64_t rounds) {
  __m512i sums[accumulators];
  __m512i a = _mm512_set1_epi8(1);
  __m512i b = _mm512_set1_epi8(2);
  __asm__ volatile("" : "+v"(a), "+v"(b));
#pragma GCC unroll 12
  for (unsigned n = 0; n < accumulators; ++n) sums[n] = _mm512_setzero_si512();
  for (uint64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (unsigned n = 0; n < accumulators; ++n) {
      sums[n] = _mm512_dpbusd_epi32(sums[n], a, b);
      __asm__ volatile("" : "+v"(sums[n]));
    }
  }
#pragma GCC unroll 12
  for (unsigned n = 1; n < accumulators; ++n) sums[0] = _mm512_add_epi32(sums[0], sums[n]);
  keep(static_cast<uint64_t>(_mm512_reduce_add_epi32(sums[0])));
  return 64.0 * 2 * accumulators;
}

// Four sums of 16 × 16, of 64 products each: the unit takes 16 cycles for one and answers after 52.
double products_amx(uint64_t rounds) {
  alignas(64) int8_t rows[16][64];
  std::memset(rows, 1, sizeof rows);
  alignas(64) int32_t sums[16][16];
  AmxTiles::configure(16);
  AmxTiles::zero<0>();
  AmxTiles::zero<1>();
  AmxTiles::zero<2>();
  AmxTiles::zero<3>();
  AmxTiles::load<4>(rows, 64);
  AmxTiles::load<6>(rows, 64);
  for (uint64_t i = 0; i < rounds; ++i) {
    AmxTiles::dot<0, 4, 6>();
    AmxTiles::dot<1, 4, 6>();
    AmxTiles::dot<2, 4, 6>();
    AmxTiles::dot<3, 4, 6>();
  }
  AmxTiles::store<0>(sums, 64);
  AmxTiles::release();
  keep(static_cast<uint64_t>(sums[0][0]));
  return 16.0 * 16 * 64 * 2 * 4;
}

// The kernels' way without VNNI: 16-bit sums of pairs, summed in 16 bits first.
__attribute__((target("avx2"))) double products_avx2(uint64_t rounds) {
  constexpr unsigned few_accumulators = 8;  // of 16 registers
  __m256i sums[few_accumulators];
  __m256i a = _mm256_set1_epi8(1);
  __m256i b = _mm256_set1_epi8(2);
  __asm__ volatile("" : "+x"(a), "+x"(b));
#pragma GCC unroll 8
  for (unsigned n = 0; n < few_accumulators; ++n) sums[n] = _mm256_setzero_si256();
  for (uint64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 8
    for (unsigned n = 0; n < few_accumulators; ++n) {
      __m256i product = _mm256_maddubs_epi16(a, b);
      __asm__ volatile("" : "+x"(product));
      sums[n] = _mm256_add_epi16(sums[n], product);
    }
  }
#pragma GCC unroll 8
  for (unsigned n = 1; n < few_accumulators; ++n) sums[0] = _mm256_add_epi16(sums[0], sums[n]);
  keep(static_cast<uint64_t>(_mm256_extract_epi32(sums[0], 0)));
  return 32.0 * 2 * few_accumulators;
}

#elif defined(__aarch64__)

__attribute__((target("arch=armv8.2-a+dotprod"))) double products_neon(uint64_t rounds) {
  int32x4_t sums[accumulators];
  int8x16_t a = vdupq_n_s8(1);
  int8x16_t b = vdupq_n_s8(2);
  __asm__ volatile("" : "+w"(a), "+w"(b));
#pragma GCC unroll 12
  for (unsigned n = 0; n < accumulators; ++n) sums[n] = vdupq_n_s32(0);
  for (uint64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (unsigned n = 0; n < accumulators; ++n) {
      sums[n] = vdotq_s32(sums[n], a, b);
      __asm__ volatile("" : "+w"(sums[n]));
    }
  }
#pragma GCC unroll 12
  for (unsigned n = 1; n < accumulators; ++n) sums[0] = vaddq_s32(sums[0], sums[n]);
  keep(static_cast<uint64_t>(vaddvq_s32(sums[0])));
  return 16.0 * 2 * accumulators;
}

#endif

double products_scalar(uint64_t rounds) {
  typedef int32_t Four __attribute__((vector_size(16)));
  Four sums[accumulators] = {};
  Four a = {1, 2, 3, 4};
  for (uint64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (unsigned n = 0; n < accumulators; ++n) sums[n] += a * a;
    __asm__ volatile("" : "+m"(a));
  }
  Four all = {};
  for (const Four& sum : sums) all += sum;
  keep(static_cast<uint64_t>(all[0]));
  return 4.0 * 2 * accumulators;
}

struct Unit {
  double (*products)(uint64_t rounds);
  std::string_view name;
};

Unit unit_of(KernelSet set) {
  switch (set) {
#if defined(__x86_64__)
    case KernelSet::amx: return {products_amx, "AMX"};
    case KernelSet::avx512vnni: return {products_avx512vnni, "AVX-512 VNNI"};
    case KernelSet::avx2: return {products_avx2, "AVX2"};
#elif defined(__aarch64__)
    case KernelSet::neon: return {products_neon, "NEON dot products"};
#endif
    default: return {products_scalar, "128-bit vectors"};
  }
}

}  // namespace

double read_bandwidth(uint32_t threads) {
  const Buffer<uint8_t> memory(read_bytes, "memory to read", Pages::huge);
  std::memset(memory.data(), 1, read_bytes);
  const uint64_t part = read_bytes / threads;
  return static_cast<double>(read_bytes) / shortest_of_all(threads, [&](uint32_t rank) { keep(sum_of(memory.data() + rank * part, part)); });
}

IntegerRate int8_rate(uint32_t threads, KernelSet set) {
  constexpr uint64_t rounds = rounds_of_products / tries;
  const Unit unit = unit_of(kernels_for(set).set);
  const double operations = unit.products(1) * static_cast<double>(rounds) * threads;
  return {operations / shortest_of_all(threads, [&](uint32_t) { unit.products(rounds); }), unit.name};
}

}  // namespace bitfleet::tools
