#pragma once

#include <cstdint>
#include <span>

#include "model/inference.h"

namespace bitfleet {

// So often does a sequence of the background, or a text to embed, stand back for others who want its room in the KV cache.
// Then it goes as they do, or it might stand back for ever.
inline constexpr uint32_t most_setbacks = 8;

// What the scheduler asks of a model: Inference, or a stand-in for tests. Same contract as Inference's functions of
// these names.
class StepModel {
 public:
  virtual ~StepModel() = default;
  virtual std::span<const float> step(std::span<const BatchToken> batch) = 0;
  virtual void truncate(uint32_t slot, uint32_t positions) = 0;
  virtual void map(uint32_t slot, std::span<const uint32_t> pages, uint32_t positions) = 0;
  virtual void copy_page(uint32_t from, uint32_t to) = 0;
  virtual uint32_t kv_pages() const = 0;
  virtual uint32_t vocabulary() const = 0;  // length of one row of logits
  virtual std::span<const float> hidden(uint32_t n) const = 0;
};

class InferenceStepModel final : public StepModel {
 public:
  InferenceStepModel(Inference& inference, uint32_t vocabulary) : inference_(inference), vocabulary_(vocabulary) {}
  std::span<const float> step(std::span<const BatchToken> batch) override { return inference_.step(batch); }
  void truncate(uint32_t slot, uint32_t positions) override { inference_.truncate(slot, positions); }
  void map(uint32_t slot, std::span<const uint32_t> pages, uint32_t positions) override { inference_.map(slot, pages, positions); }
  void copy_page(uint32_t from, uint32_t to) override { inference_.copy_page(from, to); }
  uint32_t kv_pages() const override { return inference_.kv_pages(); }
  uint32_t vocabulary() const override { return vocabulary_; }
  std::span<const float> hidden(uint32_t n) const override { return inference_.hidden(n); }

 private:
  Inference& inference_;
  uint32_t vocabulary_;
};

}  // namespace bitfleet
