#pragma once

namespace bitfleet {

// What this processor can do and its operating system lets it do. Asked once; any thread.
bool runs_avx2();         // with F16C
bool runs_avx512vnni();   // F, BW, DQ, VL and VNNI
bool runs_vbmi();         // byte permutes of 512 bits
bool runs_amx();          // tiles of 8-bit integers, beside avx512vnni and vbmi; asks the system for leave to use them, for the process
bool runs_neon_dot();     // aarch64 with the dot products of 8-bit integers

// Whether one core can take weights out of base 3 faster than memory brings them, so that a fifth less to read is a gain. Intel's cores
// with AVX-512 execute two 512-bit instructions a cycle of each kind that it takes; AMD's Zen 4 one, and there 2 bits are faster.
bool unpacks_faster_than_memory();

}  // namespace bitfleet
