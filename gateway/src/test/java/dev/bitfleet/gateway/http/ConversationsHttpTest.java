package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestFolders;
import dev.bitfleet.proto.FailureCause;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ConversationsHttpTest {
  private final StoreOptions options = StoreOptions.in(TestFolders.fresh());
  private Gateway gateway;

  @BeforeEach
  void start() {
    gateway = Gateway.withWorker(builder -> builder.store(options));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private String conversation() {
    HttpResponse<String> made =
        gateway.send(
            HttpRequest.newBuilder(gateway.uri("/v1/conversations"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
    return Gateway.json(made).path("conversation_id").stringValue();
  }

  private static String say(String text) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"" + text + "\"}]}";
  }

  private HttpResponse<String> chat(String conversation, String body) {
    return gateway.post("/v1/conversations/" + conversation + "/chat", body);
  }

  private HttpResponse<String> chat(
      String conversation, String body, UnaryOperator<HttpRequest.Builder> headers) {
    return gateway.send(
        headers
            .apply(gateway.request("/v1/conversations/" + conversation + "/chat", body))
            .build());
  }

  private List<String> history(String conversation) {
    HttpResponse<String> found = gateway.get("/v1/conversations/" + conversation);
    assertThat(found.statusCode()).as(found.body()).isEqualTo(200);
    List<String> said = new ArrayList<>();
    for (JsonNode message : Gateway.json(found).path("messages")) {
      said.add(message.path("role").stringValue() + ": " + message.path("content").stringValue());
    }
    return said;
  }

  private static String answer(HttpResponse<String> chat) {
    assertThat(chat.statusCode()).as(chat.body()).isEqualTo(200);
    return Gateway.json(chat).path("choices").path(0).path("message").path("content").stringValue();
  }

  @Test
  void a_conversation_needs_neither_body_nor_content_type_and_remembers() {
    String id = conversation();
    assertThat(id).matches("conv_[0-9a-f]{32}");
    String first = answer(chat(id, say("one")));
    String second = answer(chat(id, say("two")));
    assertThat(history(id))
        .containsExactly("user: one", "assistant: " + first, "user: two", "assistant: " + second);
  }

  @Test
  void a_streamed_chat_is_remembered_before_it_is_done() {
    String id = conversation();
    HttpResponse<String> stream =
        chat(id, "{\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}");
    assertThat(Gateway.events(stream.body())).endsWith("[DONE]");
    StringBuilder text = new StringBuilder();
    for (JsonNode chunk : Gateway.chunks(stream.body())) {
      text.append(chunk.path("choices").path(0).path("delta").path("content").stringValue(""));
    }
    assertThat(history(id)).containsExactly("user: hello", "assistant: " + text);
  }

  @Test
  void what_a_conversation_has_heard_comes_before_what_is_said() {
    String id = conversation();
    chat(
        id,
        """
        {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"one"}]}""");
    chat(
        id,
        """
        {"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"two"}]}""");
    List<String> history = history(id);
    assertThat(history).hasSize(5);
    assertThat(history.getFirst()).isEqualTo("system: Be brief.");
    assertThat(history.get(3)).isEqualTo("user: two");
  }

  @Test
  void a_chat_that_fails_leaves_no_trace_and_frees_the_turn() {
    String id = conversation();
    gateway.worker().script(new Behaviour.FailAfter(3, FailureCause.ENGINE_FAULT));
    assertThat(chat(id, say("x")).statusCode()).isEqualTo(500);
    assertThat(history(id)).isEmpty();
    answer(chat(id, say("again")));
    assertThat(history(id)).hasSize(2);
  }

  @Test
  void a_chat_whose_client_leaves_changes_nothing() {
    String id = conversation();
    gateway.worker().script(new Behaviour.StallAfter(2));
    CompletableFuture<HttpResponse<String>> left =
        gateway.postLater("/v1/conversations/" + id + "/chat", say("never mind"));
    Await.until("the worker has it", () -> gateway.worker().open() == 1);
    left.cancel(true);
    Await.until("the worker is rid of it", () -> gateway.worker().open() == 0);
    answer(chat(id, say("here")));
    assertThat(history(id)).hasSize(2).startsWith("user: here");
  }

  @Test
  void two_chats_at_once_have_one_order() {
    String id = conversation();
    List<CompletableFuture<HttpResponse<String>>> chats = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      chats.add(gateway.postLater("/v1/conversations/" + id + "/chat", say("m" + i)));
    }
    chats.forEach(each -> answer(each.join()));
    List<String> history = history(id);
    assertThat(history).hasSize(12);
    Set<String> asked = new HashSet<>();
    for (int i = 0; i < 12; i += 2) {
      assertThat(history.get(i)).startsWith("user: ");
      assertThat(history.get(i + 1)).startsWith("assistant: ");
      asked.add(history.get(i));
    }
    assertThat(asked).hasSize(6);
  }

  @Test
  void the_same_post_eight_times_at_once_is_one_turn() {
    for (boolean stream : new boolean[] {false, true}) {
      String id = conversation();
      String body =
          "{\"stream\":"
              + stream
              + ",\"temperature\":1,\"messages\":[{\"role\":\"user\",\"content\":\"once\"}]}";
      List<CompletableFuture<HttpResponse<String>>> storm = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        storm.add(
            gateway
                .client()
                .sendAsync(
                    gateway
                        .request("/v1/conversations/" + id + "/chat", body)
                        .header("Idempotency-Key", "storm-" + stream)
                        .build(),
                    HttpResponse.BodyHandlers.ofString()));
      }
      Set<String> answers = new HashSet<>();
      int replayed = 0;
      for (CompletableFuture<HttpResponse<String>> each : storm) {
        HttpResponse<String> response = each.join();
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        answers.add(stream ? streamed(response.body()) : response.body());
        replayed += response.headers().firstValue("idempotent-replayed").isPresent() ? 1 : 0;
      }
      assertThat(answers).hasSize(1);
      assertThat(replayed).isEqualTo(7);
      assertThat(history(id)).hasSize(2);
      HttpResponse<String> other =
          chat(id, say("other"), request -> request.header("Idempotency-Key", "storm-" + stream));
      assertThat(other.statusCode()).isEqualTo(422);
      assertThat(other.body()).contains("idempotency_key_reuse");
    }
  }

  /** Id, text and how it ended: what chunks say together. */
  private static String streamed(String body) {
    assertThat(Gateway.events(body)).endsWith("[DONE]");
    StringBuilder text = new StringBuilder();
    Set<String> ids = new HashSet<>();
    String reason = "";
    for (JsonNode chunk : Gateway.chunks(body)) {
      ids.add(chunk.path("id").stringValue());
      JsonNode choice = chunk.path("choices").path(0);
      text.append(choice.path("delta").path("content").stringValue(""));
      reason = choice.path("finish_reason").stringValue(reason);
    }
    return ids + text.toString() + reason;
  }

  @Test
  void an_sdks_retry_gets_the_answer_it_missed_and_equal_requests_are_two_turns() {
    String id = conversation();
    answer(chat(id, say("hi"), request -> request.header("x-stainless-retry-count", "0")));
    answer(chat(id, say("hi"), request -> request.header("x-stainless-retry-count", "0")));
    assertThat(history(id)).hasSize(4);
  }

  @Test
  void what_was_acknowledged_survives_the_gateway() {
    String id = conversation();
    String said = answer(chat(id, say("stay")));
    HttpResponse<String> keyed =
        chat(id, say("keyed"), request -> request.header("Idempotency-Key", "k1"));
    HttpResponse<String> stored =
        gateway.post(
            "/v1/chat/completions",
            "{\"store\":true,\"metadata\":{\"a\":\"b\"},\"messages\":[{\"role\":\"user\",\"content\":\"kept\"}]}");
    String completion = Gateway.json(stored).path("id").stringValue();
    gateway.close();
    start();
    assertThat(history(id)).hasSize(4).startsWith("user: stay", "assistant: " + said);
    HttpResponse<String> again =
        chat(id, say("keyed"), request -> request.header("Idempotency-Key", "k1"));
    assertThat(again.body()).isEqualTo(keyed.body());
    assertThat(again.headers().firstValue("idempotent-replayed")).contains("true");
    JsonNode kept = Gateway.json(gateway.get("/v1/chat/completions/" + completion));
    assertThat(kept.path("choices")).isEqualTo(Gateway.json(stored).path("choices"));
    assertThat(kept.path("metadata").path("a").stringValue()).isEqualTo("b");
  }

  @Test
  void items_are_added_listed_read_and_deleted() {
    HttpResponse<String> made =
        gateway.post(
            "/v1/conversations",
            """
            {"metadata":{"topic":"x"},"items":[{"role":"user","content":"zero"}]}""");
    String id = Gateway.json(made).path("id").stringValue();
    String path = "/v1/conversations/" + id;
    JsonNode added =
        Gateway.json(
            gateway.post(
                path + "/items",
                """
                {"items":[{"type":"message","role":"user","content":[{"type":"input_text","text":"one"}]},
                 {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
                 {"type":"function_call_output","call_id":"c1","output":"done"}]}"""));
    assertThat(added.path("data")).hasSize(3);
    String second = added.path("data").path(1).path("id").stringValue();
    assertThat(second).startsWith("fc_");
    JsonNode page = Gateway.json(gateway.get(path + "/items?limit=2&order=asc"));
    assertThat(page.path("data")).hasSize(2);
    assertThat(page.path("has_more").booleanValue()).isTrue();
    JsonNode rest =
        Gateway.json(
            gateway.get(path + "/items?order=asc&after=" + page.path("last_id").stringValue()));
    assertThat(rest.path("data")).hasSize(2);
    assertThat(rest.path("has_more").booleanValue()).isFalse();
    assertThat(Gateway.json(gateway.get(path + "/items/" + second)).path("name").stringValue())
        .isEqualTo("f");
    assertThat(delete(path + "/items/" + second).statusCode()).isEqualTo(200);
    assertThat(gateway.get(path + "/items/" + second).statusCode()).isEqualTo(404);
    assertThat(Gateway.json(gateway.get(path + "/export")).path("items")).hasSize(3);
    assertThat(delete(path).statusCode()).isEqualTo(200);
    assertThat(gateway.get(path).statusCode()).isEqualTo(404);
  }

  private HttpResponse<String> delete(String path) {
    return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).DELETE().build());
  }

  @Test
  void stored_completions_are_listed_changed_and_deleted() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      HttpResponse<String> made =
          gateway.post(
              "/v1/chat/completions",
              "{\"store\":true,\"stream\":"
                  + (i == 2)
                  + ",\"metadata\":{\"n\":\""
                  + i % 2
                  + "\"},\"messages\":[{\"role\":\"user\",\"content\":\"m"
                  + i
                  + "\"}]}");
      ids.add(
          i == 2
              ? Gateway.chunks(made.body()).getFirst().path("id").stringValue()
              : Gateway.json(made).path("id").stringValue());
    }
    gateway.post("/v1/chat/completions", say("not kept"));
    JsonNode all = Gateway.json(gateway.get("/v1/chat/completions"));
    assertThat(all.path("data")).hasSize(3);
    JsonNode some =
        Gateway.json(gateway.get("/v1/chat/completions?metadata%5Bn%5D=0&model=" + Gateway.MODEL));
    assertThat(some.path("data")).hasSize(2);
    String path = "/v1/chat/completions/" + ids.getLast();
    assertThat(
            Gateway.json(gateway.get(path + "/messages"))
                .path("data")
                .path(0)
                .path("content")
                .stringValue())
        .isEqualTo("m2");
    JsonNode changed = Gateway.json(gateway.post(path, "{\"metadata\":{\"n\":\"7\"}}"));
    assertThat(changed.path("metadata").path("n").stringValue()).isEqualTo("7");
    assertThat(delete(path).statusCode()).isEqualTo(200);
    assertThat(delete(path).statusCode()).isEqualTo(404);
    assertThat(Gateway.json(gateway.get("/v1/chat/completions")).path("data")).hasSize(2);
  }

  @Test
  void what_cannot_be_is_refused_by_name() {
    String id = conversation();
    String path = "/v1/conversations/" + id;
    refused(chat(id, "{\"n\":2,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"), 400, "n");
    refused(gateway.get(path + "/items?limit=0"), 400, "limit");
    refused(gateway.get(path + "/items?order=up"), 400, "order");
    refused(gateway.get("/v1/chat/completions?metadata%5B%5D=1"), 400, "metadata");
    refused(gateway.get("/v1/chat/completions?metadata%5Bzz=1"), 400, "metadata");
    refused(gateway.get("/v1/chat/completions?metadata=1"), 400, "metadata");
    refused(
        gateway.get("/v1/chat/completions?metadata%5Bzz%5D=" + "x".repeat(513)),
        400,
        "metadata[zz]");
    refused(gateway.get(path + "/items?after=msg_1"), 400, "after");
    refused(gateway.post(path + "/items", "{\"items\":[]}"), 400, "items");
    refused(
        gateway.post(path + "/items", "{\"items\":[{\"id\":\"msg_1\"}]}"), 400, "items[0].type");
    refused(
        chat(id, say("x"), request -> request.header("Idempotency-Key", "two words")),
        400,
        "Idempotency-Key");
    assertThat(history(id)).isEmpty();
    assertThat(chat("conv_0", say("x")).statusCode()).isEqualTo(404);
  }

  @Test
  void older_clients_can_have_their_422() {
    try (Gateway older = Gateway.bare(builder -> builder.refuseWith422(true))) {
      String id = Gateway.json(older.post("/v1/conversations", "{}")).path("id").stringValue();
      refused(older.post("/v1/conversations/" + id + "/chat", "{}"), 422, "messages");
      refused(older.post("/v1/chat/completions", "{}"), 400, "messages");
    }
  }

  private static void refused(HttpResponse<String> response, int status, String param) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(Gateway.json(response).path("error").path("param").stringValue("")).isEqualTo(param);
  }
}
