#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#include "gguf/gguf_file.h"
#include "model/adapter.h"
#include "model/model_error.h"
#include "tools/command_frame.h"
#include "tools/commands.h"
#include "tools/random_adapter.h"

namespace bitfleet::tools {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream in(list);
  for (std::string name; std::getline(in, name, ',');) names.push_back(name);
  return names;
}

}  // namespace

int random_adapter_command(std::span<char* const> arguments) {
  return run_command("random-adapter", [&] {
    const Options options(arguments, {"--model", "--out", "--rank", "--alpha", "--type", "--targets", "--seed"});
    RandomAdapterSpec spec;
    spec.rank = options.number("--rank", spec.rank);
    if (spec.rank == 0 || spec.rank > highest_adapter_rank) throw UsageError("--rank is 1 to " + std::to_string(highest_adapter_rank));
    spec.alpha = options.number("--alpha", spec.alpha);
    spec.seed = options.number("--seed", spec.seed);
    const std::string type = options.text("--type").value_or("f32");
    if (type != "f32" && type != "f16" && type != "bf16" && type != "q8_0") throw UsageError("--type is f32, f16, bf16 or q8_0");
    for (const TensorType known : {TensorType::f32, TensorType::f16, TensorType::bf16, TensorType::q8_0}) {
      if (to_string(known) == type) spec.type = known;
    }
    if (const auto targets = options.text("--targets")) spec.targets = split(*targets);
    const Hyperparameters h = Hyperparameters::read(GgufFile::open(options.required("--model")));
    const std::string path = options.required("--out");
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    if (!out) throw ModelError(ModelErrorCode::io_error, "cannot create " + path);
    write_random_adapter(h, spec, out);
  });
}

}  // namespace bitfleet::tools
