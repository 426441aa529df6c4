#include "model/kernel_choice.h"

#include <algorithm>
#include <cstring>

#include "memory/buffer.h"
#include "model/linear_product.h"
#include "quant/ternary_codes.h"

namespace bitfleet {
namespace {

constexpr uint32_t rows = 80;       // neither whole row units nor whole fours of row blocks
constexpr uint32_t columns = 1000;  // neither whole K-tiles nor whole vectors of base 3
constexpr uint32_t batches[] = {1, 3, 8, 17};
constexpr uint32_t most_tokens = 17;

// Source: SplitMix64 (Steele, Lea, Flood 2014).
uint64_t scramble(uint64_t z) {
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  return z ^ z >> 31;
}

uint8_t code_at(uint32_t row, uint32_t column) {
  if (row == 0) return 2;  // the largest sums
  if (row == 1) return 0;
  return static_cast<uint8_t>(scramble(uint64_t{row} << 32 | column) % 3);
}

float activation_at(uint32_t token, uint32_t column) {
  if (token == 0) return column % 2 == 0 ? 1.0F : -1.0F;
  const auto bits = static_cast<uint32_t>(scramble(~(uint64_t{token} << 32 | column)) >> 40);
  return (static_cast<float>(bits) * 0x1p-24F - 0.5F) * static_cast<float>(token);
}

class Trial {
 public:
  Trial() : input_(most_tokens, columns), scratch_(1) {
    for (const TernaryLayout layout : {TernaryLayout::two_bit, TernaryLayout::base3}) {
      Buffer<uint8_t> packed(ternary_bytes(layout, rows, columns), "the kernels' test");
      std::vector<uint8_t> codes(columns);
      for (uint32_t r = 0; r < rows; ++r) {
        for (uint32_t k = 0; k < columns; ++k) codes[k] = code_at(r, k);
        pack_row(layout, codes.data(), columns, r, packed.data());
      }
      matrices_.push_back({layout, std::move(packed)});
    }
    input_.begin(most_tokens, columns);
    for (uint32_t t = 0; t < most_tokens; ++t) {
      for (uint32_t k = 0; k < columns; ++k) input_.vector(t)[k] = activation_at(t, k);
    }
  }

  std::vector<int8_t> quantize(const Kernels& kernels) {
    for (uint32_t t = 0; t < most_tokens; ++t) input_.quantize(kernels, t);
    const QuantizedView x = input_.quantized();
    return {x.values, x.values + most_tokens * x.stride};
  }

  // [tokens][rows]
  std::vector<float> multiply(const Kernels& kernels, TernaryLayout layout, uint32_t tokens) const {
    std::vector<float> out(static_cast<size_t>(tokens) * rows);
    QuantizedView x = input_.quantized();
    x.tokens = tokens;
    for (const auto& [of, packed] : matrices_) {
      if (of != layout) continue;
      const TernaryView w{packed.data(), layout, nullptr, 0.03F, 1.25F, rows, columns};
      kernels.ternary_matmul(w, x, 0, row_unit, out.data(), rows, scratch_.of(0));
      kernels.ternary_matmul(w, x, row_unit, rows, out.data(), rows, scratch_.of(0));
    }
    return out;
  }

  std::vector<TernaryLayout> layouts() const {
    std::vector<TernaryLayout> all;
    for (const auto& [layout, packed] : matrices_) all.push_back(layout);
    return all;
  }

 private:
  struct Matrix {
    TernaryLayout layout;
    Buffer<uint8_t> packed;
  };
  ProductInput input_;
  ProductScratch scratch_;
  std::vector<Matrix> matrices_;
};

}  // namespace

std::optional<std::string> fault_of(const Kernels& tested, const Kernels& reference) {
  Trial trial;
  const std::vector<int8_t> theirs = trial.quantize(tested);
  if (theirs != trial.quantize(reference)) return "they quantize activations wrongly";
  const std::vector<float> expected = trial.multiply(reference, TernaryLayout::two_bit, most_tokens);
  for (const TernaryLayout layout : trial.layouts()) {
    for (const uint32_t tokens : batches) {
      const std::vector<float> actual = trial.multiply(tested, layout, tokens);
      if (std::memcmp(expected.data(), actual.data(), actual.size() * sizeof(float)) != 0) {
        return "they multiply " + std::to_string(tokens) + (tokens == 1 ? " token" : " tokens") + " with weights of layout " + std::string(to_string(layout)) + " wrongly";
      }
    }
  }
  return std::nullopt;
}

KernelChoice choose_among(std::span<const Kernels* const> candidates, const Kernels& reference) {
  KernelChoice choice{reference.set, {}};
  for (const Kernels* candidate : candidates) {
    const auto fault = candidate->set == reference.set ? std::nullopt : fault_of(*candidate, reference);
    if (!fault) {
      choice.set = candidate->set;
      break;
    }
    choice.refused.push_back("the " + std::string(to_string(candidate->set)) + " kernels are not used: on this machine " + *fault);
  }
  return choice;
}

KernelChoice choose_kernels(KernelSet wanted) {
  const KernelSet best = kernels_for(wanted).set;
  std::vector<const Kernels*> candidates;
  for (const KernelSet set : runnable_kernel_sets()) {
    candidates.push_back(&kernels_for(set));
    if (set == best) break;
  }
  std::reverse(candidates.begin(), candidates.end());
  return choose_among(candidates, kernels_for(KernelSet::scalar));
}

}  // namespace bitfleet
