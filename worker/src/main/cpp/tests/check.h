#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

// The test harness: TEST(name) { CHECK(…); CHECK_EQUAL(a, b); CHECK_THROWS(Type, statement); }. One executable per
// file; its exit status is the verdict. A failed check ends its test and the others still run. An argument picks the
// tests whose name contains it. There is no library because a fresh machine has only CMake and a compiler.
namespace bitfleet::testing {

struct Failure : std::exception {
  explicit Failure(std::string text) : text(std::move(text)) {}
  const char* what() const noexcept override { return text.c_str(); }
  std::string text;
};

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& text) {
  throw Failure(std::string(file) + ":" + std::to_string(line) + ": " + text);
}

template <typename T>
std::string show(const T& value) {
  if constexpr (requires(std::ostringstream& out) { out << value; }) {
    std::ostringstream out;
    out.precision(9);
    out << value;
    return out.str();
  } else {
    return "(value)";
  }
}

}  // namespace bitfleet::testing

#define TEST(name)                                                                  \
  static void name();                                                               \
  static const bitfleet::testing::Registration registration_of_##name(#name, name); \
  static void name()

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) bitfleet::testing::fail(__FILE__, __LINE__, "does not hold: " #condition);   \
  } while (false)

#define CHECK_EQUAL(expected, actual)                                                              \
  do {                                                                                             \
    const auto expected_value = (expected);                                                        \
    const auto actual_value = (actual); /* copies: a reference may be into a temporary */          \
    if (!(expected_value == actual_value))                                                         \
      bitfleet::testing::fail(__FILE__, __LINE__,                                                  \
                              #actual " is " + bitfleet::testing::show(actual_value) + ", not " +  \
                                  bitfleet::testing::show(expected_value));                        \
  } while (false)

#define CHECK_THROWS(type, statement)                                                              \
  do {                                                                                             \
    bool thrown = false;                                                                           \
    try {                                                                                          \
      statement;                                                                                   \
    } catch (const type&) {                                                                        \
      thrown = true;                                                                               \
    }                                                                                              \
    if (!thrown) bitfleet::testing::fail(__FILE__, __LINE__, #statement " did not throw " #type);  \
  } while (false)

int main(int argc, char** argv) {
  using namespace bitfleet::testing;
  int failed = 0;
  int run = 0;
  for (const Case& test : cases()) {
    if (argc > 1 && std::string(test.name).find(argv[1]) == std::string::npos) continue;
    ++run;
    try {
      test.body();
      std::printf("ok    %s\n", test.name);
    } catch (const std::exception& error) {
      ++failed;
      std::printf("FAIL  %s\n      %s\n", test.name, error.what());
    }
    std::fflush(stdout);
  }
  std::printf("%d run, %d failed\n", run, failed);
  return failed == 0 && run > 0 ? 0 : 1;
}
