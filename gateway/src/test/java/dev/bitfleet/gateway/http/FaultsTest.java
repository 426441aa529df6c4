package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What clients see when workers and engines fail. */
class FaultsTest {
  private static final Prompt HI = new Prompt.Chat(List.of(new ChatMessage(Role.USER, "hi")));
  private static final String WHOLE =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"seed\":5}";
  private static final String STREAM =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"seed\":5,\"stream\":true}";
  private static final String SCORED =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"seed\":5,\"max_tokens\":9"
          + ",\"logprobs\":true,\"top_logprobs\":2}";
  private static final String PATH = "/v1/chat/completions";

  private Gateway gateway;

  @BeforeEach
  void start() {
    gateway =
        Gateway.withWorker(
            options ->
                options
                    .openTimeout(Duration.ofMillis(300))
                    .firstEventTimeout(Duration.ofMillis(400))
                    .stallTimeout(Duration.ofMillis(300))
                    .workerWait(Duration.ofSeconds(2)));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private static String text(HttpResponse<String> whole) {
    return Gateway.json(whole)
        .path("choices")
        .path(0)
        .path("message")
        .path("content")
        .asString("none: " + whole.body());
  }

  private static String expected() {
    return TestWorker.text(HI, 5, TestWorker.NATURAL_LENGTH);
  }

  private static void assertWhole(HttpResponse<String> stream) {
    StringBuilder text = new StringBuilder();
    for (JsonNode chunk : Gateway.chunks(stream.body())) {
      text.append(chunk.path("choices").path(0).path("delta").path("content").asString(""));
    }
    assertThat(text.toString()).isEqualTo(expected());
    assertThat(Gateway.events(stream.body())).last().isEqualTo("[DONE]");
  }

  private static void assertBroken(HttpResponse<String> stream) {
    assertThat(stream.statusCode()).isEqualTo(200);
    List<String> events = Gateway.events(stream.body());
    assertThat(events.getLast()).startsWith("{\"error\":{").contains("engine_failed");
    assertThat(stream.body()).doesNotContain("[DONE]").doesNotContain("\"stop\"");
  }

  static Stream<Behaviour> faultsBeforeTheFirstToken() {
    return Stream.of(
        new Behaviour.Mute(),
        new Behaviour.FailAfter(0, FailureCause.ENGINE_LOST),
        new Behaviour.FailAfter(0, FailureCause.WORKER_STOPPING),
        new Behaviour.SkipAfter(0),
        new Behaviour.StallAfter(0));
  }

  @ParameterizedTest
  @MethodSource("faultsBeforeTheFirstToken")
  void a_stream_without_tokens_yet_is_moved_and_the_client_sees_nothing_of_it(Behaviour fault) {
    gateway.worker().script(fault);
    assertWhole(gateway.post(PATH, STREAM));
    assertThat(gateway.worker().seen()).hasSize(2);
  }

  static Stream<Behaviour> faultsInTheMiddle() {
    return Stream.of(
        new Behaviour.FailAfter(3, FailureCause.ENGINE_LOST),
        new Behaviour.SkipAfter(3),
        new Behaviour.StallAfter(3));
  }

  @ParameterizedTest
  @MethodSource("faultsInTheMiddle")
  void a_stream_with_tokens_goes_on_where_it_broke_off(Behaviour fault) {
    gateway.worker().script(fault);
    assertWhole(gateway.post(PATH, STREAM));
    assertThat(gateway.worker().seen())
        .extracting(request -> request.continuation().map(c -> c.emitted().size()).orElse(0))
        .containsExactly(0, 3);
  }

  @ParameterizedTest
  @MethodSource("faultsInTheMiddle")
  void so_does_an_answer_of_which_nothing_was_sent(Behaviour fault) {
    gateway.worker().script(fault);
    assertThat(text(gateway.post(PATH, WHOLE))).isEqualTo(expected());
    assertThat(gateway.worker().seen())
        .extracting(request -> request.sampling().seed())
        .containsExactly(5L, 5L);
  }

  @Test
  void usage_is_counted_once_and_logprobs_are_told_once() {
    JsonNode unharmed = Gateway.json(gateway.post(PATH, SCORED));
    gateway.worker().script(new Behaviour.FailAfter(5, FailureCause.ENGINE_LOST));
    JsonNode moved = Gateway.json(gateway.post(PATH, SCORED));
    assertThat(moved.path("choices")).isEqualTo(unharmed.path("choices"));
    assertThat(moved.path("usage")).isEqualTo(unharmed.path("usage"));
    assertThat(moved.path("choices").path(0).path("logprobs").path("content")).hasSize(9);
  }

  @Test
  void each_choice_is_moved_by_itself_and_within_the_limit() {
    String three = "{\"prompt\":\"hi\",\"n\":3,\"max_tokens\":9,\"seed\":5}";
    JsonNode unharmed = Gateway.json(gateway.post("/v1/completions", three));
    gateway
        .worker()
        .script(
            new Behaviour.FailAfter(2, FailureCause.ENGINE_LOST),
            new Behaviour.Serve(),
            new Behaviour.SkipAfter(7));
    JsonNode moved = Gateway.json(gateway.post("/v1/completions", three));
    assertThat(moved.path("choices")).isEqualTo(unharmed.path("choices"));
    assertThat(moved.path("usage")).isEqualTo(unharmed.path("usage"));
  }

  @Test
  void a_prompt_is_not_scored_twice() {
    String scored =
        "{\"prompt\":\"one two three\",\"echo\":true,\"logprobs\":1,\"max_tokens\":6,\"seed\":5"
            + ",\"stream\":true}";
    String unharmed = logprobs(gateway.post("/v1/completions", scored));
    for (int tokens : List.of(0, 2)) {
      gateway.worker().script(new Behaviour.FailAfter(tokens, FailureCause.ENGINE_LOST));
      assertThat(logprobs(gateway.post("/v1/completions", scored))).isEqualTo(unharmed);
    }
    assertThat(gateway.worker().seen().getLast().promptScoring()).isEqualTo(PromptScoring.NONE);
  }

  private static String logprobs(HttpResponse<String> stream) {
    StringBuilder all = new StringBuilder();
    for (JsonNode chunk : Gateway.chunks(stream.body())) {
      all.append(chunk.path("choices").path(0).path("logprobs").path("tokens"));
    }
    assertThat(Gateway.events(stream.body())).last().isEqualTo("[DONE]");
    return all.toString();
  }

  @Test
  void a_stream_goes_on_with_the_same_model_only() {
    TestWorker other = gateway.worker("worker-2", 2);
    other.fingerprint("ffff");
    gateway
        .worker()
        .script(new Behaviour.FailAfter(3, FailureCause.ENGINE_LOST), new Behaviour.Busy());
    assertWhole(gateway.post(PATH, STREAM));
    assertThat(other.seen()).isEmpty();
  }

  @Test
  void without_the_same_model_a_stream_ends_with_an_error_and_a_whole_answer_begins_anew() {
    gateway.worker().script(new Behaviour.FailAfter(3, FailureCause.ENGINE_LOST));
    gateway.worker().pace(50);
    CompletableFuture<HttpResponse<String>> stream = gateway.postLater(PATH, STREAM);
    Await.until("it streams", () -> gateway.worker().sent() > 1);
    gateway.worker().fingerprint("another");
    HttpResponse<String> broken = stream.join();
    assertBroken(broken);
    assertThat(broken.body()).contains("no worker of the same model");

    gateway.worker().script(new Behaviour.FailAfter(3, FailureCause.ENGINE_LOST));
    long sent = gateway.worker().sent();
    CompletableFuture<HttpResponse<String>> whole = gateway.postLater(PATH, WHOLE);
    Await.until("it streams", () -> gateway.worker().sent() > sent + 1);
    gateway.worker().fingerprint("yet another");
    assertThat(text(whole.join())).isEqualTo(expected());
  }

  @Test
  void a_silent_worker_is_taken_for_dead_and_another_one_serves() {
    TestWorker second = gateway.worker("worker-2", 4);
    gateway.worker().script(new Behaviour.VanishAfter(2));
    // Its streams are never silent long enough to stall.
    assertWhole(gateway.post(PATH, STREAM));
    assertThat(second.seen()).hasSize(1);
  }

  @Test
  void a_prompt_costs_two_engines_at_most() {
    gateway
        .worker()
        .script(
            new Behaviour.FailAfter(0, FailureCause.ENGINE_LOST),
            new Behaviour.FailAfter(0, FailureCause.ENGINE_LOST));
    HttpResponse<String> response = gateway.post(PATH, WHOLE);
    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.headers().firstValue("x-should-retry")).contains("false");
    assertThat(gateway.worker().seen()).hasSize(2);
  }

  @Test
  void three_tries_are_all_there_are() {
    gateway
        .worker()
        .script(new Behaviour.SkipAfter(0), new Behaviour.SkipAfter(0), new Behaviour.SkipAfter(0));
    assertThat(gateway.post(PATH, WHOLE).statusCode()).isEqualTo(500);
    assertThat(gateway.worker().seen()).hasSize(3);
    assertThat(gateway.metric("bitfleet_attempts_broken_total{cause=\"gap\"}")).isEqualTo(3);
  }

  @Test
  void what_an_engine_gives_up_on_is_not_tried_elsewhere() {
    gateway.worker().script(new Behaviour.FailAfter(0, FailureCause.ENGINE_FAULT));
    assertThat(gateway.post(PATH, WHOLE).statusCode()).isEqualTo(500);
    assertThat(gateway.worker().seen()).hasSize(1);
  }

  @Test
  void a_busy_worker_hands_on_to_the_next() {
    TestWorker second = gateway.worker("worker-2", 4);
    gateway.worker().script(new Behaviour.Busy());
    assertThat(gateway.post(PATH, WHOLE).statusCode()).isEqualTo(200);
    assertThat(second.seen()).hasSize(1);
  }

  @Test
  void when_all_are_busy_it_waits_a_moment_and_asks_again() {
    gateway.worker().script(new Behaviour.Busy(), new Behaviour.Busy(), new Behaviour.Busy());
    assertThat(text(gateway.post(PATH, WHOLE))).isEqualTo(expected());
    assertThat(gateway.worker().seen()).hasSize(4);
  }

  @Test
  void a_request_waits_for_a_restarting_worker() {
    gateway.worker().become(State.RESTARTING);
    Await.until("it is not ready", () -> gateway.get("/health").statusCode() == 503);
    CompletableFuture<HttpResponse<String>> answer = gateway.postLater(PATH, WHOLE);
    Await.until("it waits", () -> gateway.metric("bitfleet_queue_depth") == 1);
    gateway.worker().become(State.READY);
    assertThat(answer.join().statusCode()).isEqualTo(200);
    assertThat(gateway.metric("bitfleet_engine_restarts_total")).isEqualTo(1);
  }

  @Test
  void a_request_waits_only_so_long_for_a_worker() {
    gateway.worker().become(State.RESTARTING);
    Await.until("it is not ready", () -> gateway.get("/health").statusCode() == 503);
    HttpResponse<String> response = gateway.post(PATH, WHOLE);
    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.body()).contains("no_worker");
    assertThat(response.headers().firstValueAsLong("retry-after").orElse(0)).isBetween(1L, 60L);
    assertThat(response.headers().firstValueAsLong("retry-after-ms").orElse(0)).isPositive();
  }

  @Test
  void a_failed_fleet_is_told_at_once() {
    gateway.worker().become(State.FAILED);
    Await.until("it is not ready", () -> gateway.get("/health").statusCode() == 503);
    long began = System.nanoTime();
    assertThat(gateway.post(PATH, WHOLE).statusCode()).isEqualTo(503);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void refusals_have_their_own_codes() {
    gateway
        .worker()
        .script(
            new Behaviour.Refuse(
                new OpenReply.Refused(
                    OpenReply.Code.CONTEXT_LENGTH_EXCEEDED, "too long", "prompt", 5000, 4096)),
            new Behaviour.Refuse(
                new OpenReply.Refused(OpenReply.Code.EMPTY_PROMPT, "empty", "prompt")),
            new Behaviour.Refuse(
                new OpenReply.Refused(OpenReply.Code.INVALID, "no such token", "logit_bias")),
            new Behaviour.Refuse(
                new OpenReply.Refused(
                    OpenReply.Code.INVALID,
                    "sampling.logit_bias: token 999999 is too large",
                    "sampling.logit_bias")),
            new Behaviour.Refuse(
                new OpenReply.Refused(
                    OpenReply.Code.INVALID, "stop_strings: more than 64", "stop_strings")),
            new Behaviour.Refuse(
                new OpenReply.Refused(OpenReply.Code.PROMPT_QUARANTINED, "killed two", "")));
    JsonNode tooLong = Gateway.json(gateway.post(PATH, STREAM)).path("error");
    assertThat(tooLong.path("code").stringValue()).isEqualTo("context_length_exceeded");
    assertThat(tooLong.path("message").stringValue()).contains("4096").contains("5000");
    assertThat(tooLong.path("param").stringValue()).isEqualTo("messages");
    assertThat(gateway.post("/completion", "{\"prompt\":\"\"}").body())
        .contains("empty_prompt")
        .contains("\"param\":\"prompt\"");
    assertThat(gateway.post(PATH, WHOLE).body())
        .contains("invalid_parameter")
        .contains("logit_bias");
    JsonNode bias = Gateway.json(gateway.post(PATH, WHOLE)).path("error");
    assertThat(bias.path("param").stringValue()).isEqualTo("logit_bias");
    assertThat(bias.path("message").stringValue())
        .isEqualTo("Invalid 'logit_bias': token 999999 is too large.");
    assertThat(gateway.post(PATH, WHOLE).body())
        .contains("\"param\":\"stop\"")
        .contains("Invalid 'stop': more than 64.");
    assertThat(gateway.post(PATH, WHOLE).body()).contains("prompt_quarantined");
    assertThat(gateway.worker().seen()).hasSize(6);
  }

  @Test
  void events_that_overtake_the_answer_to_the_open_are_not_lost() {
    gateway.worker().script(new Behaviour.AnswerLate());
    assertWhole(gateway.post(PATH, STREAM));
  }

  @Test
  void a_failure_of_one_choice_ends_them_all() {
    gateway
        .worker()
        .script(new Behaviour.Serve(), new Behaviour.FailAfter(1, FailureCause.ENGINE_FAULT));
    gateway.worker().pace(5);
    HttpResponse<String> response =
        gateway.post(
            "/v1/completions", "{\"prompt\":\"hi\",\"n\":2,\"max_tokens\":500,\"stream\":true}");
    assertBroken(response);
    Await.until("the other one is cancelled", () -> gateway.worker().open() == 0);
  }

  @Test
  void a_worker_that_missed_the_cancel_is_told_again() {
    gateway.worker().pace(1);
    gateway.worker().script(new Behaviour.IgnoreCancels(1));
    CompletableFuture<HttpResponse<String>> answer =
        gateway.postLater("/completion", "{\"prompt\":\"hi\",\"n_predict\":5000}");
    Await.until("it streams", () -> gateway.worker().sent() > 2);
    answer.cancel(true);
    Await.until("it has ended", () -> gateway.worker().open() == 0);
    assertThat(gateway.worker().cancelled()).hasSizeGreaterThan(1);
  }

  @Test
  void an_unknown_model_is_404_and_no_worker_sees_it() {
    HttpResponse<String> response =
        gateway.post(
            PATH, "{\"model\":\"gpt-5\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    assertThat(response.statusCode()).isEqualTo(404);
    JsonNode error = Gateway.json(response).path("error");
    assertThat(error.path("code").stringValue()).isEqualTo("model_not_found");
    assertThat(error.path("param").stringValue()).isEqualTo("model");
    assertThat(gateway.worker().seen()).isEmpty();
  }

  @Test
  void an_empty_model_is_the_one_that_is_served() {
    assertThat(
            gateway
                .post(
                    PATH, "{\"model\":\"\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}")
                .statusCode())
        .isEqualTo(200);
  }
}
