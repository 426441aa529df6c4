#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "memory/buffer.h"
#include "model/linear_product.h"
#include "quant/ternary_codes.h"
#include "threads/thread_team.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/random_stream.h"

namespace bitfleet::tools {
namespace {

using Clock = std::chrono::steady_clock;

// Enough copies of a matrix that none waits in a cache for its next turn.
constexpr uint64_t beyond_caches = 96 << 20;

std::vector<uint32_t> numbers(const Options& options, std::string_view name, std::vector<uint32_t> fallback, uint32_t most) {
  const auto text = options.text(name);
  if (!text) return fallback;
  std::vector<uint32_t> list;
  for (const char *at = text->data(), *end = at + text->size(); at <= end; ++at) {
    uint32_t number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    if (error != std::errc{} || number == 0 || number > most || (next != end && *next != ',')) {
      throw UsageError(std::string(name) + " is a list like 1,2,8 of numbers from 1 to " + std::to_string(most) + ", not " + *text);
    }
    list.push_back(number);
    at = next;
  }
  return list;
}

// Copies of one random matrix, behind one another.
struct Matrices {
  Matrices(TernaryLayout layout, uint32_t rows, uint32_t columns)
      : each(ternary_bytes(layout, rows, columns)),
        count(static_cast<uint32_t>(beyond_caches / each + 1)),
        packed(each * count, "benchmark weights", Pages::huge),
        view{packed.data(), layout, nullptr, 0.02F, 1.0F, rows, columns} {
    RandomStream random(7, "weights");
    std::vector<uint8_t> codes(columns);
    for (uint32_t r = 0; r < rows; ++r) {
      for (uint8_t& code : codes) code = static_cast<uint8_t>(random.next() % 3);
      pack_row(layout, codes.data(), columns, r, packed.data());
    }
    for (uint32_t c = 1; c < count; ++c) std::memcpy(packed.data() + c * each, packed.data(), each);
  }

  TernaryView next() {
    TernaryView one = view;
    one.packed += turn++ % count * each;
    return one;
  }

  uint64_t each;
  uint32_t count;
  Buffer<uint8_t> packed;
  TernaryView view;
  uint64_t turn = 0;
};

struct Measurement {
  KernelSet set;
  TernaryLayout layout;
  uint32_t threads;
  uint32_t tokens;
  Matrices* matrices;
  ThreadTeam* team;
  std::vector<double> seconds;
};

class KernelBench {
 public:
  KernelBench(uint32_t rows, uint32_t columns, const std::vector<uint32_t>& tokens, const std::vector<uint32_t>& threads)
      : rows_(rows),
        columns_(columns),
        stride_(padded(rows)),
        most_tokens_(*std::max_element(tokens.begin(), tokens.end())),
        input_(most_tokens_, columns),
        scratch_(*std::max_element(threads.begin(), threads.end())),
        out_(most_tokens_ * stride_, "benchmark output") {
    RandomStream random(11, "activations");
    input_.begin(most_tokens_, columns);
    for (uint32_t t = 0; t < most_tokens_; ++t) {
      for (uint32_t k = 0; k < columns; ++k) input_.vector(t)[k] = random.uniform(-0.5F, 0.5F);
      input_.quantize(kernels_for(KernelSet::scalar), t);
    }
    for (const uint32_t count : threads) teams_.push_back(std::make_unique<ThreadTeam>(count));
  }

  void add(KernelSet set, TernaryLayout layout, uint32_t tokens) {
    Matrices& matrices = of(layout);
    for (const auto& team : teams_) measurements_.push_back({set, layout, team->size(), tokens, &matrices, team.get(), {}});
  }

  // All in turn, over and over, so that what else the machine does meets each alike.
  void run(double seconds) {
    const auto start = Clock::now();
    do {
      for (Measurement& m : measurements_) measure(m);
    } while (std::chrono::duration<double>(Clock::now() - start).count() < seconds);
    for (Measurement& m : measurements_) std::sort(m.seconds.begin(), m.seconds.end());
  }

  void print(bool json) const {
    if (json) std::printf("{\"rows\":%u,\"columns\":%u,\"measurements\":[", rows_, columns_);
    else std::printf("%u x %u\n%-11s %-8s %7s %6s %11s %11s %7s %7s %8s\n", rows_, columns_, "kernels", "layout", "threads", "tokens", "median ms", "best ms", "GB/s", "TOPS", "samples");
    const char* separator = "";
    for (const Measurement& m : measurements_) {
      if (m.seconds.empty()) continue;  // its threads were never all running at once
      const double median = m.seconds[m.seconds.size() / 2];
      const double best = m.seconds.front();
      const double gigabytes = static_cast<double>(m.matrices->each) / best * 1e-9;
      const double tera = 2.0 * rows_ * columns_ * m.tokens / best * 1e-12;
      const std::string set(to_string(m.set));
      const std::string layout(to_string(m.layout));
      if (json) {
        std::printf("%s{\"kernels\":\"%s\",\"layout\":\"%s\",\"threads\":%u,\"tokens\":%u,\"median_ms\":%.5f,\"best_ms\":%.5f,\"best_gb_per_s\":%.3f,\"best_tops\":%.4f,\"samples\":%zu}",
                    separator, set.c_str(), layout.c_str(), m.threads, m.tokens, median * 1e3, best * 1e3, gigabytes, tera, m.seconds.size());
        separator = ",";
      } else {
        std::printf("%-11s %-8s %7u %6u %11.4f %11.4f %7.1f %7.3f %8zu\n", set.c_str(), layout.c_str(), m.threads, m.tokens, median * 1e3, best * 1e3, gigabytes, tera, m.seconds.size());
      }
    }
    if (json) std::printf("]}\n");
  }

 private:
  Matrices& of(TernaryLayout layout) {
    for (const auto& each : matrices_) {
      if (each->view.layout == layout) return *each;
    }
    matrices_.push_back(std::make_unique<Matrices>(layout, rows_, columns_));
    return *matrices_.back();
  }

  void measure(Measurement& m) {
    const TernaryView w = m.matrices->next();
    QuantizedView x = input_.quantized();
    x.tokens = m.tokens;
    const Kernels& kernels = kernels_for(m.set);
    const uint32_t threads = m.team->size();
    const auto start = Clock::now();
    m.team->run([&](uint32_t rank) {
      m.team->hand_out(rank, row_units(rows_), [&](uint32_t begin, uint32_t end) {
        const Share share = rows_of({begin, end}, rows_);
        kernels.ternary_matmul(w, x, share.begin, share.end, out_.data(), stride_, scratch_.of(rank));
      });
    });
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (threads == m.threads) m.seconds.push_back(seconds);  // a team makes do with fewer while a neighbour holds one of them up
  }

  uint32_t rows_;
  uint32_t columns_;
  uint64_t stride_;
  uint32_t most_tokens_;
  ProductInput input_;
  ProductScratch scratch_;
  Buffer<float> out_;  // [most_tokens][stride]
  std::vector<std::unique_ptr<ThreadTeam>> teams_;
  std::vector<std::unique_ptr<Matrices>> matrices_;
  std::vector<Measurement> measurements_;
};

std::vector<KernelSet> wanted_sets(const Options& options) {
  const auto text = options.text("--kernel");
  if (!text) {
    std::vector<KernelSet> sets = runnable_kernel_sets();
    if (sets.size() > 1) sets.erase(sets.begin());  // scalar: the others' reference, and slow
    return sets;
  }
  const auto set = parse_kernel_set(*text);
  if (!set) throw UsageError("--kernel is " + kernel_set_names() + ", not " + *text);
  return {kernels_for(*set).set};
}

}  // namespace

int bench_kernels_command(std::span<char* const> arguments) {
  return run_command("bench-kernels", [&] {
    const Options options(arguments, {"--kernel", "--layout", "--threads", "--tokens", "--rows", "--columns", "--seconds", "--json"});
    const std::vector<uint32_t> tokens = numbers(options, "--tokens", {1, 2, 4, 8, 16, 64, 256}, 4096);
    const std::vector<uint32_t> threads = numbers(options, "--threads", {1, 2}, 1024);
    const auto rows = options.number("--rows", 6912U);
    const auto columns = options.number("--columns", 2560U);
    if (rows == 0 || columns == 0 || rows > 1U << 20 || columns > 1U << 18) throw UsageError("--rows is 1 to 2^20, --columns 1 to 2^18");
    const auto layout = options.text("--layout");
    if (layout && !parse_layout(*layout)) throw UsageError("--layout is two_bit or base3, not " + *layout);
    KernelBench bench(rows, columns, tokens, threads);
    for (const KernelSet set : wanted_sets(options)) {
      for (const TernaryLayout each : fast_layouts(set)) {
        if (layout && parse_layout(*layout) != each) continue;
        for (const uint32_t count : tokens) bench.add(set, each, count);
      }
    }
    bench.run(options.number("--seconds", 10.0));
    bench.print(options.number("--json", 0U) != 0);
  });
}

}  // namespace bitfleet::tools
