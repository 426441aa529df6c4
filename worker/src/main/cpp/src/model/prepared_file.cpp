#include "model/prepared_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "model/fingerprint.h"

namespace bitfleet {
namespace {

constexpr uint64_t page = 4096;
constexpr uint64_t piece_bytes = 4 << 20;
constexpr uint64_t longest_text = 1 << 16;
constexpr uint64_t most_facts = 64 << 20;
constexpr uint32_t version = 1;
constexpr size_t key_bytes = 32;

struct Header {
  std::array<char, 8> magic;
  uint32_t version;
  uint32_t zero;
  std::array<char, key_bytes> key;
  uint64_t facts_offset;
  uint64_t facts_bytes;
  uint64_t file_bytes;
  uint64_t facts_checksum;
  uint64_t checksum;  // of all before
};
static_assert(sizeof(Header) == 88);

constexpr std::array<char, 8> magic{'B', 'F', 'P', 'R', 'E', 'P', '\r', '\n'};

uint64_t checksum_of(std::span<const std::byte> bytes) {
  Fingerprint print;
  print.add(bytes);
  return print.number();
}

uint64_t checksum_of(const Header& header) {
  return checksum_of(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, checksum)));
}

bool read_whole(int descriptor, std::byte* to, uint64_t bytes, uint64_t offset) {
  while (bytes > 0) {
    const ssize_t got = pread(descriptor, to, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    bytes -= static_cast<uint64_t>(got);
    offset += static_cast<uint64_t>(got);
  }
  return true;
}

}  // namespace

PreparedWriter::PreparedWriter(const std::filesystem::path& target, std::string_view key)
    : target_(target), partial_(target.string() + ".partial-" + std::to_string(getpid())), key_(key), end_(page) {
  descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("cannot make");
}

PreparedWriter::~PreparedWriter() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(partial_.c_str());
}

void PreparedWriter::fail(const char* what) const {
  throw std::filesystem::filesystem_error(what, partial_, std::error_code(errno, std::generic_category()));
}

void PreparedWriter::number(uint64_t value) { facts_.append(reinterpret_cast<const char*>(&value), sizeof value); }

void PreparedWriter::text(std::string_view value) {
  number(value.size());
  facts_.append(value);
}

void PreparedWriter::bytes(std::span<const std::byte> data) {
  number(end_);
  number(data.size());
  for (uint64_t done = 0; done < data.size(); done += piece_bytes) {
    const auto piece = data.subspan(done, std::min<uint64_t>(piece_bytes, data.size() - done));
    number(checksum_of(piece));
    put(piece, end_ + done);
  }
  end_ += (data.size() + page - 1) / page * page;
}

void PreparedWriter::put(std::span<const std::byte> data, uint64_t offset) {
  while (!data.empty()) {
    const ssize_t written = pwrite(descriptor_, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot write");
    data = data.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
}

void PreparedWriter::commit() {
  Header header{magic, version, 0, {}, end_, facts_.size(), end_ + facts_.size(), 0, 0};
  std::copy_n(key_.begin(), std::min(key_.size(), key_bytes), header.key.begin());
  const auto facts = std::as_bytes(std::span(facts_));
  header.facts_checksum = checksum_of(facts);
  header.checksum = checksum_of(header);
  put(facts, end_);
  put(std::as_bytes(std::span(&header, 1)), 0);
  const int descriptor = std::exchange(descriptor_, -1);
  if (close(descriptor) != 0 || rename(partial_.c_str(), target_.c_str()) != 0) {
    const int error = errno;
    unlink(partial_.c_str());
    errno = error;
    fail("cannot finish");
  }
}

std::optional<PreparedReader> PreparedReader::open(const std::filesystem::path& path, std::string_view key) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return std::nullopt;
  struct stat status {};
  const bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  PreparedReader reader(descriptor, regular ? static_cast<uint64_t>(status.st_size) : 0);
  if (!regular || !reader.read_header(key)) return std::nullopt;
  return reader;
}

bool PreparedReader::read_header(std::string_view key) {
  Header header;
  if (file_bytes_ < page || !read_whole(descriptor_, reinterpret_cast<std::byte*>(&header), sizeof header, 0)) return false;
  std::array<char, key_bytes> wanted{};
  std::copy_n(key.begin(), std::min(key.size(), key_bytes), wanted.begin());
  if (header.magic != magic || header.version != version || header.checksum != checksum_of(header) || header.key != wanted) return false;
  if (header.file_bytes != file_bytes_ || header.facts_bytes > most_facts || header.facts_bytes > file_bytes_ ||
      header.facts_offset != file_bytes_ - header.facts_bytes) {
    return false;
  }
  facts_.resize(header.facts_bytes);
  return read_whole(descriptor_, reinterpret_cast<std::byte*>(facts_.data()), facts_.size(), header.facts_offset) &&
         checksum_of(std::as_bytes(std::span(facts_))) == header.facts_checksum;
}

PreparedReader::PreparedReader(PreparedReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      file_bytes_(other.file_bytes_),
      facts_(std::move(other.facts_)),
      at_(other.at_),
      pieces_(std::move(other.pieces_)) {}

PreparedReader::~PreparedReader() {
  if (descriptor_ >= 0) close(descriptor_);
}

uint64_t PreparedReader::number(uint64_t most) {
  uint64_t value;
  if (facts_.size() - at_ < sizeof value) throw Damaged();
  std::memcpy(&value, facts_.data() + at_, sizeof value);
  at_ += sizeof value;
  if (value > most) throw Damaged();
  return value;
}

float PreparedReader::real() { return std::bit_cast<float>(static_cast<uint32_t>(number(UINT32_MAX))); }

std::string PreparedReader::text() {
  const uint64_t length = number(std::min<uint64_t>(longest_text, facts_.size()));
  if (facts_.size() - at_ < length) throw Damaged();
  std::string value = facts_.substr(at_, length);
  at_ += length;
  return value;
}

void PreparedReader::enqueue(std::byte* to, uint64_t offset, uint64_t bytes) {
  for (uint64_t done = 0; done < bytes; done += piece_bytes) {
    pieces_.push_back({to + done, offset + done, std::min(piece_bytes, bytes - done), number(UINT64_MAX)});
  }
}

bool PreparedReader::read_piece(const Piece& piece) const {
  return read_whole(descriptor_, piece.to, piece.bytes, piece.offset) && checksum_of(std::span<const std::byte>(piece.to, piece.bytes)) == piece.checksum;
}

bool PreparedReader::load(ThreadTeam& team) {
  std::atomic<size_t> next{0};
  std::atomic<bool> sound{true};
  team.run([&](uint32_t) {
    for (size_t i = next.fetch_add(1); i < pieces_.size() && sound.load(std::memory_order_relaxed); i = next.fetch_add(1)) {
      if (!read_piece(pieces_[i])) sound.store(false, std::memory_order_relaxed);
    }
  });
  return sound.load();
}

}  // namespace bitfleet
