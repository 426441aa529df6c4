package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.proto.TextRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Contexts that grow beyond what the model takes; here a character is a token. */
class LongContextTest {
  private static final int CONTEXT = 4096;
  private static final String TURN = "u".repeat(1500);

  private static Gateway gateway() {
    Gateway gateway = Gateway.bare(options -> options);
    gateway.workerOfContext("worker-1", 4, CONTEXT);
    return gateway;
  }

  @Test
  void a_long_chain_is_refused_with_the_way_out_and_goes_on_by_it() {
    try (Gateway gateway = gateway()) {
      String previous = "";
      HttpResponse<String> answer;
      while (true) {
        answer = gateway.post(PATH, quoted("{'input':'" + TURN + "'" + previous + "}"));
        if (answer.statusCode() != 200) {
          break;
        }
        previous = ",'previous_response_id':'" + id(Gateway.json(answer)) + "'";
      }
      refused(answer, 400, "context_length_exceeded", "input");
      assertThat(Gateway.json(answer).at("/error/message").stringValue())
          .contains("\"truncation\": \"auto\"");
      JsonNode made =
          create(gateway, "{'input':'" + TURN + "','truncation':'auto'" + previous + "}");
      assertThat(made.path("dropped").path("messages").intValue()).isPositive();
      HttpResponse<String> alone =
          gateway.post(PATH, quoted("{'input':'" + TURN.repeat(3) + "','truncation':'auto'}"));
      refused(alone, 400, "context_length_exceeded", "input");
      assertThat(alone.body()).doesNotContain("truncation");
    }
  }

  @Test
  void a_long_conversation_is_refused_for_a_response_and_goes_on_as_a_chat() {
    try (Gateway gateway = gateway()) {
      String conversation =
          Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
      String chat = "/v1/conversations/" + conversation + "/chat";
      String said = quoted("{'messages':[{'role':'user','content':'" + TURN + "'}]}");
      for (int turn = 0; turn < 5; turn++) {
        assertThat(gateway.post(chat, said).statusCode()).isEqualTo(200);
      }
      String body = "{'input':'more','conversation':'" + conversation + "'";
      refused(gateway.post(PATH, quoted(body + "}")), 400, "context_length_exceeded", "input");
      create(gateway, body + ",'truncation':'auto'}");
    }
  }

  @Test
  void what_does_not_fit_is_counted_all_the_same() {
    try (Gateway gateway = gateway()) {
      HttpResponse<String> counted =
          gateway.post(
              PATH + "/input_tokens", quoted("{'input':'" + "x".repeat(3 * CONTEXT) + "'}"));
      assertThat(counted.statusCode()).as(counted.body()).isEqualTo(200);
      assertThat(Gateway.json(counted).path("input_tokens").intValue()).isEqualTo(3 * CONTEXT);
      assertThat(Gateway.json(counted).path("context_length").intValue()).isEqualTo(CONTEXT);
      assertThat(((TextRequest.Fit) gateway.worker().questions().getLast()).countOnly()).isTrue();
    }
  }

  @Test
  void instructions_that_fill_the_context_are_what_is_named() {
    try (Gateway gateway = gateway()) {
      String body = "{'input':'hi','instructions':'" + "x".repeat(3 * CONTEXT) + "'}";
      refused(gateway.post(PATH, quoted(body)), 400, "context_length_exceeded", "instructions");
    }
  }
}
