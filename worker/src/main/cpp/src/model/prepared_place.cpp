#include "model/prepared_place.h"

#include <sys/stat.h>

#include "model/fingerprint.h"
#include "model/weights_reading.h"

namespace bitfleet {
namespace {

constexpr uint64_t meaning = 1;  // raised when the same key would have to mean other bytes

std::string_view name_of(TernaryLayout layout) { return layout == TernaryLayout::base3 ? "base3" : "2bit"; }

}  // namespace

std::optional<PreparedPlace> PreparedPlace::of(const GgufFile& file, const LoadOptions& options) {
  if (options.path.empty() || file.size_bytes() < options.least_prepared) return std::nullopt;
  struct stat status {};
  if (stat(options.path.c_str(), &status) != 0 || static_cast<uint64_t>(status.st_size) != file.size_bytes()) return std::nullopt;
  Fingerprint print;
  print.add(meaning);
  print.add(file.size_bytes());
  print.add(static_cast<uint64_t>(status.st_mtim.tv_sec));
  print.add(static_cast<uint64_t>(status.st_mtim.tv_nsec));
  print.add(file.preamble());
  print.add(static_cast<uint64_t>(options.layout));
  print.add(static_cast<uint64_t>(options.i2s_block));
  print.add(to_string(head_quant(file, options)));
  print.add(uint64_t{embedding_in_place(file, options) ? 1U : 0U});

  PreparedPlace place;
  place.key = print.hex();
  const std::string ending = "." + std::string(name_of(options.layout)) + "-" + std::string(to_string(head_quant(file, options))) + ".prepared";
  place.paths.push_back(options.path.string() + ending);
  if (!options.spare_folder.empty()) {
    // Models of one name from different folders do not take turns there.
    Fingerprint folder;
    folder.add(std::filesystem::absolute(options.path).parent_path().string());
    place.paths.push_back(options.spare_folder / (options.path.filename().string() + "." + folder.hex().substr(0, 8) + ending));
  }
  return place;
}

}  // namespace bitfleet
