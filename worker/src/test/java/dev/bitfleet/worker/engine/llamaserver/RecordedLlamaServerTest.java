package dev.bitfleet.worker.engine.llamaserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.worker.engine.Emitted;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineHarness;
import dev.bitfleet.worker.engine.EngineHarness.Completion;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import dev.bitfleet.worker.model.ModelFile;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The adapter against <em>recordings</em> of Microsoft's llama-server, replayed by a process of our
 * own: what CI can run without that server. LlamaServerEngineTest is the same adapter against a
 * live one.
 */
@Timeout(60)
class RecordedLlamaServerTest {
  private static final Path RECORDINGS =
      Path.of("src/test/resources/recorded/llama-server").toAbsolutePath();
  @TempDir Path folder;

  private static LlamaServerLauncher launcher(Vertx vertx, Path program) {
    try {
      return new LlamaServerLauncher(
          vertx,
          new LaunchWrapper(),
          program,
          TestModels.engine(),
          new LlamaServerLauncher.Settings(
              ModelFile.read(TestModels.demo()), 1, 2, 1024, List.of()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private EngineHarness replaying(String recording) {
    return replaying(RECORDINGS.resolve(recording + ".json"));
  }

  private EngineHarness replaying(Path recording) {
    return new EngineHarness(
        vertx -> {
          try {
            Path script = folder.resolve("llama-server");
            Files.writeString(
                script,
                "#!/bin/sh\nexec '%s' -Xshare:auto -XX:TieredStopAtLevel=1 -cp '%s' %s '%s' '%s' \"$@\"\n"
                    .formatted(
                        ProcessHandle.current().info().command().orElseThrow(),
                        System.getProperty("java.class.path"),
                        ReplayServer.class.getName(),
                        recording,
                        asked()));
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
            return launcher(vertx, script);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  private Path asked() {
    return folder.resolve("asked.json");
  }

  private static SequenceRequest anything(EngineHarness engine, int maxTokens) {
    return engine.text("Count to 5", maxTokens);
  }

  private static Completion completed(EngineHarness engine, int maxTokens) {
    engine.await(EngineEvent.Ready.class);
    return engine.complete(anything(engine, maxTokens));
  }

  @ParameterizedTest
  @CsvSource({
    "completion-greedy-limit, LENGTH",
    "completion-greedy-end-token, STOP_TOKEN",
    "completion-characters-split-over-tokens, LENGTH"
  })
  void a_completion_is_told_as_it_was(String recording, FinishReason reason) throws Exception {
    JsonNode chunks =
        JsonMapper.builder()
            .build()
            .readTree(RECORDINGS.resolve(recording + ".json").toFile())
            .path("response")
            .path("chunks");
    StringBuilder text = new StringBuilder();
    JsonNode last = chunks;
    for (JsonNode chunk : chunks) {
      last =
          JsonMapper.builder()
              .build()
              .readTree(chunk.path("text").asString().substring("data:".length()));
      text.append(last.path("content").asString());
    }
    try (EngineHarness engine = replaying(recording)) {
      Completion completion = completed(engine, 100);

      assertThat(completion.text()).isEqualTo(text.toString());
      assertThat(completion.finished().reason()).isEqualTo(reason);
      assertThat(completion.finished().usage().completionTokens())
          .isEqualTo(last.path("tokens_predicted").asInt());
    }
  }

  @Test
  void what_is_sent_is_ascii_typed_and_whole() throws Exception {
    try (EngineHarness engine = replaying("completion-greedy-limit")) {
      engine.await(EngineEvent.Ready.class);
      engine.complete(
          engine.request(
              List.of(
                  new PromptSegment.Text("Grüße <|eot_id|> \uD800"),
                  new PromptSegment.Tokens(List.of(5))),
              EngineHarness.sampled(-1),
              4,
              List.of("停", "\uD800")));
    }
    byte[] body = Files.readAllBytes(asked());
    for (byte b : body) {
      assertThat(b).isPositive();
    }
    JsonNode json =
        JsonMapper.builder().build().readTree(new String(body, StandardCharsets.US_ASCII));
    assertThat(json.path("prompt").isArray()).isTrue();
    json.path("prompt").forEach(id -> assertThat(id.isIntegralNumber()).isTrue());
    assertThat(json.path("stop").isEmpty()).isTrue();
    assertThat(json.path("stream").asBoolean()).isTrue();
    assertThat(json.path("n_probs").asInt()).isZero();
    assertThat(json.path("n_predict").asInt()).isEqualTo(4);
    assertThat(json.path("id_slot").asInt()).isBetween(0, 1);
    assertThat(json.path("seed").asLong()).isBetween(0L, 0xffff_fffeL);
    assertThat(json.has("grammar") || json.has("json_schema")).isFalse();
  }

  @Test
  void our_own_stop_string_ends_a_stream_that_goes_on() {
    try (EngineHarness engine = replaying("completion-greedy-limit")) {
      engine.await(EngineEvent.Ready.class);
      Completion completion =
          engine.complete(
              engine.request(
                  List.of(new PromptSegment.Text("x")),
                  EngineHarness.sampled(1),
                  9,
                  List.of(", 2")));

      assertThat(completion.text()).isEqualTo("1");
      assertThat(completion.finished().reason()).isEqualTo(FinishReason.STOP_STRING);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "error-context-full-in-stream",
    "error-context-exceeded-in-stream",
    "error-token-out-of-range-in-stream",
    "error-grammar-and-schema-in-stream"
  })
  void an_error_in_a_200_stream_is_a_failure(String recording) {
    try (EngineHarness engine = replaying(recording)) {
      assertThat(completed(engine, 4).end()).isInstanceOf(EngineEvent.Failed.class);
    }
  }

  @ParameterizedTest
  @CsvSource({"error-malformed-json", "error-prompt-missing", "error-slots-disabled"})
  void another_status_is_no_stream(String recording) {
    try (EngineHarness engine = replaying(recording)) {
      engine.await(EngineEvent.Ready.class);
      engine.onContext(e -> e.open(anything(engine, 4)));

      assertThat(engine.next(EngineEvent.Busy.class).reason()).startsWith("status 50");
    }
  }

  @Test
  void a_status_that_blames_the_request_is_a_failure_nobody_retries() {
    try (EngineHarness engine = replaying("error-unknown-path")) {
      assertThat(completed(engine, 4).end())
          .isInstanceOfSatisfying(
              EngineEvent.Failed.class,
              failed -> assertThat(failed.message()).startsWith("status 404"));
    }
  }

  @Test
  void a_stop_string_in_the_last_chunk_ends_the_completion_as_any_other(@TempDir Path recordings)
      throws Exception {
    Path recording = recordings.resolve("stop-in-last-chunk.json");
    Files.writeString(
        recording,
        """
        {"response": {"status": 200, "headers": {"Transfer-Encoding": "chunked"},
          "framing": "chunked", "ended": "complete", "chunks": [
            {"text": "data: {\\"content\\":\\"one, t\\",\\"stop\\":false}\\n\\n"},
            {"text": "data: {\\"content\\":\\"wo, three\\",\\"stop\\":true,\\"stopped_limit\\":true,\\"tokens_predicted\\":4}\\n\\n"}]}}
        """);
    try (EngineHarness engine = replaying(recording)) {
      engine.await(EngineEvent.Ready.class);
      Completion completion =
          engine.complete(
              engine.request(
                  List.of(new PromptSegment.Text("x")),
                  EngineHarness.sampled(1),
                  4,
                  List.of(", two")));

      assertThat(completion.text()).isEqualTo("one");
      assertThat(completion.finished().reason()).isEqualTo(FinishReason.STOP_STRING);
      assertThat(completion.finished().matchedStop()).isEqualTo(", two");
    }
  }

  @Test
  void a_text_that_broke_off_goes_on_behind_itself() throws Exception {
    try (EngineHarness engine = replaying("completion-greedy-limit")) {
      engine.await(EngineEvent.Ready.class);
      Completion whole = engine.complete(anything(engine, 4));
      JsonNode before = JsonMapper.builder().build().readTree(asked().toFile());
      String text = " one, twö";
      List<Integer> emitted = new ArrayList<>();
      engine.onContext(
          e ->
              e.tokenize(List.of(new PromptSegment.Text(text)), false, false, 0)
                  .onSuccess(tokens -> emitted.addAll(tokens.ids())));
      SequenceRequest plain = anything(engine, 4 + 20);
      Completion rest =
          engine.complete(
              new SequenceRequest(
                  plain.id(),
                  plain.prompt(),
                  true,
                  plain.sampling(),
                  24,
                  List.of(),
                  List.of(),
                  true,
                  plain.topLogprobs(),
                  0,
                  new Emitted(List.of(), text, false),
                  0,
                  "",
                  PromptScoring.NONE,
                  plain.priority()));
      JsonNode asked = JsonMapper.builder().build().readTree(asked().toFile());

      // The prompt as before, then the text; what comes is the rest alone, and counts with it.
      List<Integer> prompt = ids(before);
      assertThat(emitted).isNotEmpty();
      assertThat(ids(asked).subList(0, prompt.size())).isEqualTo(prompt);
      assertThat(ids(asked).subList(prompt.size(), ids(asked).size())).isEqualTo(emitted);
      assertThat(asked.path("n_predict").asInt()).isEqualTo(24 - emitted.size());
      assertThat(rest.text()).isEqualTo(whole.text());
      assertThat(rest.finished().usage().promptTokens()).isEqualTo(prompt.size());
      assertThat(rest.finished().usage().completionTokens())
          .isEqualTo(whole.finished().usage().completionTokens() + emitted.size());
    }
  }

  private static List<Integer> ids(JsonNode asked) {
    List<Integer> ids = new ArrayList<>();
    asked.path("prompt").forEach(id -> ids.add(id.asInt()));
    return ids;
  }

  @Test
  void a_program_that_is_no_llama_server_is_named() {
    try (EngineHarness engine = new EngineHarness(vertx -> launcher(vertx, Path.of("/bin/true")))) {
      assertThat(engine.next(EngineEvent.Lost.class).cause())
          .startsWith("exited with status 0; /bin/true never answered");
    }
  }

  @Test
  void a_stream_that_ends_without_its_last_chunk_is_a_failure() {
    try (EngineHarness engine = replaying("server-dies-in-stream")) {
      assertThat(completed(engine, 100).end())
          .isInstanceOfSatisfying(
              EngineEvent.Failed.class,
              failed -> assertThat(failed.message()).contains("before its last chunk"));
    }
  }

  @Test
  void an_answer_that_is_no_stream_ends_the_process() {
    try (EngineHarness engine = replaying("completion-not-streamed")) {
      engine.await(EngineEvent.Ready.class);
      engine.onContext(e -> e.open(anything(engine, 4)));
      engine.next(EngineEvent.Accepted.class);
      EngineEvent end = engine.next();

      assertThat(end).isNotInstanceOf(EngineEvent.Finished.class);
    }
  }

  @Test
  void a_client_that_leaves_gets_its_end_at_once() {
    try (EngineHarness engine = replaying("completion-client-leaves")) {
      engine.await(EngineEvent.Ready.class);
      SequenceRequest request = anything(engine, 100);
      engine.onContext(e -> e.open(request));
      engine.await(EngineEvent.Piece.class);
      engine.onContext(e -> e.cancel(request.id()));

      assertThat(engine.await(EngineEvent.EndOfSequence.class).sequenceId())
          .isEqualTo(request.id());
    }
  }

  @Test
  void logprobs_are_refused_since_asking_for_them_can_end_that_server() {
    try (EngineHarness engine = replaying("completion-greedy-limit")) {
      engine.await(EngineEvent.Ready.class);
      SequenceRequest plain = anything(engine, 4);
      engine.onContext(
          e ->
              e.open(
                  new SequenceRequest(
                      plain.id(),
                      plain.prompt(),
                      true,
                      plain.sampling(),
                      4,
                      List.of(),
                      List.of(),
                      true,
                      java.util.OptionalInt.of(3),
                      0,
                      Emitted.NOTHING,
                      0,
                      "",
                      PromptScoring.NONE,
                      Priority.INTERACTIVE)));

      assertThat(engine.next(EngineEvent.Refused.class).refusal().param()).isEqualTo("logprobs");
    }
  }
}
