#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "model/attention_plan.h"
#include "quant/half.h"
#include "threads/thread_team.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/kv_options.h"
#include "tools/options.h"
#include "tools/random_stream.h"

namespace bitfleet::tools {
namespace {

using Clock = std::chrono::steady_clock;

struct Shape {
  uint32_t layers;
  uint32_t heads;
  uint32_t kv_heads;
  uint32_t head_dim;
};

// The attention of all layers, split among threads as the model splits it. Pages lie as a sequence that has had the cache
// to itself finds them.
class AttentionBench {
 public:
  AttentionBench(const Shape& shape, uint32_t context, uint32_t threads, KernelSet set, KvQuant quant)
      : shape_(shape),
        kernels_(kernels_for(set)),
        quant_(quant),
        team_(threads),
        run_(kv_run_bytes(quant, shape.head_dim, padded(shape.head_dim))),
        page_stride_(run_ * shape.layers * shape.kv_heads),
        score_stride_(context + kv_page + lanes),
        cache_(page_stride_ * (context / kv_page + 1), "pages", Pages::huge),
        queries_(uint64_t{most_tokens} * shape.heads * shape.head_dim, "queries"),
        out_(uint64_t{most_tokens} * shape.heads * shape.head_dim, "output"),
        scores_(team_.size() * attention_tokens * attention_heads * score_stride_, "scores"),
        scratch_(team_.size() * scratch_stride(), "scratch") {
    RandomStream random(7, "attention");
    for (uint64_t i = 0; i < queries_.size(); ++i) queries_[i] = random.uniform(-1, 1);
    for (uint32_t page = 0; page <= context / kv_page; ++page) {
      for (uint64_t run = 0; run < uint64_t{shape.layers} * shape.kv_heads; ++run) fill(random, cache_.data() + page * page_stride_ + run * run_);
      pages_.push_back(page);
    }
  }

  // Milliseconds for `tokens` tokens, the last of which sees `context` positions.
  double measure(uint32_t tokens, uint32_t context) {
    std::vector<uint32_t> slots(tokens, 0);
    std::vector<uint32_t> positions;
    for (uint32_t t = 0; t < tokens; ++t) positions.push_back(context - tokens + t + 1);
    const auto start = Clock::now();
    plan_.make(slots, positions, shape_.heads, shape_.heads / shape_.kv_heads, team_.size());
    team_.run([&](uint32_t rank) {
      for (uint32_t layer = 0; layer < shape_.layers; ++layer) {
        team_.hand_out(rank, 1, [this](uint32_t owner) { return plan_.share_of(owner); },
                       [&](uint32_t item, uint32_t) { attend(plan_.item(item), layer, rank, positions.data()); });
        team_.barrier();
      }
    });
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }

  static constexpr uint32_t most_tokens = 64;

 private:
  uint64_t scratch_stride() const { return static_cast<uint64_t>(attention_tokens * attention_heads + kv_page) * padded(shape_.head_dim); }

  void fill(RandomStream& random, uint8_t* run) const {
    if (quant_ == KvQuant::none) {
      auto* halves = reinterpret_cast<uint16_t*>(run);
      for (uint64_t i = 0; i < run_ / sizeof(uint16_t); ++i) halves[i] = float_to_half(random.uniform(-1, 1));
      return;
    }
    for (uint64_t i = 0; i < run_; ++i) run[i] = static_cast<uint8_t>(random.uniform(1, 255));
    for (const uint64_t end : {kv_keys_bytes(quant_, shape_.head_dim, padded(shape_.head_dim)), run_}) {
      auto* scales = reinterpret_cast<float*>(run + end - kv_scales_bytes);
      for (uint32_t p = 0; p < kv_page; ++p) scales[p] = 1.0F / 127;
    }
  }

  void attend(const AttentionItem& item, uint32_t layer, uint32_t rank, const uint32_t* positions) {
    const uint32_t kv_head = item.first_head / (shape_.heads / shape_.kv_heads);
    const uint64_t stride = static_cast<uint64_t>(shape_.heads) * shape_.head_dim;
    const uint64_t place = item.first_token * stride + static_cast<uint64_t>(item.first_head) * shape_.head_dim;
    float* scratch = scratch_.data() + rank * scratch_stride();
    kernels_.attend({.queries = queries_.data() + place,
                     .query_stride = stride,
                     .quant = quant_,
                     .cache = cache_.data() + (static_cast<uint64_t>(layer) * shape_.kv_heads + kv_head) * run_,
                     .pages = pages_.data(),
                     .page_stride = page_stride_,
                     .tokens = item.tokens,
                     .heads = item.heads,
                     .head_dim = shape_.head_dim,
                     .positions = positions + item.first_token,
                     .scale = 0.1F,
                     .scores = scores_.data() + rank * attention_tokens * attention_heads * score_stride_,
                     .score_stride = score_stride_,
                     .sums = scratch,
                     .page = scratch + static_cast<uint64_t>(attention_tokens) * attention_heads * padded(shape_.head_dim),
                     .out = out_.data() + place,
                     .out_stride = stride});
  }

  Shape shape_;
  const Kernels& kernels_;
  KvQuant quant_;
  ThreadTeam team_;
  uint64_t run_;
  uint64_t page_stride_;
  uint64_t score_stride_;
  Buffer<uint8_t> cache_;
  Buffer<float> queries_;
  Buffer<float> out_;
  Buffer<float> scores_;
  Buffer<float> scratch_;
  std::vector<uint32_t> pages_;
  AttentionPlan plan_;
};

}  // namespace

int bench_attention_command(std::span<char* const> arguments) {
  return run_command("bench-attention", [&] {
    const Options options(arguments, {"--threads", "--kernel", "--kv-quant", "--context", "--layers", "--heads", "--kv-heads", "--head-dim"});
    const auto kernels = parse_kernel_set(options.text("--kernel").value_or("auto"));
    if (!kernels) throw UsageError("--kernel is none this build knows");
    const Shape shape{options.number("--layers", 30U), options.number("--heads", 20U), options.number("--kv-heads", 5U), options.number("--head-dim", 128U)};
    const uint32_t context = std::max(AttentionBench::most_tokens, options.number("--context", 4096U) / kv_page * kv_page);
    if (shape.layers == 0 || shape.kv_heads == 0 || shape.head_dim == 0 || shape.heads == 0 || shape.heads % shape.kv_heads != 0) {
      throw UsageError("no such shape");
    }
    AttentionBench bench(shape, context, std::max(1U, options.number("--threads", 1U)), *kernels, kv_quant_of(options));
    std::printf("milliseconds of attention per token, all layers, median (best)\n");
    for (const uint32_t tokens : {1U, AttentionBench::most_tokens}) {
      for (uint32_t end = std::min(context, 256U); end <= context; end *= 4) {
        std::vector<double> times;
        for (int i = 0; i < (tokens == 1 ? 15 : 5); ++i) times.push_back(bench.measure(tokens, end) / tokens);
        std::sort(times.begin(), times.end());
        std::printf("%3u tokens behind %5u: %8.3f (%.3f)\n", tokens, end, times[times.size() / 2], times.front());
      }
    }
  });
}

}  // namespace bitfleet::tools
