#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/codec.h"
#include "wire/messages.h"

// Any bytes are read or refused, and what was read has one canonical form.
// Seeds: shared-proto/src/test/resources/golden/engine/*.bin.
namespace {

template <class Decode>
void check(std::string_view bytes, Decode decode) {
  using namespace bitfleet::wire;
  try {
    const std::string canonical = encode(decode(bytes));
    if (encode(decode(canonical)) != canonical) std::abort();
  } catch (const MalformedMessage&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes, bitfleet::wire::decode_command);
  check(bytes, bitfleet::wire::decode_event);
  return 0;
}
