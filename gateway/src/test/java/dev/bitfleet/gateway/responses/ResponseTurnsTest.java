package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static dev.bitfleet.gateway.responses.Calls.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Behaviour;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Responses as turns of conversations, and requests that come twice. */
class ResponseTurnsTest {
  private static List<ChatMessage> lastChat(Gateway gateway) {
    return ((Prompt.Chat) gateway.worker().seen().getLast().prompt()).messages();
  }

  @Test
  void a_conversation_gets_the_turn_and_gives_its_items() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      String conversation =
          Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
      JsonNode first =
          create(gateway, "{'input':'one','conversation':{'id':'" + conversation + "'}}");
      assertThat(first.path("conversation").path("id").stringValue()).isEqualTo(conversation);
      JsonNode second = create(gateway, "{'input':'two','conversation':'" + conversation + "'}");
      assertThat(lastChat(gateway))
          .containsExactly(
              new ChatMessage(Role.USER, "one"),
              new ChatMessage(Role.ASSISTANT, text(first)),
              new ChatMessage(Role.USER, "two"));
      JsonNode items =
          Gateway.json(
              gateway.get("/v1/conversations/" + conversation + "/items?order=asc&limit=10"));
      assertThat(items.path("data").size()).isEqualTo(4);
      assertThat(items.path("data").path(3).path("id").stringValue())
          .isEqualTo(second.path("output").path(0).path("id").stringValue());
      // A response of a conversation is continued with all that came before it.
      create(gateway, "{'input':'aside','previous_response_id':'" + id(second) + "'}");
      assertThat(lastChat(gateway)).hasSize(5).endsWith(new ChatMessage(Role.USER, "aside"));
      refused(
          gateway.post(PATH, quoted("{'input':'x','conversation':'conv_none'}")),
          404,
          "conversation_not_found",
          "-");
    }
  }

  @Test
  void a_repeated_request_is_one_response() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      var request =
          gateway.request(PATH, quoted("{'input':'hi'}")).header("idempotency-key", "k1").build();
      JsonNode first = Gateway.json(gateway.send(request));
      int seen = gateway.worker().seen().size();
      assertThat(Gateway.json(gateway.send(request))).isEqualTo(first);
      assertThat(gateway.worker().seen()).hasSize(seen);

      var stream =
          gateway
              .request(PATH, quoted("{'input':'hi','stream':true}"))
              .header("idempotency-key", "k2")
              .build();
      String once = gateway.send(stream).body();
      assertThat(frames(gateway.send(stream).body())).isEqualTo(frames(once));
    }
  }

  @Test
  void a_whole_answer_whose_engine_dies_is_an_error_and_nothing_is_kept_in_its_conversation() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      String conversation =
          Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
      gateway.worker().script(new Behaviour.FailAfter(3, FailureCause.ENGINE_FAULT));
      String body = "{'input':'hi','conversation':'" + conversation + "'}";
      HttpResponse<String> answer = gateway.post(PATH, quoted(body));
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(500);
      // The turn is over: the next one does not wait for it, and finds nothing of it.
      create(gateway, body);
      JsonNode items = Gateway.json(gateway.get("/v1/conversations/" + conversation + "/items"));
      assertThat(items.path("data").size()).isEqualTo(2);
    }
  }

  @Test
  void two_turns_of_a_conversation_run_one_after_the_other() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      String conversation =
          Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
      gateway.worker().pace(2);
      List<CompletableFuture<HttpResponse<String>>> turns =
          List.of("a", "b", "c").stream()
              .map(
                  text ->
                      gateway.postLater(
                          PATH,
                          quoted("{'input':'" + text + "','conversation':'" + conversation + "'}")))
              .toList();
      turns.forEach(turn -> assertThat(turn.join().statusCode()).isEqualTo(200));
      assertThat(gateway.worker().mostOpen()).isEqualTo(1);
      JsonNode items =
          Gateway.json(gateway.get("/v1/conversations/" + conversation + "/items?order=asc"));
      assertThat(items.path("data").size()).isEqualTo(6);
      for (int i = 0; i < 6; i++) {
        assertThat(items.path("data").path(i).path("role").stringValue())
            .isEqualTo(i % 2 == 0 ? "user" : "assistant");
      }
    }
  }
}
