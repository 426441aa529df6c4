package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.status;
import static dev.bitfleet.gateway.responses.Calls.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.http.Caller;
import dev.bitfleet.gateway.store.Store;
import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.proto.Priority;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What was acknowledged is done, whoever dies in between. */
class RecoveryTest {
  private static final String BODY = "{'input':'hi','background':true,'max_output_tokens':20}";

  @TempDir Path folder;

  private Gateway gateway() {
    return Gateway.bare(
        options -> options.store(StoreOptions.in(folder)).drainTimeout(Duration.ofMillis(100)));
  }

  @Test
  void an_interrupted_background_response_is_run_again_and_says_the_same() {
    JsonNode queued;
    String seed;
    try (Gateway first = gateway()) {
      first.worker("worker-1", 4);
      first.worker().pause();
      queued = create(first, BODY);
      Await.until("it is begun", () -> first.worker().open() == 1);
      seed = Long.toString(first.worker().seen().getFirst().sampling().seed());
      first.stop().join();
    }
    try (Gateway second = gateway()) {
      second.worker("worker-1", 4);
      JsonNode done = await(second, id(queued), "incomplete");
      assertThat(text(done)).isNotBlank();
      assertThat(done.path("created_at")).isEqualTo(queued.path("created_at"));
      assertThat(second.worker().seen().getFirst().sampling().seed())
          .isEqualTo(Long.parseLong(seed));
      assertThat(second.worker().seen().getFirst().priority()).isEqualTo(Priority.BACKGROUND);
      List<String> frames = frames(second.get(PATH + "/" + id(queued) + "?stream=true").body());
      assertThat(Calls.data(frames.getLast()).path("response")).isEqualTo(done);
    }
  }

  @Test
  void a_response_for_which_other_turns_would_be_left_out_is_not_made_again() {
    String turn = "{'role':'user','content':'" + "a word or two ".repeat(4) + "'}";
    String id;
    try (Gateway first = gateway()) {
      first.workerOfContext("worker-1", 4, 150);
      first.worker().pause();
      id =
          id(
              create(
                  first,
                  "{'input':["
                      + String.join(",", turn, turn, turn)
                      + "],'background':true,'truncation':'auto','max_output_tokens':20}"));
      Await.until("it is begun", () -> first.worker().open() == 1);
      first.stop().join();
    }
    try (Gateway second = gateway()) {
      second.workerOfContext("worker-1", 4, 1000);
      JsonNode failed = await(second, id, "failed");
      assertThat(failed.path("error").path("message").stringValue()).contains("context length");
      assertThat(second.worker().seen()).isEmpty();
    }
  }

  /** One life of the server, which ends while the response is being made. */
  private String begunAndInterrupted(Optional<String> there) {
    try (Gateway gateway = gateway()) {
      gateway.worker("worker-1", 4);
      gateway.worker().pause();
      String id = there.orElseGet(() -> id(create(gateway, BODY)));
      Await.until("it is begun", () -> gateway.worker().open() == 1);
      gateway.stop().join();
      return id;
    }
  }

  @Test
  void a_response_that_outlived_too_many_servers_is_given_up() {
    String id = begunAndInterrupted(Optional.empty());
    begunAndInterrupted(Optional.of(id));
    begunAndInterrupted(Optional.of(id));
    try (Gateway last = gateway()) {
      last.worker("worker-1", 4);
      JsonNode failed = await(last, id, "failed");
      assertThat(failed.path("error").path("code").stringValue()).isEqualTo("server_error");
      assertThat(failed.path("error").path("message").stringValue()).contains("interrupted");
      assertThat(last.worker().seen()).isEmpty();
      assertThat(status(Gateway.json(last.get(PATH + "/" + id)))).isEqualTo("failed");
    }
  }

  @Test
  void what_was_answered_is_there_after_a_restart_with_its_events() {
    String id;
    List<String> frames;
    try (Gateway first = gateway()) {
      first.worker("worker-1", 4);
      frames = frames(first.post(PATH, "{\"input\":\"hi\",\"stream\":true}").body());
      id = id(Calls.data(frames.getFirst()).path("response"));
    }
    try (Gateway second = gateway()) {
      assertThat(frames(second.get(PATH + "/" + id + "?stream=true").body())).isEqualTo(frames);
    }
  }

  /** A response that is under way as far as anybody can read, and that nobody takes up. */
  private String leftBehind() {
    String id = begunAndInterrupted(Optional.empty());
    Vertx vertx = Vertx.vertx();
    Store store = new Store(vertx, StoreOptions.in(folder), new SimpleMeterRegistry());
    Owner owner = Owner.of(Caller.ANYONE, id);
    new ResponseArchive(store)
        .forgetWork(owner)
        .eventually(store::close)
        .eventually(vertx::close)
        .toCompletionStage()
        .toCompletableFuture()
        .join();
    return id;
  }

  @Test
  void a_reader_of_events_that_nobody_makes_is_told_to_come_again() {
    String id = leftBehind();
    try (Gateway gateway =
        Gateway.bare(
            options ->
                options.store(StoreOptions.in(folder)).pingInterval(Duration.ofMillis(300)))) {
      HttpResponse<String> answer = gateway.get(PATH + "/" + id + "?stream=true");
      Calls.refused(answer, 503, "response_not_taken_up", "-");
      assertThat(answer.headers().firstValue("retry-after")).isPresent();
    }
  }

  @Test
  void a_reader_who_is_early_is_held_until_there_is_something_to_read() {
    String id = leftBehind();
    try (Gateway gateway = gateway()) {
      CompletableFuture<HttpResponse<String>> early =
          gateway
              .client()
              .sendAsync(
                  HttpRequest.newBuilder(gateway.uri(PATH + "/" + id + "?stream=true")).build(),
                  HttpResponse.BodyHandlers.ofString());
      Await.until("it is held", () -> gateway.metric("bitfleet_requests_open") == 1);
      assertThat(Calls.cancel(gateway, id).statusCode()).isEqualTo(200);
      HttpResponse<String> answer = early.join();
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode last = Calls.data(frames(answer.body()).getLast());
      assertThat(last.path("response").path("status").stringValue()).isEqualTo("cancelled");
    }
  }
}
