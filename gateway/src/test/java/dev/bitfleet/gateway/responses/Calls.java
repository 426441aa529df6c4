package dev.bitfleet.gateway.responses;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.ContractSchemas;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** How tests call the Responses API. */
final class Calls {
  static final String PATH = "/v1/responses";

  private static final Contract CONTRACT = Contract.load();

  private Calls() {}

  /** JSON written with single quotes. */
  static String quoted(String single) {
    return single.replace('\'', '"');
  }

  static JsonNode tree(String single) {
    return JsonMapper.shared().readTree(quoted(single));
  }

  /** Creates a response; it is one by the contract. */
  static JsonNode create(Gateway gateway, String body) {
    HttpResponse<String> answer = gateway.post(PATH, quoted(body));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return conforming(Gateway.json(answer));
  }

  static JsonNode conforming(JsonNode response) {
    assertThat(ContractSchemas.errors(CONTRACT, "Response", response)).as("%s", response).isEmpty();
    return response;
  }

  static HttpResponse<String> delete(Gateway gateway, String path) {
    return gateway.send(HttpRequest.newBuilder(gateway.uri(path)).DELETE().build());
  }

  static HttpResponse<String> cancel(Gateway gateway, String id) {
    return gateway.send(
        HttpRequest.newBuilder(gateway.uri(PATH + "/" + id + "/cancel"))
            .POST(HttpRequest.BodyPublishers.noBody())
            .build());
  }

  /** The events of a stream, each with its closing blank line. */
  static List<String> frames(String body) {
    return Arrays.stream(body.split("(?<=\n\n)"))
        .filter(frame -> frame.startsWith("event: "))
        .toList();
  }

  static JsonNode data(String frame) {
    return JsonMapper.shared().readTree(frame.substring(frame.indexOf("data: ") + 6));
  }

  static String text(JsonNode response) {
    return response.path("output").path(0).path("content").path(0).path("text").stringValue();
  }

  static String id(JsonNode response) {
    return response.path("id").stringValue();
  }

  static String status(JsonNode response) {
    return response.path("status").stringValue();
  }

  /** Waits until a stored response has that status. */
  static JsonNode await(Gateway gateway, String id, String status) {
    Await.until(
        id + " is " + status,
        () -> status(Gateway.json(gateway.get(PATH + "/" + id))).equals(status));
    return conforming(Gateway.json(gateway.get(PATH + "/" + id)));
  }

  static void refused(HttpResponse<String> answer, int status, String code, String param) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonNode error = Gateway.json(answer).path("error");
    assertThat(error.path("code").stringValue()).as(answer.body()).isEqualTo(code);
    assertThat(error.path("param").stringValue("-")).as(answer.body()).isEqualTo(param);
  }
}
