package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.data;
import static dev.bitfleet.gateway.responses.Calls.delete;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Responses whose request comes again while they run, and after. */
class RepeatedRequestsTest {
  static RawConnection begin(Gateway gateway, String key, String body) {
    String json = quoted(body);
    return new RawConnection(gateway.port())
        .send(
            "POST "
                + PATH
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: "
                + key
                + "\r\nContent-Length: "
                + json.getBytes(StandardCharsets.UTF_8).length
                + "\r\n\r\n"
                + json);
  }

  private static HttpResponse<String> again(Gateway gateway, String key, String body) {
    return gateway.send(gateway.request(PATH, quoted(body)).header("Idempotency-Key", key).build());
  }

  static CompletableFuture<HttpResponse<String>> againLater(
      Gateway gateway, String key, String body) {
    return gateway
        .client()
        .sendAsync(
            gateway.request(PATH, quoted(body)).header("Idempotency-Key", key).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static void isReplayed(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers().firstValue("idempotent-replayed")).contains("true");
  }

  private static String streamedId(List<String> frames) {
    return id(data(frames.getFirst()).path("response"));
  }

  @Test
  void a_repeat_of_a_stream_whose_client_left_gets_the_one_that_still_runs() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      String body = "{'input':'hi','stream':true,'max_output_tokens':60}";
      String begun;
      try (RawConnection client = begin(gateway, "k", body)) {
        begun = client.readUntil("response.output_text.delta");
      }
      HttpResponse<String> second = again(gateway, "k", body);
      isReplayed(second);
      List<String> all = frames(second.body());
      assertThat(begun).contains(streamedId(all));
      assertThat(data(all.getFirst()).path("sequence_number").intValue()).isZero();
      assertThat(data(all.getLast()).path("type").stringValue()).isEqualTo("response.incomplete");
      HttpResponse<String> third = again(gateway, "k", body);
      isReplayed(third);
      assertThat(frames(third.body())).isEqualTo(all);
      assertThat(gateway.worker().seen()).hasSize(1);
      assertThat(gateway.worker().cancelled()).isEmpty();
    }
  }

  @Test
  void a_stream_that_was_called_off_because_nobody_came_is_not_the_answer_of_a_repeat() {
    try (Gateway gateway =
        Gateway.withWorker(options -> options.streamGrace(Duration.ofMillis(100)))) {
      gateway.worker().script(new Behaviour.StallAfter(2));
      String body = "{'input':'hi','stream':true}";
      String first;
      try (RawConnection client = begin(gateway, "k", body)) {
        String begun = client.readUntil("response.output_text.delta");
        first = begun.substring(begun.indexOf("resp_"), begun.indexOf("resp_") + 37);
      }
      await(gateway, first, "cancelled");
      List<String> frames = frames(again(gateway, "k", body).body());
      assertThat(data(frames.getLast()).path("type").stringValue()).isEqualTo("response.completed");
      assertThat(streamedId(frames)).isNotEqualTo(first);
    }
  }

  @Test
  void a_repeat_of_a_whole_answer_waits_for_it_also_when_the_first_client_leaves() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      String body = "{'input':'hi','max_output_tokens':100}";
      CompletableFuture<HttpResponse<String>> second;
      try (RawConnection client = begin(gateway, "k", body)) {
        Await.until("it runs", () -> gateway.worker().open() == 1);
        second = againLater(gateway, "k", body);
        Await.until("both wait", () -> gateway.metric("bitfleet_requests_open") == 2);
      }
      isReplayed(second.join());
      assertThat(gateway.worker().seen()).hasSize(1);
      assertThat(gateway.worker().cancelled()).isEmpty();
    }
  }

  @Test
  void the_same_request_many_times_at_once_is_one_response() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      for (String body :
          List.of(
              "{'input':'hi','seed':1}",
              "{'input':'hi','seed':1,'stream':true}",
              "{'input':'hi','seed':1,'store':false}",
              "{'input':'hi','seed':1,'store':false,'stream':true}")) {
        int seen = gateway.worker().seen().size();
        List<CompletableFuture<HttpResponse<String>>> storm =
            List.of(
                againLater(gateway, body.replace('\'', '_'), body),
                againLater(gateway, body.replace('\'', '_'), body),
                againLater(gateway, body.replace('\'', '_'), body),
                againLater(gateway, body.replace('\'', '_'), body));
        assertThat(storm.stream().map(each -> each.join().body()).distinct()).as(body).hasSize(1);
        assertThat(again(gateway, body.replace('\'', '_'), body).body())
            .isEqualTo(storm.getFirst().join().body());
        assertThat(gateway.worker().seen()).as(body).hasSize(seen + 1);
      }
    }
  }

  @Test
  void a_turn_of_a_response_that_is_not_stored_is_not_taken_twice() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      String conversation =
          Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
      String body = "{'input':'hi','store':false,'conversation':'" + conversation + "'}";
      String first = again(gateway, "k", body).body();
      HttpResponse<String> second = again(gateway, "k", body);
      isReplayed(second);
      assertThat(second.body()).isEqualTo(first);
      JsonNode items = Gateway.json(gateway.get("/v1/conversations/" + conversation + "/items"));
      assertThat(items.path("data").size()).isEqualTo(2);
    }
  }

  @Test
  void a_response_that_was_deleted_is_not_told_again() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      String whole = "{'input':'hi'}";
      delete(gateway, PATH + "/" + id(Gateway.json(again(gateway, "a", whole))));
      refused(again(gateway, "a", whole), 404, "response_not_found", "-");
      String stream = "{'input':'hi','stream':true}";
      List<String> frames = frames(again(gateway, "b", stream).body());
      delete(gateway, PATH + "/" + streamedId(frames));
      refused(again(gateway, "b", stream), 404, "response_not_found", "-");
      String background = "{'input':'hi','background':true}";
      String queued = id(Gateway.json(again(gateway, "c", background)));
      await(gateway, queued, "completed");
      isReplayed(again(gateway, "c", background));
      delete(gateway, PATH + "/" + queued);
      refused(again(gateway, "c", background), 404, "response_not_found", "-");
    }
  }

  @Test
  void a_repeat_of_a_background_stream_follows_it_to_its_end() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().pace(5);
      String body = "{'input':'hi','stream':true,'background':true,'max_output_tokens':60}";
      String begun;
      try (RawConnection client = begin(gateway, "k", body)) {
        begun = client.readUntil("response.output_text.delta");
      }
      HttpResponse<String> second = again(gateway, "k", body);
      isReplayed(second);
      List<String> all = frames(second.body());
      assertThat(begun).contains(streamedId(all));
      assertThat(data(all.getLast()).path("type").stringValue()).isEqualTo("response.incomplete");
      assertThat(gateway.worker().seen()).hasSize(1);
    }
  }

  @Test
  void a_repeat_joins_a_background_stream_that_its_first_client_still_reads() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().script(new Behaviour.StallAfter(2));
      String body = "{'input':'hi','stream':true,'background':true}";
      try (RawConnection first = begin(gateway, "k", body)) {
        String begun = first.readUntil("response.output_text.delta");
        String id = begun.substring(begun.indexOf("resp_"), begun.indexOf("resp_") + 37);
        try (RawConnection second = begin(gateway, "k", body)) {
          assertThat(second.readUntil("response.output_text.delta"))
              .containsIgnoringCase("idempotent-replayed: true")
              .contains(id);
          Calls.cancel(gateway, id);
        }
      }
      assertThat(gateway.worker().seen()).hasSize(1);
    }
  }
}
