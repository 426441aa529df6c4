#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "serve/event_writer.h"
#include "serve/process_end.h"
#include "tools/random_model.h"
#include "wire/frame.h"
#include "wire/messages.h"

// The engine as its worker sees it: a process and two pipes.
using namespace bitfleet;
using namespace bitfleet::wire;

namespace {

constexpr auto patience = std::chrono::seconds(60);
using Clock = std::chrono::steady_clock;

// The engine stands beside the tests in the build folder.
std::string engine_path() {
  const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bitfleet-engine";
  if (!std::filesystem::exists(path)) throw std::runtime_error("build bitfleet-engine first");
  return path.string();
}

struct TemporaryModel {
  TemporaryModel()
      : path(std::filesystem::temp_directory_path() / ("bitfleet-serve-test-" + std::to_string(getpid()) + ".gguf")) {
    tools::RandomModelSpec spec = tools::named_shape("tiny");
    spec.context_length = 8192;
    std::ofstream out(path, std::ios::binary);
    tools::write_random_model(spec, out);
  }
  ~TemporaryModel() { std::filesystem::remove(path); }
  const std::string path;
};

const std::string& model_path() {
  static const TemporaryModel model;
  return model.path;
}

class EngineProcess {
 public:
  explicit EngineProcess(std::vector<std::string> arguments) {
    int in[2], out[2];
    CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    const std::string path = engine_path();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      const int null = open("/dev/null", O_WRONLY);
      if (null >= 0) dup2(null, 2);
      std::vector<char*> argv = {const_cast<char*>(path.c_str())};
      for (auto& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      execv(path.c_str(), argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }

  ~EngineProcess() {
    close_input();
    close_output();
    if (!reaped_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  void send(const EngineCommand& command) { send_bytes(frame(encode(command))); }
  void send_bytes(std::string_view bytes) { CHECK(write_all(input_, bytes)); }

  std::optional<EngineEvent> next() {
    pollfd poll_fd{output_, POLLIN, 0};
    if (poll(&poll_fd, 1, static_cast<int>(std::chrono::milliseconds(patience).count())) != 1) throw std::runtime_error("the engine is silent");
    FrameRead read = read_frame(output_);
    if (read.status == FrameStatus::closed) return std::nullopt;
    CHECK(read.status == FrameStatus::frame);
    return decode_event(read.message);
  }

  // Skips what is not of this type.
  template <class Event>
  Event wait_for() {
    for (;;) {
      auto event = next();
      if (!event) throw std::runtime_error("the engine has closed its output");
      if (auto* wanted = std::get_if<Event>(&*event)) return *wanted;
    }
  }

  Ready start() {
    const auto first = next();
    CHECK(first && std::holds_alternative<Loading>(*first));
    CHECK_EQUAL(protocol_version, std::get<Loading>(*first).protocol);
    const auto second = next();
    CHECK(second && std::holds_alternative<Ready>(*second));
    return std::get<Ready>(*second);
  }

  // Text and end of one sequence, everything else being skipped.
  std::pair<std::string, SequenceFinished> finish(uint64_t id) {
    std::string text;
    for (;;) {
      const auto event = next();
      CHECK(event.has_value());
      if (const auto* piece = std::get_if<TokenPiece>(&*event); piece && piece->sequence_id == id) text += piece->text;
      if (const auto* finished = std::get_if<SequenceFinished>(&*event); finished && finished->sequence_id == id) return {text, *finished};
    }
  }

  // The engine's stdout holds so many bytes from now on.
  void narrow_output(int bytes) { CHECK(fcntl(output_, F_SETPIPE_SZ, bytes) >= 0); }

  // Waits until so many bytes of the engine's stdout lie unread.
  void wait_until_unread(int bytes) {
    const auto deadline = Clock::now() + patience;
    for (int unread = 0; unread < bytes;) {
      if (Clock::now() > deadline) throw std::runtime_error("the engine writes too little");
      std::this_thread::yield();
      CHECK(ioctl(output_, FIONREAD, &unread) == 0);
    }
  }

  int wait_exit() {
    const auto deadline = Clock::now() + patience;
    int status = 0;
    while (waitpid(pid_, &status, WNOHANG) == 0) {
      if (Clock::now() > deadline) throw std::runtime_error("the engine does not end");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  void close_input() { if (input_ >= 0) close(input_); input_ = -1; }
  void close_output() { if (output_ >= 0) close(output_); output_ = -1; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  int output_ = -1;
  bool reaped_ = false;
};

std::vector<std::string> serve_arguments(std::vector<std::string> more = {}) {
  std::vector<std::string> all = {"serve", "--model", model_path(), "--threads", "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

OpenSequence hot_request(uint64_t id, const std::string& prompt, uint32_t max_tokens) {
  OpenSequence open;
  open.sequence_id = id;
  open.prompt.emplace_back(prompt);
  open.max_tokens = max_tokens;
  open.ignore_end_tokens = true;
  open.add_begin_token = true;
  Sampling sampling;
  sampling.temperature = 6;
  sampling.top_p = sampling.typical_p = sampling.repeat_penalty = 1;
  sampling.seed = id;
  open.sampling = sampling;
  return open;
}

}  // namespace

TEST(the_engine_tells_what_it_has_loaded) {
  EngineProcess engine(serve_arguments({"--slots", "3", "--ctx-size", "512"}));
  const Ready ready = engine.start();
  CHECK_EQUAL(1u, ready.protocol);
  CHECK(!ready.engine_version.empty());
  CHECK(!ready.kernel.empty() && ready.kernel != "auto");
  CHECK_EQUAL(1u, ready.threads);
  CHECK_EQUAL(3u, ready.slots);
  CHECK_EQUAL(512u, ready.context_length);
  CHECK_EQUAL(std::string("bitnet-b1.58"), ready.architecture);
  CHECK(ready.vocabulary_size > 256);
  CHECK_EQUAL(size_t{16}, ready.fingerprint.size());
  CHECK(ready.parameters > 0 && ready.model_bytes > 0 && ready.kv_cache_bytes > 0);
  engine.close_input();
  CHECK_EQUAL(0, engine.wait_exit());
}

TEST(sequences_are_served_and_their_text_does_not_depend_on_the_process) {
  std::vector<std::string> texts;
  for (const auto& more : std::vector<std::vector<std::string>>{{"--slots", "1"}, {"--slots", "4", "--batch", "3"}, {"--kernel", "scalar"}}) {
    EngineProcess engine(serve_arguments(more));
    engine.start();
    engine.send(hot_request(1, "Hello, world! Grüße.", 40));
    const auto accepted = engine.wait_for<SequenceAccepted>();
    CHECK(accepted.sequence_id == 1 && accepted.prompt_tokens > 5 && accepted.cached_tokens == 0);
    const auto [text, finished] = engine.finish(1);
    CHECK(finished.reason == FinishReason::length);
    CHECK_EQUAL(40u, finished.completion_tokens);
    texts.push_back(text);
  }
  CHECK(!texts[0].empty());
  CHECK_EQUAL(texts[0], texts[1]);
  CHECK_EQUAL(texts[0], texts[2]);
}

TEST(several_sequences_run_at_once_and_one_can_be_cancelled) {
  EngineProcess engine(serve_arguments({"--slots", "2"}));
  engine.start();
  engine.send(hot_request(1, "first", 4000));
  engine.wait_for<SequenceAccepted>();
  engine.wait_for<TokenPiece>();
  engine.send(hot_request(2, "second", 4000));
  engine.send(hot_request(3, "third", 5));
  const auto rejected = engine.wait_for<SequenceRejected>();
  CHECK(rejected.sequence_id == 3 && rejected.code == Rejection::busy);
  engine.send(CancelSequence{1});
  CHECK(engine.finish(1).second.reason == FinishReason::cancelled);
  engine.send(hot_request(4, "fourth", 5));
  CHECK(engine.finish(4).second.reason == FinishReason::length);
  engine.send(CancelSequence{2});
  CHECK(engine.finish(2).second.reason == FinishReason::cancelled);
  engine.send(Ping{9});
  const auto pong = engine.wait_for<Pong>();
  CHECK(pong.request_id == 9 && pong.open_sequences == 0 && pong.steps > 5 && pong.generated_tokens > 5);
}

TEST(what_is_wrong_with_a_request_is_said_with_its_field) {
  EngineProcess engine(serve_arguments({"--ctx-size", "64"}));
  engine.start();
  OpenSequence open = hot_request(1, "x", 5);
  open.sampling->top_p = 2;
  engine.send(open);
  auto rejected = engine.wait_for<SequenceRejected>();
  CHECK(rejected.code == Rejection::invalid && rejected.param == "sampling.top_p");
  engine.send(hot_request(2, std::string(5000, 'x'), 5));
  rejected = engine.wait_for<SequenceRejected>();
  CHECK(rejected.code == Rejection::context_length_exceeded);
  CHECK(rejected.prompt_tokens > 64 && rejected.context_length == 64);
  // What cannot fit is told by its length, without keeping a ping behind it waiting for the tokenizer.
  engine.send(hot_request(4, std::string(15 << 20, 'a'), 5));
  engine.send(Ping{6});
  rejected = engine.wait_for<SequenceRejected>();
  CHECK(rejected.sequence_id == 4 && rejected.code == Rejection::context_length_exceeded);
  CHECK(rejected.message.find("at least") != std::string::npos && rejected.prompt_tokens > 64);
  CHECK_EQUAL(6u, engine.wait_for<Pong>().request_id);
  OpenSequence empty;
  empty.sequence_id = 3;
  engine.send(empty);
  CHECK(engine.wait_for<SequenceRejected>().code == Rejection::empty_prompt);
}

TEST(text_goes_to_tokens_and_back) {
  for (const char* command : {"serve", "tokenizer"}) {
    EngineProcess engine({command, "--model", model_path()});
    const Ready ready = engine.start();
    CHECK_EQUAL(command == std::string("tokenizer") ? 0u : 4u, ready.slots);
    const std::string text = "Hello <|eot_id|> 世界 \xFF";
    Tokenize tokenize;
    tokenize.request_id = 5;
    tokenize.prompt.emplace_back(text);
    engine.send(tokenize);
    const auto tokenized = engine.wait_for<Tokenized>();
    CHECK(tokenized.request_id == 5 && tokenized.error.empty());
    Detokenize detokenize;
    detokenize.request_id = 6;
    detokenize.ids = tokenized.ids;
    engine.send(detokenize);
    CHECK_EQUAL(std::string("Hello <|eot_id|> 世界 \uFFFD"), engine.wait_for<Detokenized>().text);
    detokenize.ids = {ready.vocabulary_size};
    engine.send(detokenize);
    CHECK(!engine.wait_for<Detokenized>().error.empty());
    tokenize.with_pieces = true;
    engine.send(tokenize);
    const auto pieces = engine.wait_for<Tokenized>().pieces;
    CHECK_EQUAL(tokenized.ids.size(), pieces.size());
    std::string joined;
    for (const auto& piece : pieces) joined += piece;
    CHECK_EQUAL(std::string("Hello <|eot_id|> 世界 \uFFFD"), joined.substr(joined.find("Hello")));
    tokenize.with_pieces = false;
    tokenize.most_tokens = 1;
    tokenize.prompt = {PromptSegment(std::string(100'000, 'x'))};
    engine.send(tokenize);
    const auto counted = engine.wait_for<Tokenized>();
    CHECK(counted.ids.empty() && counted.error.empty() && counted.at_least > 1);
    tokenize.prompt = {PromptSegment(std::vector<uint32_t>{UINT32_MAX})};
    engine.send(tokenize);
    CHECK(!engine.wait_for<Tokenized>().error.empty());
    engine.send(Ping{7});
    CHECK_EQUAL(7u, engine.wait_for<Pong>().request_id);
    if (ready.slots == 0) {
      engine.send(hot_request(1, "x", 1));
      CHECK(engine.wait_for<SequenceRejected>().code == Rejection::busy);
    }
  }
}

TEST(an_unreadable_command_is_a_fault_and_the_next_one_is_served) {
  EngineProcess engine(serve_arguments());
  engine.start();
  for (const std::string& bad : {std::string("\x0A\xFF", 2), std::string(), std::string("\xFA\x07\x00", 3)}) {
    engine.send_bytes(frame(bad));
    CHECK(!engine.wait_for<ProtocolFault>().message.empty());
  }
  engine.send(Ping{1});
  CHECK_EQUAL(1u, engine.wait_for<Pong>().request_id);
}

TEST(a_frame_too_long_ends_the_engine_with_status_2) {
  EngineProcess engine(serve_arguments());
  engine.start();
  engine.send_bytes(std::string_view("\xFF\xFF\xFF\xFF", 4));
  CHECK(!engine.wait_for<ProtocolFault>().message.empty());
  CHECK_EQUAL(2, engine.wait_exit());
}

TEST(a_closed_input_ends_the_engine_at_once_even_in_a_long_step) {
  EngineProcess engine(serve_arguments({"--ctx-size", "8192", "--batch", "8000", "--kernel", "scalar"}));
  engine.start();
  engine.send(hot_request(1, std::string(7000, 'z'), 5));
  engine.wait_for<SequenceAccepted>();
  const auto start = Clock::now();
  engine.close_input();
  CHECK_EQUAL(0, engine.wait_exit());
  CHECK(Clock::now() - start < std::chrono::milliseconds(1500));
}

TEST(a_closed_input_ends_the_engine_while_it_loads) {
  EngineProcess engine(serve_arguments());
  engine.close_input();
  CHECK_EQUAL(0, engine.wait_exit());
}

TEST(sigterm_ends_the_engine) {
  EngineProcess engine(serve_arguments());
  engine.start();
  engine.send(hot_request(1, "x", 4000));
  engine.wait_for<TokenPiece>();
  kill(engine.pid(), SIGTERM);
  CHECK_EQUAL(143, engine.wait_exit());
}

TEST(an_output_that_nobody_holds_ends_the_engine) {
  EngineProcess engine(serve_arguments());
  engine.start();
  engine.close_output();
  engine.send(Ping{1});
  CHECK_EQUAL(3, engine.wait_exit());
}

TEST(a_reader_that_pauses_misses_nothing) {
  EngineProcess engine(serve_arguments({"--ctx-size", "8192"}));
  engine.start();
  engine.narrow_output(4096);
  OpenSequence open = hot_request(1, "x", 3000);
  open.top_logprobs = 20;  // about 500 bytes a token: far more than a pipe holds
  engine.send(open);
  engine.wait_for<SequenceAccepted>();
  // The pipe holds less than a hundredth of the output: once it is filling, the rest goes to the engine's own queue.
  engine.wait_until_unread(2048);
  size_t tokens = 0;
  uint32_t number = 0;
  for (;;) {
    const auto event = engine.next();
    CHECK(event.has_value());
    if (std::holds_alternative<SequenceFinished>(*event)) break;
    const auto& piece = std::get<TokenPiece>(*event);
    CHECK_EQUAL(number++, piece.number);
    tokens += piece.tokens.size();
  }
  CHECK_EQUAL(size_t{3000}, tokens);
}

TEST(a_reader_that_never_comes_back_ends_the_engine) {
  int fds[2];
  CHECK(pipe(fds) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const int null = open("/dev/null", O_WRONLY);
    if (null >= 0) dup2(null, 2);
    EventWriter writer(fds[1], {.patience = std::chrono::milliseconds(50)});
    const Detokenized event{.request_id = 1, .text = std::string(1 << 20, 'x'), .error = {}};
    for (int i = 0; i < 100; ++i) writer.send(event);
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK_EQUAL(exit_status::reader_stuck, WEXITSTATUS(status));
  close(fds[0]);
  close(fds[1]);
}

TEST(a_model_that_cannot_be_loaded_is_named_and_the_status_is_1) {
  const std::string broken = model_path() + ".broken";
  {
    std::ifstream in(model_path(), std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    std::ofstream(broken, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  }
  const std::map<std::string, std::string> expected = {{"/nonexistent.gguf", "io_error"}, {broken, "bad_file"}};
  for (const auto& [path, code] : expected) {
    for (const char* command : {"serve", "tokenizer"}) {
      EngineProcess engine({command, "--model", path});
      CHECK(std::holds_alternative<Loading>(*engine.next()));
      const auto failed = std::get<LoadFailed>(*engine.next());
      CHECK_EQUAL(code, failed.code);
      CHECK(!failed.message.empty());
      CHECK_EQUAL(1, engine.wait_exit());
    }
  }
  std::filesystem::remove(broken);
}

TEST(a_wrong_command_line_is_a_usage_error) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"no-such"}, {"serve"}, {"serve", "--model"}, {"serve", "--model", "x", "--slots", "0"},
        {"serve", "--model", "x", "--slots", "-1"}, {"serve", "--model", "x", "--kernel", "no"}, {"serve", "--model", "x", "--modell", "y"},
        {"serve", "--model", "x", "--pin", "0,x"}, {"generate", "--model", "x"}}) {
    EngineProcess engine(arguments);
    CHECK_EQUAL(64, engine.wait_exit());
  }
}

namespace {

OpenSequence json_sequence(uint64_t id) {
  OpenSequence open = hot_request(id, "JSON: ", 40);
  open.grammar = "root ::= \"{\\\"n\\\":\" [0-9]{1,30} \",\\\"s\\\":\\\"\" [a-z ]* \"\\\"}\"";
  return open;
}

}  // namespace

TEST(a_grammar_binds_the_answer_and_a_bad_one_is_refused) {
  EngineProcess engine({"serve", "--model", model_path(), "--threads", "1", "--slots", "4", "--ctx-size", "256"});
  engine.start();
  std::map<uint64_t, std::string> texts;
  for (uint64_t id = 1; id <= 3; ++id) {
    engine.send(json_sequence(id));
    texts[id] = engine.finish(id).first;
    const std::string& text = texts[id];
    CHECK(text.starts_with("{\"n\":") && text.ends_with("\"}"));
    CHECK(text.find(",\"s\":\"") != std::string::npos);
  }
  OpenSequence bad = hot_request(9, "x", 4);
  bad.grammar = "root ::= [a-";
  engine.send(bad);
  const auto rejected = engine.wait_for<SequenceRejected>();
  CHECK(rejected.code == Rejection::invalid && rejected.param == "grammar");
  // Together they draw what they drew alone.
  for (uint64_t id = 1; id <= 3; ++id) {
    OpenSequence again = json_sequence(id);
    again.sequence_id = id + 10;
    engine.send(again);
  }
  std::map<uint64_t, std::string> together;
  for (int ended = 0; ended < 3;) {
    const auto event = engine.next();
    CHECK(event.has_value());
    if (const auto* piece = std::get_if<TokenPiece>(&*event)) together[piece->sequence_id - 10] += piece->text;
    if (std::holds_alternative<SequenceFinished>(*event)) ++ended;
  }
  CHECK(texts == together);
}

TEST(the_tokenizer_process_checks_a_sequence_and_has_no_slot_for_it) {
  EngineProcess engine({"tokenizer", "--model", model_path()});
  engine.start();
  engine.send(json_sequence(1));
  CHECK(engine.wait_for<SequenceRejected>().code == Rejection::busy);
  OpenSequence bad = json_sequence(2);
  bad.grammar = "root ::= nothing";
  engine.send(bad);
  const auto rejected = engine.wait_for<SequenceRejected>();
  CHECK(rejected.code == Rejection::invalid && rejected.param == "grammar");
}
