package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.data;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static dev.bitfleet.gateway.responses.Calls.status;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Gateway;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What little a request says, and what much it asks for. */
class LargeResponsesTest {
  private static final String SCORED =
      "{'input':'hi','top_logprobs':20,'include':['message.output_text.logprobs'],";

  private static String item(Gateway gateway, int characters) {
    String conversation = id(Gateway.json(gateway.post("/v1/conversations", "{}")));
    HttpResponse<String> kept =
        gateway.post(
            "/v1/conversations/" + conversation + "/items",
            quoted("{'items':[{'role':'user','content':'" + "u".repeat(characters) + "'}]}"));
    assertThat(kept.statusCode()).as(kept.body()).isEqualTo(200);
    return id(Gateway.json(kept).path("data").path(0));
  }

  private static String references(String id, int times) {
    String one = "{'type':'item_reference','id':'" + id + "'}";
    return quoted("{'input':[" + (one + ",").repeat(times - 1) + one + "]}");
  }

  @Test
  void references_to_more_than_any_context_are_refused_where_they_become_too_much() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      String item = item(gateway, 900_000);
      for (String path : List.of(PATH, PATH + "/input_tokens")) {
        // Eighteen of them are 16.2 million characters; 16 MiB are 16.8 million.
        refused(
            gateway.post(path, references(item, 1500)),
            400,
            "context_length_exceeded",
            "input[18]");
      }
      assertThat(gateway.worker().questions()).isEmpty();
      create(gateway, references(item, 2).replace('"', '\''));
    }
  }

  @Test
  void a_response_that_grows_too_large_to_be_kept_ends_there_and_is_kept() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().flood(20, 1);
      String body =
          gateway.post(PATH, quoted(SCORED + "'stream':true,'max_output_tokens':7900}")).body();
      JsonNode end = data(frames(body).getLast());
      assertThat(end.path("type").stringValue()).isEqualTo("response.failed");
      JsonNode response = end.path("response");
      assertThat(response.at("/error/message").stringValue()).contains("top_logprobs");
      assertThat(body.length()).isLessThan(16 << 20);
      HttpResponse<String> kept = gateway.get(PATH + "/" + id(response));
      assertThat(kept.statusCode()).isEqualTo(200);
      assertThat(status(Gateway.json(kept))).isEqualTo("failed");
    }
  }

  @Test
  void the_last_events_of_a_large_response_come_whole_and_in_order() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().flood(20, 1);
      List<String> frames =
          frames(
              gateway
                  .post(PATH, quoted(SCORED + "'stream':true,'seed':1,'max_output_tokens':600}"))
                  .body());
      for (int i = 0; i < frames.size(); i++) {
        assertThat(data(frames.get(i)).path("sequence_number").intValue()).isEqualTo(i);
      }
      JsonNode response = data(frames.getLast()).path("response");
      assertThat(response.at("/output/0/content/0/logprobs")).hasSize(600);
      assertThat(frames(gateway.get(PATH + "/" + id(response) + "?stream=true").body()))
          .isEqualTo(frames);
    }
  }

  @Test
  void a_response_that_nobody_keeps_is_bounded_too() {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity())) {
      gateway.worker().flood(20, 1);
      refused(
          gateway.post(PATH, quoted(SCORED + "'store':false,'max_output_tokens':20000}")),
          500,
          "response_too_long",
          "-");
    }
  }
}
