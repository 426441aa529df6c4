#include "gguf/gguf_file.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "gguf/byte_reader.h"
#include "gguf/gguf_value.h"
#include "gguf/mapped_file.h"
#include "quant/tensor_type.h"
#include "text/utf8.h"

namespace bitfleet {
namespace {

// Limits of ours, far above any published model, so that a hostile header costs little before it is refused.
constexpr uint64_t most_entries = 1 << 16;
constexpr uint64_t most_tensors = 1 << 17;
constexpr uint64_t longest_key = 1 << 16;
constexpr uint64_t longest_tensor_name = 255;
constexpr uint64_t longest_string = 1 << 24;
constexpr uint64_t most_array_elements = 1 << 26;
constexpr uint32_t deepest_array = 4;
constexpr uint64_t largest_alignment = 1 << 20;
constexpr uint64_t most_elements = uint64_t{1} << 48;

// Names go into messages and logs.
void require_name(std::string_view name, uint64_t offset, const char* what) {
  if (name.empty()) ByteReader::fail(offset, std::string("an empty ") + what);
  if (!is_utf8(name)) ByteReader::fail(offset, std::string("a ") + what + " is not UTF-8");
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x20 && c != 0x7F; });
  if (!printable) ByteReader::fail(offset, std::string("a ") + what + " holds control characters");
}

std::string quoted(std::string_view name) {
  constexpr size_t shown = 80;
  if (name.size() <= shown) return "'" + std::string(name) + "'";
  size_t end = shown;
  while (end > 0 && (static_cast<uint8_t>(name[end]) & 0xC0) == 0x80) --end;
  return "'" + std::string(name.substr(0, end)) + "…'";
}

GgufType read_type(ByteReader& reader, std::string_view key) {
  const uint64_t offset = reader.position();
  const auto code = reader.read<uint32_t>("a value type");
  if (code >= gguf_type_count) {
    ByteReader::fail(offset, "key " + quoted(key) + " has the unknown value type " + std::to_string(code));
  }
  return static_cast<GgufType>(code);
}

void walk_value(ByteReader& reader, std::string_view key, GgufType type, uint32_t depth, GgufEntry* entry);

void walk_array(ByteReader& reader, std::string_view key, uint32_t depth, GgufEntry* entry) {
  const uint64_t offset = reader.position();
  if (depth >= deepest_array) {
    throw ModelError(ModelErrorCode::unsupported_model,
                     "key " + quoted(key) + " nests arrays deeper than " + std::to_string(deepest_array));
  }
  const GgufType element = read_type(reader, key);
  const auto count = reader.read<uint64_t>("an array length");
  const uint32_t bytes = scalar_bytes(element);
  const uint64_t least_bytes = element == GgufType::string ? 8 : element == GgufType::array ? 12 : bytes;
  if (count > reader.left() / least_bytes) {
    ByteReader::fail(offset, "the array of key " + quoted(key) + " claims " + std::to_string(count) +
                                 " elements, more than the file could hold");
  }
  if (count > most_array_elements) {
    throw ModelError(ModelErrorCode::unsupported_model,
                     "the array of key " + quoted(key) + " has " + std::to_string(count) + " elements");
  }
  if (entry != nullptr) {
    entry->element_type = element;
    entry->count = count;
    entry->value_offset = reader.position();
  }
  if (bytes != 0 && element != GgufType::boolean) {
    reader.skip(count * bytes, "an array");
    return;
  }
  for (uint64_t i = 0; i < count; ++i) walk_value(reader, key, element, depth + 1, nullptr);
}

void walk_value(ByteReader& reader, std::string_view key, GgufType type, uint32_t depth, GgufEntry* entry) {
  const uint64_t offset = reader.position();
  if (entry != nullptr) entry->value_offset = offset;
  switch (type) {
    case GgufType::string: reader.read_string(longest_string, "a string value"); return;
    case GgufType::array: walk_array(reader, key, depth, entry); return;
    case GgufType::boolean:
      if (reader.read<uint8_t>("a boolean") > 1) ByteReader::fail(offset, "key " + quoted(key) + " holds a boolean that is neither 0 nor 1");
      return;
    default: reader.skip(scalar_bytes(type), "a value");
  }
}

int64_t narrow(uint64_t value, std::string_view key) {
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    throw ModelError(ModelErrorCode::bad_file, "key " + quoted(key) + " holds a number beyond 2^63");
  }
  return static_cast<int64_t>(value);
}

int64_t read_integer(ByteReader& reader, GgufType type, std::string_view key) {
  switch (type) {
    case GgufType::u8: return reader.read<uint8_t>("u8");
    case GgufType::i8: return reader.read<int8_t>("i8");
    case GgufType::u16: return reader.read<uint16_t>("u16");
    case GgufType::i16: return reader.read<int16_t>("i16");
    case GgufType::u32: return reader.read<uint32_t>("u32");
    case GgufType::i32: return reader.read<int32_t>("i32");
    case GgufType::u64: return narrow(reader.read<uint64_t>("u64"), key);
    default: return reader.read<int64_t>("i64");
  }
}

[[noreturn]] void fail_type(const GgufEntry& entry, std::string_view wanted) {
  std::string actual(to_string(entry.type));
  if (entry.type == GgufType::array) actual += " of " + std::string(to_string(entry.element_type));
  throw ModelError(ModelErrorCode::bad_file,
                   "key " + quoted(entry.key) + " is of type " + actual + ", not " + std::string(wanted));
}

}  // namespace

struct GgufFile::Contents {
  explicit Contents(std::span<const std::byte> all) : bytes(all) { read(); }
  explicit Contents(MappedFile file) : mapping(std::make_shared<const MappedFile>(std::move(file))), bytes(mapping->bytes()) { read(); }

  void read();
  void read_entries(ByteReader& reader, uint64_t count);
  void read_tensors(ByteReader& reader, uint64_t count);
  void place_tensors(uint64_t header_end);
  const GgufEntry* find(std::string_view key) const;
  const GgufEntry* find_array(std::string_view key, std::string_view wanted) const;
  ByteReader at(const GgufEntry& entry) const { return ByteReader(bytes, entry.value_offset); }

  std::shared_ptr<const MappedFile> mapping;  // null for bytes of the caller's
  std::span<const std::byte> bytes;
  uint32_t version = 0;
  uint64_t alignment = 32;
  std::vector<GgufEntry> entries;                 // sorted by key
  std::vector<GgufTensor> tensors;                // in file order; file_offset is relative until placed
  std::vector<const GgufTensor*> tensors_by_name; // sorted
};

void GgufFile::Contents::read() {
  ByteReader reader(bytes);
  if (reader.read<uint32_t>("the magic number") != 0x46554747) ByteReader::fail(0, "not a GGUF file");
  version = reader.read<uint32_t>("the version");
  if (version == 0x03000000 || version == 0x02000000) {
    throw ModelError(ModelErrorCode::unsupported_model, "a big-endian GGUF file");
  }
  if (version != 2 && version != 3) {
    throw ModelError(ModelErrorCode::unsupported_model, "GGUF version " + std::to_string(version) + "; 2 and 3 are known");
  }
  const auto tensor_count = reader.read<uint64_t>("the tensor count");
  const auto entry_count = reader.read<uint64_t>("the metadata count");
  if (tensor_count > most_tensors) ByteReader::fail(8, "the header claims " + std::to_string(tensor_count) + " tensors");
  if (entry_count > most_entries) ByteReader::fail(16, "the header claims " + std::to_string(entry_count) + " metadata entries");
  read_entries(reader, entry_count);
  read_tensors(reader, tensor_count);
  place_tensors(reader.position());
}

void GgufFile::Contents::read_entries(ByteReader& reader, uint64_t count) {
  entries.reserve(std::min<uint64_t>(count, reader.left() / 13));
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = reader.position();
    GgufEntry entry{};
    entry.key = reader.read_string(longest_key, "a metadata key");
    require_name(entry.key, offset, "metadata key");
    entry.type = read_type(reader, entry.key);
    walk_value(reader, entry.key, entry.type, 0, &entry);
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const GgufEntry& a, const GgufEntry& b) { return a.key < b.key; });
  const auto twin = std::adjacent_find(entries.begin(), entries.end(),
                                       [](const GgufEntry& a, const GgufEntry& b) { return a.key == b.key; });
  if (twin != entries.end()) {
    throw ModelError(ModelErrorCode::bad_file, "key " + quoted(twin->key) + " appears twice");
  }
  if (const GgufEntry* entry = find("general.alignment")) {
    if (entry->type != GgufType::u32) fail_type(*entry, "u32");
    alignment = at(*entry).read<uint32_t>("the alignment");
    if (alignment < 8 || alignment > largest_alignment || (alignment & (alignment - 1)) != 0) {
      ByteReader::fail(entry->value_offset, "general.alignment is " + std::to_string(alignment) + ", not a power of two from 8 to 2^20");
    }
  }
}

void GgufFile::Contents::read_tensors(ByteReader& reader, uint64_t count) {
  tensors.reserve(std::min<uint64_t>(count, reader.left() / 32));
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = reader.position();
    GgufTensor tensor;
    tensor.name = reader.read_string(longest_tensor_name, "a tensor name");
    require_name(tensor.name, offset, "tensor name");
    tensor.rank = reader.read<uint32_t>("a tensor rank");
    if (tensor.rank < 1 || tensor.rank > 4) {
      ByteReader::fail(offset, "tensor " + quoted(tensor.name) + " has " + std::to_string(tensor.rank) + " dimensions");
    }
    uint64_t elements = 1;
    for (uint32_t d = 0; d < tensor.rank; ++d) {
      tensor.dims[d] = reader.read<uint64_t>("a tensor dimension");
      if (tensor.dims[d] == 0 || tensor.dims[d] > most_elements / elements) {
        ByteReader::fail(offset, "tensor " + quoted(tensor.name) + " has an empty or absurd dimension " + std::to_string(tensor.dims[d]));
      }
      elements *= tensor.dims[d];
    }
    tensor.type = reader.read<uint32_t>("a tensor type");
    tensor.file_offset = reader.read<uint64_t>("a tensor offset");
    tensors.push_back(tensor);
  }
  for (const GgufTensor& tensor : tensors) tensors_by_name.push_back(&tensor);
  std::sort(tensors_by_name.begin(), tensors_by_name.end(),
            [](const GgufTensor* a, const GgufTensor* b) { return a->name < b->name; });
  const auto twin = std::adjacent_find(tensors_by_name.begin(), tensors_by_name.end(),
                                       [](const GgufTensor* a, const GgufTensor* b) { return a->name == b->name; });
  if (twin != tensors_by_name.end()) {
    throw ModelError(ModelErrorCode::bad_file, "tensor " + quoted((*twin)->name) + " appears twice");
  }
}

// Turns relative offsets into spans of the data section, and checks that none leaves it or meets another.
void GgufFile::Contents::place_tensors(uint64_t header_end) {
  if (tensors.empty()) return;
  const uint64_t data_start = (header_end + alignment - 1) / alignment * alignment;
  if (data_start > bytes.size()) ByteReader::fail(bytes.size(), "the file ends before its tensor data");
  const uint64_t data_bytes = bytes.size() - data_start;
  std::vector<const GgufTensor*> by_offset;
  by_offset.reserve(tensors.size());
  for (GgufTensor& tensor : tensors) {
    const uint64_t offset = tensor.file_offset;
    if (offset % alignment != 0) {
      throw ModelError(ModelErrorCode::bad_file, "tensor " + quoted(tensor.name) + " starts at the offset " + std::to_string(offset) +
                                                     ", which is no multiple of " + std::to_string(alignment));
    }
    uint64_t size = 0;
    if (const auto type = tensor_type(tensor.type)) {
      const auto needed = tensor_bytes(*type, tensor.dims[0], tensor.elements());
      if (!needed) {
        throw ModelError(ModelErrorCode::bad_file, "tensor " + quoted(tensor.name) + " of type " + std::string(to_string(*type)) +
                                                       " has rows of " + std::to_string(tensor.dims[0]) + " elements, not whole blocks");
      }
      size = *needed;
    }
    if (offset > data_bytes || size > data_bytes - offset) {
      throw ModelError(ModelErrorCode::bad_file,
                       "tensor " + quoted(tensor.name) + " (" + std::to_string(size) + " bytes at offset " + std::to_string(offset) +
                           " of the data section) lies outside the file; it may be truncated");
    }
    tensor.file_offset = data_start + offset;
    tensor.data = bytes.subspan(tensor.file_offset, size);
    by_offset.push_back(&tensor);
  }
  std::sort(by_offset.begin(), by_offset.end(), [](const GgufTensor* a, const GgufTensor* b) {
    return a->file_offset != b->file_offset ? a->file_offset < b->file_offset : a->data.size() < b->data.size();
  });
  for (size_t i = 1; i < by_offset.size(); ++i) {
    const GgufTensor& before = *by_offset[i - 1];
    if (before.file_offset + before.data.size() > by_offset[i]->file_offset) {
      throw ModelError(ModelErrorCode::bad_file,
                       "tensors " + quoted(before.name) + " and " + quoted(by_offset[i]->name) + " overlap");
    }
  }
}

const GgufEntry* GgufFile::Contents::find(std::string_view key) const {
  const auto found = std::lower_bound(entries.begin(), entries.end(), key,
                                      [](const GgufEntry& entry, std::string_view wanted) { return entry.key < wanted; });
  return found != entries.end() && found->key == key ? &*found : nullptr;
}

const GgufEntry* GgufFile::Contents::find_array(std::string_view key, std::string_view wanted) const {
  const GgufEntry* entry = find(key);
  if (entry != nullptr && entry->type != GgufType::array) fail_type(*entry, wanted);
  return entry;
}

GgufFile::GgufFile(std::unique_ptr<Contents> contents) : contents_(std::move(contents)) {}
GgufFile::GgufFile(GgufFile&&) noexcept = default;
GgufFile& GgufFile::operator=(GgufFile&&) noexcept = default;
GgufFile::~GgufFile() = default;

GgufFile GgufFile::open(const std::filesystem::path& path) { return GgufFile(std::make_unique<Contents>(MappedFile(path))); }
GgufFile GgufFile::parse(std::span<const std::byte> bytes) { return GgufFile(std::make_unique<Contents>(bytes)); }

uint32_t GgufFile::version() const { return contents_->version; }
uint64_t GgufFile::size_bytes() const { return contents_->bytes.size(); }
std::shared_ptr<const MappedFile> GgufFile::mapping() const { return contents_->mapping; }

std::span<const std::byte> GgufFile::preamble() const {
  uint64_t end = contents_->bytes.size();
  for (const GgufTensor& tensor : contents_->tensors) end = std::min(end, tensor.file_offset);
  return contents_->bytes.first(end);
}

void GgufFile::forget_pages() const {
  if (contents_->mapping) contents_->mapping->forget_pages();
}

bool GgufFile::contains(std::string_view key) const { return contents_->find(key) != nullptr; }
std::span<const GgufTensor> GgufFile::tensors() const { return contents_->tensors; }

const GgufTensor* GgufFile::tensor(std::string_view name) const {
  const auto& sorted = contents_->tensors_by_name;
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), name,
                                      [](const GgufTensor* tensor, std::string_view wanted) { return tensor->name < wanted; });
  return found != sorted.end() && (*found)->name == name ? *found : nullptr;
}

std::optional<std::string_view> GgufFile::text(std::string_view key) const {
  const GgufEntry* entry = contents_->find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != GgufType::string) fail_type(*entry, "string");
  return contents_->at(*entry).read_string(longest_string, "a string value");
}

std::optional<uint64_t> GgufFile::unsigned_integer(std::string_view key) const {
  const GgufEntry* entry = contents_->find(key);
  if (entry == nullptr) return std::nullopt;
  if (!is_integer(entry->type)) fail_type(*entry, "an integer");
  ByteReader reader = contents_->at(*entry);
  if (entry->type == GgufType::u64) return reader.read<uint64_t>("u64");
  const int64_t value = read_integer(reader, entry->type, key);
  if (value < 0) throw ModelError(ModelErrorCode::bad_file, "key " + quoted(key) + " is negative");
  return static_cast<uint64_t>(value);
}

std::optional<double> GgufFile::real(std::string_view key) const {
  const GgufEntry* entry = contents_->find(key);
  if (entry == nullptr) return std::nullopt;
  ByteReader reader = contents_->at(*entry);
  if (entry->type == GgufType::f32) return reader.read<float>("f32");
  if (entry->type == GgufType::f64) return reader.read<double>("f64");
  if (!is_integer(entry->type)) fail_type(*entry, "a number");
  return static_cast<double>(read_integer(reader, entry->type, key));
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  const GgufEntry* entry = contents_->find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->type != GgufType::boolean) fail_type(*entry, "bool");
  return contents_->at(*entry).read<uint8_t>("a boolean") != 0;
}

std::optional<std::vector<std::string_view>> GgufFile::texts(std::string_view key) const {
  const GgufEntry* entry = contents_->find_array(key, "an array of strings");
  if (entry == nullptr) return std::nullopt;
  if (entry->element_type != GgufType::string) fail_type(*entry, "an array of strings");
  std::vector<std::string_view> values;
  values.reserve(entry->count);
  ByteReader reader = contents_->at(*entry);
  for (uint64_t i = 0; i < entry->count; ++i) values.push_back(reader.read_string(longest_string, "a string value"));
  return values;
}

std::optional<std::vector<int64_t>> GgufFile::integers(std::string_view key) const {
  const GgufEntry* entry = contents_->find_array(key, "an array of integers");
  if (entry == nullptr) return std::nullopt;
  if (!is_integer(entry->element_type)) fail_type(*entry, "an array of integers");
  std::vector<int64_t> values;
  values.reserve(entry->count);
  ByteReader reader = contents_->at(*entry);
  for (uint64_t i = 0; i < entry->count; ++i) values.push_back(read_integer(reader, entry->element_type, key));
  return values;
}

std::optional<std::vector<float>> GgufFile::reals(std::string_view key) const {
  const GgufEntry* entry = contents_->find_array(key, "an array of floats");
  if (entry == nullptr) return std::nullopt;
  const bool wide = entry->element_type == GgufType::f64;
  if (!wide && entry->element_type != GgufType::f32) fail_type(*entry, "an array of floats");
  std::vector<float> values;
  values.reserve(entry->count);
  ByteReader reader = contents_->at(*entry);
  for (uint64_t i = 0; i < entry->count; ++i) {
    values.push_back(wide ? static_cast<float>(reader.read<double>("f64")) : reader.read<float>("f32"));
  }
  return values;
}

}  // namespace bitfleet
