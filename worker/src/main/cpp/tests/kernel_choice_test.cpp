#include "model/kernel_choice.h"

#include <array>
#include <chrono>

#include "check.h"

using namespace bitfleet;

namespace {

// Kernels that do what the scalar ones do but for one planted fault.
Kernels with_fault(decltype(Kernels::ternary_matmul) matmul) {
  Kernels kernels = kernels_for(KernelSet::scalar);
  kernels.set = KernelSet::avx2;
  kernels.ternary_matmul = matmul;
  return kernels;
}

void scalar_matmul(const TernaryView& w, const QuantizedView& x, uint32_t first, uint32_t last, float* out, uint64_t stride, void* scratch) {
  kernels_for(KernelSet::scalar).ternary_matmul(w, x, first, last, out, stride, scratch);
}

void wrong_in_the_last_bit(const TernaryView& w, const QuantizedView& x, uint32_t first, uint32_t last, float* out, uint64_t stride, void* scratch) {
  scalar_matmul(w, x, first, last, out, stride, scratch);
  if (x.tokens == 17 && last == w.rows) out[16 * stride + last - 1] = __builtin_nextafterf(out[16 * stride + last - 1], 1e30F);
}

void wrong_in_base3(const TernaryView& w, const QuantizedView& x, uint32_t first, uint32_t last, float* out, uint64_t stride, void* scratch) {
  scalar_matmul(w, x, first, last, out, stride, scratch);
  if (w.layout == TernaryLayout::base3 && x.tokens == 8) out[first] = -out[first];
}

void forgets_a_row(const TernaryView& w, const QuantizedView& x, uint32_t first, uint32_t last, float* out, uint64_t stride, void* scratch) {
  scalar_matmul(w, x, first, last - (last == w.rows ? 1 : 0), out, stride, scratch);
  if (last == w.rows) out[last - 1] = 0;
}

void wrong_quantize(const float* x, uint32_t columns, int8_t* values, float* scale, int32_t* sum, int32_t* block_sums) {
  kernels_for(KernelSet::scalar).quantize(x, columns, values, scale, sum, block_sums);
  if (columns > 900 && values[900] < 127) ++values[900];
}

}  // namespace

TEST(every_runnable_kernel_set_computes_what_scalar_does) {
  for (const KernelSet set : runnable_kernel_sets()) {
    const auto fault = fault_of(kernels_for(set), kernels_for(KernelSet::scalar));
    if (fault) bitfleet::testing::fail(__FILE__, __LINE__, std::string(to_string(set)) + ": " + *fault);
    CHECK(choose_kernels(set).set == set);
  }
  CHECK(choose_kernels(KernelSet::automatic).set == best_kernel_set());
  CHECK(choose_kernels(KernelSet::automatic).refused.empty());
}

TEST(a_planted_fault_is_found_and_named) {
  const Kernels& scalar = kernels_for(KernelSet::scalar);
  CHECK_EQUAL(std::string("they multiply 17 tokens with weights of layout two_bit wrongly"), fault_of(with_fault(wrong_in_the_last_bit), scalar).value_or(""));
  CHECK_EQUAL(std::string("they multiply 8 tokens with weights of layout base3 wrongly"), fault_of(with_fault(wrong_in_base3), scalar).value_or(""));
  CHECK_EQUAL(std::string("they multiply 1 token with weights of layout two_bit wrongly"), fault_of(with_fault(forgets_a_row), scalar).value_or(""));
  Kernels quantizes_wrongly = with_fault(scalar_matmul);
  quantizes_wrongly.quantize = wrong_quantize;
  CHECK_EQUAL(std::string("they quantize activations wrongly"), fault_of(quantizes_wrongly, scalar).value_or(""));
  CHECK(!fault_of(with_fault(scalar_matmul), scalar));
}

TEST(a_wrong_set_gives_way_to_the_next_and_says_why) {
  const Kernels& scalar = kernels_for(KernelSet::scalar);
  const Kernels wrong = with_fault(wrong_in_base3);
  Kernels right = with_fault(scalar_matmul);
  right.set = KernelSet::avx512vnni;
  const std::array both{&wrong, static_cast<const Kernels*>(&right)};
  const KernelChoice next = choose_among(both, scalar);
  CHECK(next.set == KernelSet::avx512vnni);
  CHECK_EQUAL(size_t{1}, next.refused.size());
  CHECK_EQUAL(std::string("the avx2 kernels are not used: on this machine they multiply 8 tokens with weights of layout base3 wrongly"), next.refused[0]);
  const std::array alone{&wrong};
  CHECK(choose_among(alone, scalar).set == KernelSet::scalar);
}

// What every start of an engine pays. Wide, for a machine that is busy; without load it is about a hundredth of this.
TEST(the_check_takes_no_time_that_a_start_would_notice) {
  const auto start = std::chrono::steady_clock::now();
  choose_kernels(KernelSet::automatic);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(800));
}
