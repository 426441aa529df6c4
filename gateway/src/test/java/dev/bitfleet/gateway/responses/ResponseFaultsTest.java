package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.cancel;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.data;
import static dev.bitfleet.gateway.responses.Calls.delete;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static dev.bitfleet.gateway.responses.Calls.status;
import static dev.bitfleet.gateway.responses.Calls.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Priority;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Clients that leave, engines that die, and readers that are slow. */
class ResponseFaultsTest {
  private static final Pattern ID = Pattern.compile("resp_[0-9a-f]{32}");

  private static String idIn(String events) {
    Matcher matcher = ID.matcher(events);
    assertThat(matcher.find()).as(events).isTrue();
    return matcher.group();
  }

  /** Begins a stream, reads its first events and leaves. */
  private static String abandonedStream(Gateway gateway, String body) {
    try (RawConnection client = new RawConnection(gateway.port())) {
      return idIn(client.post(PATH, quoted(body)).readUntil("response.output_text.delta"));
    }
  }

  @Test
  void a_stream_whose_client_leaves_goes_on_and_is_taken_up_again() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      String id =
          abandonedStream(gateway, "{'input':'hi','stream':true,'seed':1,'max_output_tokens':40}");
      List<String> rest =
          frames(gateway.get(PATH + "/" + id + "?stream=true&starting_after=3").body());
      assertThat(data(rest.getFirst()).path("sequence_number").intValue()).isEqualTo(4);
      assertThat(data(rest.getLast()).path("type").stringValue()).isEqualTo("response.incomplete");
      List<String> all = frames(gateway.get(PATH + "/" + id + "?stream=true").body());
      assertThat(all.subList(4, all.size())).isEqualTo(rest);
      assertThat(gateway.worker().cancelled()).isEmpty();
    }
  }

  @Test
  void a_stream_that_nobody_takes_up_is_called_off_and_kept() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.streamGrace(Duration.ofMillis(100)))) {
      gateway.worker().pace(5);
      String id =
          abandonedStream(gateway, "{'input':'hi','stream':true,'max_output_tokens':100000}");
      JsonNode kept = await(gateway, id, "cancelled");
      assertThat(text(kept)).isNotBlank();
      List<String> frames = frames(gateway.get(PATH + "/" + id + "?stream=true").body());
      assertThat(data(frames.getLast()).path("response")).isEqualTo(kept);
      assertThat(gateway.worker().cancelled()).isNotEmpty();
    }
  }

  @Test
  void a_stream_that_is_not_stored_ends_with_its_client() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      String id =
          abandonedStream(
              gateway, "{'input':'hi','stream':true,'store':false,'max_output_tokens':100000}");
      Await.until("it is cancelled", () -> !gateway.worker().cancelled().isEmpty());
      refused(gateway.get(PATH + "/" + id + "?stream=true"), 404, "response_not_found", "-");
    }
  }

  @Test
  void a_whole_answer_that_nobody_waits_for_is_dropped() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      try (RawConnection client = new RawConnection(gateway.port())) {
        client.post(PATH, quoted("{'input':'hi','max_output_tokens':100000}"));
        Await.until("it runs", () -> gateway.worker().open() == 1);
      }
      Await.until("it is cancelled", () -> !gateway.worker().cancelled().isEmpty());
    }
  }

  @Test
  void a_stream_whose_engine_dies_ends_as_failed_and_is_kept_so() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().script(new Behaviour.FailAfter(3, FailureCause.ENGINE_FAULT));
      List<String> frames =
          frames(gateway.post(PATH, quoted("{'input':'hi','stream':true}")).body());
      JsonNode failed = data(frames.getLast()).path("response");
      assertThat(status(failed)).isEqualTo("failed");
      assertThat(failed.path("error").path("code").stringValue()).isEqualTo("server_error");
      assertThat(failed.path("output").path(0).path("status").stringValue())
          .isEqualTo("incomplete");
      assertThat(Gateway.json(gateway.get(PATH + "/" + id(failed)))).isEqualTo(failed);
    }
  }

  @Test
  void a_background_response_does_not_need_its_client_and_can_be_called_off() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      String id =
          abandonedStream(
              gateway, "{'input':'hi','stream':true,'background':true,'max_output_tokens':100000}");
      HttpResponse<String> called = cancel(gateway, id);
      assertThat(called.statusCode()).isEqualTo(200);
      assertThat(status(Gateway.json(called))).isEqualTo("cancelled");
      assertThat(Gateway.json(cancel(gateway, id))).isEqualTo(Gateway.json(called));
      assertThat(Gateway.json(gateway.get(PATH + "/" + id))).isEqualTo(Gateway.json(called));
    }
  }

  @Test
  void what_nobody_waits_for_goes_behind_the_others() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      JsonNode plain = create(gateway, "{'input':'hi'}");
      JsonNode flex = create(gateway, "{'input':'hi','service_tier':'flex'}");
      JsonNode background = create(gateway, "{'input':'hi','background':true}");
      await(gateway, id(background), "completed");
      assertThat(gateway.worker().seen().stream().map(GenerationRequest::priority))
          .containsExactly(Priority.INTERACTIVE, Priority.BACKGROUND, Priority.BACKGROUND);
      assertThat(
              Stream.of(plain, flex, background)
                  .map(answer -> answer.path("service_tier").stringValue()))
          .containsExactly("default", "flex", "default");
    }
  }

  @Test
  void a_background_response_that_waits_can_be_called_off_before_it_begins() {
    try (Gateway gateway = Gateway.bare(UnaryOperator.identity())) {
      JsonNode queued = create(gateway, "{'input':'hi','background':true}");
      JsonNode called = Gateway.json(cancel(gateway, id(queued)));
      assertThat(status(called)).isEqualTo("cancelled");
      List<String> frames = frames(gateway.get(PATH + "/" + id(queued) + "?stream=true").body());
      assertThat(frames).hasSize(3);
    }
  }

  @Test
  void a_background_response_waits_for_a_worker() {
    try (Gateway gateway = Gateway.bare(options -> options.workerWait(Duration.ofMillis(50)))) {
      JsonNode queued = create(gateway, "{'input':'hi','background':true}");
      Await.until(
          "it was sent away once",
          () -> gateway.metric("bitfleet_rejections_total{reason=\"no_worker\"}") > 0);
      assertThat(status(Gateway.json(gateway.get(PATH + "/" + id(queued))))).isEqualTo("queued");
      gateway.worker("worker-1", 1);
      await(gateway, id(queued), "completed");
    }
  }

  @Test
  void deleting_what_still_runs_ends_it() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      JsonNode queued =
          create(gateway, "{'input':'hi','background':true,'max_output_tokens':100000}");
      Await.until("it runs", () -> gateway.worker().open() == 1);
      CompletableFuture<HttpResponse<String>> reader =
          CompletableFuture.supplyAsync(
              () -> gateway.get(PATH + "/" + id(queued) + "?stream=true"));
      Await.until("it is read", () -> gateway.metric("bitfleet_requests_open") >= 1);
      assertThat(delete(gateway, PATH + "/" + id(queued)).statusCode()).isEqualTo(200);
      assertThat(reader.join().body()).contains("event: error\n");
      Await.until("it is cancelled", () -> !gateway.worker().cancelled().isEmpty());
      refused(gateway.get(PATH + "/" + id(queued)), 404, "response_not_found", "-");
    }
  }

  @Test
  void many_readers_at_their_own_pace_get_the_same_bytes() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().flood(20, 10);
      gateway.worker().pace(1);
      int tokens = 4000;
      JsonNode queued =
          create(
              gateway,
              "{'input':'hi','background':true,'seed':1,'max_output_tokens':" + tokens + "}");
      try (RawConnection slow = new RawConnection(gateway.port(), 4096)) {
        slow.send(
            "GET "
                + PATH
                + "/"
                + id(queued)
                + "?stream=true HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        String fast = gateway.get(PATH + "/" + id(queued) + "?stream=true").body();
        // The fast one is through while the slow one has read nothing.
        assertThat(frames(fast)).hasSizeGreaterThan(tokens);
        String slowly = slow.readUntil("event: response.incomplete\n");
        assertThat(deltas(slowly)).isEqualTo(deltas(fast)).isGreaterThan(tokens);
      }
    }
  }

  private static long deltas(String stream) {
    return Pattern.compile("response.output_text.delta\"").matcher(stream).results().count();
  }
}
