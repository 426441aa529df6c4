package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Completions whose request comes again: those that keep nothing, and those that were deleted. */
class RepeatedCompletionsTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

  private Gateway gateway;

  @BeforeEach
  void start() {
    gateway = Gateway.withWorker(UnaryOperator.identity());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private HttpRequest request(String path, String key, String body) {
    return gateway.request(path, body).header("Idempotency-Key", key).build();
  }

  private HttpResponse<String> send(String path, String key, String body) {
    return gateway.send(request(path, key, body));
  }

  private HttpResponse<String> delete(String path) {
    return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).DELETE().build());
  }

  private static void refused(HttpResponse<String> answer, int status, String code) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(Gateway.json(answer).path("error").path("code").stringValue()).isEqualTo(code);
  }

  @Test
  void a_repeat_of_what_keeps_nothing_gets_the_same_answer() {
    for (String path : List.of(CHAT, "/v1/completions")) {
      String asked = path.equals(CHAT) ? HELLO : "\"prompt\":\"hello\"}";
      for (String stream : List.of("false", "true")) {
        String body = "{\"temperature\":1,\"stream\":" + stream + "," + asked;
        String key = path + stream;
        int seen = gateway.worker().seen().size();
        HttpResponse<String> first = send(path, key, body);
        HttpResponse<String> second = send(path, key, body);
        assertThat(second.statusCode()).isEqualTo(200);
        assertThat(second.headers().firstValue("idempotent-replayed")).contains("true");
        assertThat(said(second.body())).isEqualTo(said(first.body())).isNotEmpty();
        assertThat(gateway.worker().seen()).as(key).hasSize(seen + 1);
        refused(send(path, key, body.replace("hello", "other")), 422, "idempotency_key_reuse");
        send(path, key + "2", body);
        assertThat(gateway.worker().seen()).hasSize(seen + 2);
      }
    }
  }

  /** Ids and texts: a stream's text may come in fewer pieces. */
  private static String said(String body) {
    if (!body.startsWith("data: ")) {
      return body;
    }
    assertThat(Gateway.events(body)).endsWith("[DONE]");
    StringBuilder said = new StringBuilder();
    for (JsonNode chunk : Gateway.chunks(body)) {
      if (said.isEmpty()) {
        said.append(chunk.path("id").stringValue());
      }
      JsonNode choice = chunk.path("choices").path(0);
      said.append(choice.path("text").stringValue(""))
          .append(choice.path("delta").path("content").stringValue(""));
    }
    return said.toString();
  }

  @Test
  void repeats_that_come_while_the_first_is_made_wait_for_it() {
    gateway.worker().pace(5);
    String body = "{\"temperature\":1,\"max_tokens\":40," + HELLO;
    List<CompletableFuture<HttpResponse<String>>> storm = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      storm.add(
          gateway
              .client()
              .sendAsync(request(CHAT, "k", body), HttpResponse.BodyHandlers.ofString()));
    }
    assertThat(storm.stream().map(each -> each.join().body()).distinct()).hasSize(1);
    assertThat(gateway.worker().seen()).hasSize(1);
  }

  @Test
  void a_repeat_whose_first_came_to_nothing_is_carried_out() {
    gateway.worker().script(new Behaviour.StallAfter(1));
    String body = "{" + HELLO;
    CompletableFuture<HttpResponse<String>> first =
        gateway.client().sendAsync(request(CHAT, "k", body), HttpResponse.BodyHandlers.ofString());
    Await.until("it runs", () -> gateway.worker().open() == 1);
    CompletableFuture<HttpResponse<String>> second =
        gateway.client().sendAsync(request(CHAT, "k", body), HttpResponse.BodyHandlers.ofString());
    Await.until("both wait", () -> gateway.metric("bitfleet_requests_open") == 2);
    first.cancel(true);
    assertThat(second.join().statusCode()).isEqualTo(200);
    assertThat(second.join().headers().firstValue("idempotent-replayed")).isEmpty();
    assertThat(gateway.worker().seen()).hasSize(2);
  }

  @Test
  void a_long_request_is_known_again_too() {
    String body = "{" + HELLO.replace("hello", "x".repeat(200_000));
    String first = send(CHAT, "k", body).body();
    assertThat(send(CHAT, "k", body).body()).isEqualTo(first);
    refused(send(CHAT, "k", body.replace("xx", "xy")), 422, "idempotency_key_reuse");
  }

  @Test
  void a_turn_is_not_told_again_once_its_conversation_is_deleted() {
    String id = Gateway.json(send("/v1/conversations", "make", "{}")).path("id").stringValue();
    String path = "/v1/conversations/" + id;
    assertThat(send(path + "/chat", "turn", "{" + HELLO).statusCode()).isEqualTo(200);
    assertThat(send(path + "/chat", "turn", "{" + HELLO).statusCode()).isEqualTo(200);
    assertThat(delete(path).statusCode()).isEqualTo(200);
    refused(send(path + "/chat", "turn", "{" + HELLO), 404, "conversation_not_found");
    refused(send("/v1/conversations", "make", "{}"), 404, "conversation_not_found");
    assertThat(gateway.worker().seen()).hasSize(1);
  }

  @Test
  void an_item_that_was_deleted_is_not_told_again() {
    String id = Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
    String path = "/v1/conversations/" + id + "/items";
    String body = "{\"items\":[{\"role\":\"user\",\"content\":\"secret\"}]}";
    JsonNode added = Gateway.json(send(path, "k", body));
    String item = added.path("data").path(0).path("id").stringValue();
    assertThat(Gateway.json(send(path, "k", body))).isEqualTo(added);
    assertThat(delete(path + "/" + item).statusCode()).isEqualTo(200);
    refused(send(path, "k", body), 404, "item_not_found");
  }

  @Test
  void a_stored_completion_that_was_deleted_is_not_told_again() {
    String body = "{\"store\":true," + HELLO;
    String id = Gateway.json(send(CHAT, "k", body)).path("id").stringValue();
    assertThat(delete(CHAT + "/" + id).statusCode()).isEqualTo(200);
    refused(send(CHAT, "k", body), 404, "chat_completion_not_found");
  }

  private RawConnection raw(String key, String body) {
    return new RawConnection(gateway.port())
        .send(
            "POST "
                + CHAT
                + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Idempotency-Key: "
                + key
                + "\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body);
  }

  private void untilOpen(int requests) {
    Await.until(requests + " wait", () -> gateway.metric("bitfleet_requests_open") == requests);
  }

  @Test
  void a_repeat_that_left_keeps_no_other_from_waiting() {
    gateway.worker().script(new Behaviour.StallAfter(1));
    String body = "{" + HELLO;
    try (RawConnection first = raw("k", body)) {
      Await.until("it runs", () -> gateway.worker().open() == 1);
      for (int round = 0; round < 2; round++) {
        List<RawConnection> repeats = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
          repeats.add(raw("k", body));
        }
        untilOpen(41);
        repeats.forEach(RawConnection::close);
        untilOpen(1);
      }
    }
  }
}
