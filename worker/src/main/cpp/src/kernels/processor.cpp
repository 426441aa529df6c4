#include "kernels/processor.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace bitfleet {
namespace {

struct Processor {
  bool avx2 = false;
  bool avx512vnni = false;
  bool vbmi = false;
  bool amx = false;
  bool neon_dot = false;
  bool amd = false;
};

#if defined(__x86_64__)
struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(uint32_t leaf) {
  Registers r;
  __get_cpuid_count(leaf, 0, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

constexpr bool bit(uint32_t word, uint32_t index) { return (word >> index & 1) != 0; }

// Which register files the operating system saves (XCR0); an instruction set the processor has is of no use without.
uint64_t saved_state() {
  if (!bit(cpuid(1).ecx, 27)) return 0;  // OSXSAVE
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return static_cast<uint64_t>(high) << 32 | low;
}

// Linux lends the large tile registers only to processes that ask. Source: Documentation/arch/x86/xstate.rst of Linux.
bool may_use_tiles() {
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_data = 18;
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

Processor look() {
  constexpr uint64_t ymm = 0x6;
  constexpr uint64_t zmm = 0xE6;
  const uint64_t saved = saved_state();
  const Registers one = cpuid(1);
  const Registers seven = cpuid(7);
  Processor p;
  p.avx2 = (saved & ymm) == ymm && bit(one.ecx, 28) && bit(one.ecx, 29) && bit(seven.ebx, 5);  // AVX, F16C, AVX2
  p.avx512vnni = p.avx2 && (saved & zmm) == zmm && bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) &&
                 bit(seven.ebx, 31) && bit(seven.ecx, 11);  // F, DQ, BW, VL, VNNI
  p.vbmi = p.avx512vnni && bit(seven.ecx, 1);
  constexpr uint64_t tiles = uint64_t{3} << 17;
  p.amx = p.vbmi && (saved & tiles) == tiles && bit(seven.edx, 24) && bit(seven.edx, 25) && may_use_tiles();  // AMX-TILE, AMX-INT8
  p.amd = cpuid(0).ebx == 0x68747541;  // "Auth" of "AuthenticAMD"
  return p;
}
#elif defined(__aarch64__)
Processor look() {
  Processor p;
  p.neon_dot = (getauxval(AT_HWCAP) >> 20 & 1) != 0;  // HWCAP_ASIMDDP
  return p;
}
#else
Processor look() { return {}; }
#endif

const Processor& processor() {
  static const Processor known = look();
  return known;
}

}  // namespace

bool runs_avx2() { return processor().avx2; }
bool runs_avx512vnni() { return processor().avx512vnni; }
bool runs_vbmi() { return processor().vbmi; }
bool runs_amx() { return processor().amx; }
bool runs_neon_dot() { return processor().neon_dot; }
bool unpacks_faster_than_memory() { return processor().vbmi && !processor().amd; }

}  // namespace bitfleet
