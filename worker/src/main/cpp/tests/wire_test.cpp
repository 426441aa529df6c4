#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>

#include "check.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/messages.h"

using namespace bitfleet;
using namespace bitfleet::wire;

namespace {

// Tests run in worker/src/main/cpp.
const std::filesystem::path golden = "../../../../shared-proto/src/test/resources/golden/engine";

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  CHECK(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

EngineCommand golden_command(const char* name) { return decode_command(read(golden / (std::string(name) + ".bin"))); }
EngineEvent golden_event(const char* name) { return decode_event(read(golden / (std::string(name) + ".bin"))); }

std::vector<std::string> golden_bytes(const char* prefix) {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".bin")) all.push_back(read(entry.path()));
  }
  return all;
}

struct Pipe {
  Pipe() { CHECK(pipe(fds) == 0); }
  ~Pipe() { close(fds[0]); close_writer(); }
  void close_writer() { if (fds[1] >= 0) close(fds[1]); fds[1] = -1; }
  int reader() const { return fds[0]; }
  int writer() const { return fds[1]; }
  int fds[2];
};

}  // namespace

TEST(golden_commands_come_out_byte_for_byte) {
  const auto all = golden_bytes("command_");
  CHECK(all.size() >= 8);
  for (const auto& bytes : all) CHECK(encode(decode_command(bytes)) == bytes);
}

TEST(golden_events_come_out_byte_for_byte) {
  const auto all = golden_bytes("event_");
  CHECK(all.size() >= 14);
  for (const auto& bytes : all) CHECK(encode(decode_event(bytes)) == bytes);
}

TEST(every_kind_of_message_has_golden_bytes) {
  std::vector<bool> commands(std::variant_size_v<EngineCommand>);
  for (const auto& bytes : golden_bytes("command_")) commands[decode_command(bytes).index()] = true;
  for (bool seen : commands) CHECK(seen);
  std::vector<bool> events(std::variant_size_v<EngineEvent>);
  for (const auto& bytes : golden_bytes("event_")) events[decode_event(bytes).index()] = true;
  for (size_t i = 1; i < events.size(); ++i) CHECK(events[i]);
}

TEST(open_sequence_reads_as_its_text_form_says) {
  const auto open = std::get<OpenSequence>(golden_command("command_open"));
  CHECK_EQUAL(UINT64_MAX, open.sequence_id);
  CHECK_EQUAL(5u, open.prompt.size());
  CHECK((std::get<std::vector<uint32_t>>(open.prompt[0]) == std::vector<uint32_t>{128000, 0, 4294967295}));
  CHECK_EQUAL(std::string("Grüße, 世界 🙂"), std::get<std::string>(open.prompt[1]));
  CHECK_EQUAL(std::string(), std::get<std::string>(open.prompt[2]));
  CHECK(std::get<std::vector<uint32_t>>(open.prompt[3]).empty());
  CHECK(std::holds_alternative<std::monostate>(open.prompt[4]));
  CHECK(open.sampling.has_value());
  CHECK_EQUAL(0.8f, open.sampling->temperature);
  CHECK_EQUAL(40u, open.sampling->top_k);
  CHECK_EQUAL(0.95f, open.sampling->top_p);
  CHECK_EQUAL(0.05f, open.sampling->min_p);
  CHECK_EQUAL(1.0f, open.sampling->typical_p);
  CHECK_EQUAL(1.1f, open.sampling->repeat_penalty);
  CHECK_EQUAL(64u, open.sampling->repeat_last_n);
  CHECK_EQUAL(-0.5f, open.sampling->presence_penalty);
  CHECK_EQUAL(0.25f, open.sampling->frequency_penalty);
  CHECK_EQUAL(4u, open.sampling->logit_bias.size());
  CHECK_EQUAL(1.5f, open.sampling->logit_bias.at(7));
  CHECK_EQUAL(UINT64_MAX, open.sampling->seed);
  CHECK_EQUAL(UINT32_MAX, open.max_tokens);
  CHECK((open.stop_tokens == std::vector<uint32_t>{128009, 1}));
  CHECK((open.stop_strings == std::vector<std::string>{"\n\nUser:", "停", ""}));
  CHECK(open.ignore_end_tokens);
  CHECK_EQUAL(20u, open.top_logprobs.value());
  CHECK_EQUAL(4096u, open.context_limit);
  CHECK((open.emitted == std::vector<uint32_t>{1, 300, 16384, 2097152}));
  CHECK_EQUAL(uint64_t{1} << 63, open.cache_scope);
  CHECK(open.add_begin_token);
}

TEST(absence_is_kept_apart_from_zero) {
  const auto absent = std::get<OpenSequence>(golden_command("command_open_absent"));
  CHECK(absent.priority == Priority::interactive);
  CHECK(std::get<OpenSequence>(golden_command("command_open_background")).priority == Priority::background);
  CHECK(!absent.sampling && !absent.top_logprobs);
  const auto zero = std::get<OpenSequence>(golden_command("command_open_zero_logprobs"));
  CHECK_EQUAL(0u, zero.top_logprobs.value());
  CHECK(zero.sampling.has_value());
  const auto piece = std::get<TokenPiece>(golden_event("event_piece"));
  CHECK(piece.tokens[0].logprob && piece.tokens[1].logprob && !piece.tokens[2].logprob);
  CHECK_EQUAL(std::string("\xE4\xB8"), piece.tokens[0].text);
}

TEST(unpacked_numbers_and_unknown_fields_are_read) {
  // ids 5 and 300 one by one (field 2, varint), a fixed64 field 99, a text field 100 inside Detokenize.
  std::string body("\x08\x01\x10\x05\x10\xAC\x02", 7);
  body += std::string("\x99\x06", 2) + std::string(8, 'x');
  body += std::string("\xA2\x06\x03", 3) + "abc";
  const std::string message = std::string("\x22", 1) + static_cast<char>(body.size()) + body;
  const auto detokenize = std::get<Detokenize>(decode_command(message));
  CHECK((detokenize.ids == std::vector<uint32_t>{5, 300}));
}

TEST(parts_of_one_message_are_merged_and_the_last_member_of_a_oneof_wins) {
  OpenSequence one;
  one.sequence_id = 1;
  one.stop_tokens = {4};
  OpenSequence other;
  other.max_tokens = 9;
  other.stop_tokens = {5};
  const std::string first = encode(EngineCommand(one));
  const std::string second = encode(EngineCommand(other));
  const auto merged = std::get<OpenSequence>(decode_command(first + second));
  CHECK_EQUAL(1u, merged.sequence_id);
  CHECK_EQUAL(9u, merged.max_tokens);
  CHECK((merged.stop_tokens == std::vector<uint32_t>{4, 5}));
  CHECK(std::holds_alternative<Ping>(decode_command(first + encode(EngineCommand(Ping{3})))));
}

TEST(hostile_bytes_are_refused) {
  const std::vector<std::string> hostile = {
      std::string("\x0A", 1),                                       // a key without a length
      std::string("\x0A\x05\x08", 3),                               // longer than the message
      std::string("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 11),  // a length of 2^64-1
      std::string("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F", 11),  // a varint beyond 64 bits
      std::string("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 12),  // of 11 bytes
      std::string("\x02\x00", 2),                                   // field number 0
      std::string("\x0B\x0C", 2),                                   // a group
      std::string("\x0E\x00", 2),                                   // wire type 6
      std::string("\x08\x01", 2),                                   // open as a number
      std::string("\x0A\x02\x0A\x00", 4),                           // sequence_id as a string
      std::string("\x0A\x03\x32\x01\xFF", 5),                       // a stop string that is not UTF-8
      std::string("\x0A\x03\x2A\x01\x80", 5),                       // a packed run cut inside a number
      std::string("\x0A\x05\x1A\x03\x0D\x00\x00", 7),               // a float cut short
  };
  for (const auto& bytes : hostile) CHECK_THROWS(MalformedMessage, decode_command(bytes));
}

TEST(every_prefix_of_a_message_is_read_or_refused) {
  for (const auto& bytes : golden_bytes("")) {
    for (size_t length = 0; length <= bytes.size(); ++length) {
      try {
        decode_command(std::string_view(bytes).substr(0, length));
        decode_event(std::string_view(bytes).substr(0, length));
      } catch (const MalformedMessage&) {
      }
    }
  }
}

TEST(mutated_messages_are_read_or_refused) {
  std::mt19937 random(20261121);
  const auto seeds = golden_bytes("");
  for (int round = 0; round < 60'000; ++round) {
    std::string bytes = seeds[random() % seeds.size()];
    for (uint32_t changes = random() % 4 + 1; changes > 0 && !bytes.empty(); --changes) {
      const size_t place = random() % bytes.size();
      switch (random() % 4) {
        case 0: bytes[place] = static_cast<char>(random()); break;
        case 1: bytes.erase(place, random() % 4 + 1); break;
        case 2: bytes.insert(place, 1, static_cast<char>(random())); break;
        default: bytes[place] = static_cast<char>(static_cast<uint8_t>(bytes[place]) ^ (1u << random() % 8));
      }
    }
    try {
      // What can be read has one canonical form.
      const std::string again = encode(decode_command(bytes));
      CHECK(encode(decode_command(again)) == again);
    } catch (const MalformedMessage&) {
    }
    try {
      const std::string again = encode(decode_event(bytes));
      CHECK(encode(decode_event(again)) == again);
    } catch (const MalformedMessage&) {
    }
  }
}

TEST(too_many_elements_are_refused_before_they_cost_memory) {
  std::string body;
  for (int i = 0; i < 5000; ++i) body += std::string("\x32\x00", 2);
  std::string message;
  Encoder(message).present_bytes(1, body);
  CHECK_THROWS(MalformedMessage, decode_command(message));
}

TEST(text_that_is_not_utf8_leaves_as_replacement_characters) {
  Ready ready;
  ready.model_name = "a\xFF";
  ready.assumptions = {"\xC3"};
  const auto event = decode_event(encode(EngineEvent(ready)));
  CHECK_EQUAL(std::string("a\xEF\xBF\xBD"), std::get<Ready>(event).model_name);
  CHECK_EQUAL(std::string("\xEF\xBF\xBD"), std::get<Ready>(event).assumptions[0]);
}

TEST(frames_survive_being_cut_anywhere) {
  const std::string messages[] = {"", "a", std::string(70'000, 'x'), encode(EngineCommand(Ping{77}))};
  std::string bytes;
  for (const auto& message : messages) bytes += frame(message);
  for (size_t cut : {size_t{1}, size_t{3}, size_t{4097}}) {
    Pipe pipe;
    std::thread writer([&] {
      for (size_t i = 0; i < bytes.size(); i += cut) write_all(pipe.writer(), std::string_view(bytes).substr(i, cut));
      pipe.close_writer();
    });
    for (const auto& message : messages) {
      const FrameRead read = read_frame(pipe.reader());
      CHECK(read.status == FrameStatus::frame);
      CHECK(read.message == message);
    }
    CHECK(read_frame(pipe.reader()).status == FrameStatus::closed);
    writer.join();
  }
}

TEST(frames_pass_descriptors_that_do_not_block) {
  Pipe pipe;
  fcntl(pipe.reader(), F_SETFL, O_NONBLOCK);
  fcntl(pipe.writer(), F_SETFL, O_NONBLOCK);
  const std::string message(1'000'000, 'y');
  std::thread writer([&] { CHECK(write_all(pipe.writer(), frame(message))); });
  const FrameRead read = read_frame(pipe.reader());
  writer.join();
  CHECK(read.status == FrameStatus::frame);
  CHECK(read.message == message);
}

TEST(broken_frames_are_told_apart) {
  {
    Pipe pipe;
    write_all(pipe.writer(), std::string_view("\x05\x00\x00\x00xy", 6));
    pipe.close_writer();
    CHECK(read_frame(pipe.reader()).status == FrameStatus::truncated);
  }
  {
    Pipe pipe;
    write_all(pipe.writer(), std::string_view("\x05\x00", 2));
    pipe.close_writer();
    CHECK(read_frame(pipe.reader()).status == FrameStatus::truncated);
  }
  {
    Pipe pipe;
    write_all(pipe.writer(), std::string_view("\x01\x00\x00\x01", 4));  // 16 MiB and one
    const FrameRead read = read_frame(pipe.reader());
    CHECK(read.status == FrameStatus::oversized);
    CHECK_EQUAL(16u * 1024 * 1024 + 1, read.declared_length);
  }
  CHECK(read_frame(-1).status == FrameStatus::failed);
}
