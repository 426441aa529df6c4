package dev.bitfleet.gateway.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ContractTest {
  private static final Contract CONTRACT = Contract.load();

  private static ApiError refusal(Operation operation, String body) {
    return catchThrowableOfType(
            ApiException.class, () -> CONTRACT.check(operation, JsonMapper.shared().readTree(body)))
        .error();
  }

  @Test
  void the_document_and_the_operations_agree() {
    Map<String, String> documented = new TreeMap<>();
    for (Map.Entry<String, JsonNode> path : CONTRACT.document().path("paths").properties()) {
      for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
        documented.put(
            method.getValue().path("operationId").stringValue(),
            method.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey());
      }
    }
    Map<String, String> known = new TreeMap<>();
    for (Operation operation : Operation.values()) {
      known.put(operation.id(), operation.method() + " " + operation.documentPath());
    }
    assertThat(documented).isEqualTo(known);
  }

  @Test
  void every_reference_of_the_document_leads_somewhere() {
    Set<String> dangling = new TreeSet<>();
    collectDangling(CONTRACT.document(), dangling);
    assertThat(dangling).isEmpty();
  }

  private static void collectDangling(JsonNode node, Set<String> dangling) {
    JsonNode ref = node.path("$ref");
    if (ref.isString() && CONTRACT.document().at(ref.stringValue().substring(1)).isMissingNode()) {
      dangling.add(ref.stringValue());
    }
    node.forEach(child -> collectDangling(child, dangling));
  }

  @Test
  void every_operation_names_what_can_go_wrong() {
    for (Operation operation : Operation.values()) {
      if (operation.body() != Operation.Body.NONE) {
        JsonNode responses =
            CONTRACT
                .document()
                .path("paths")
                .path(operation.documentPath())
                .path("post")
                .path("responses");
        assertThat(responses.propertyNames())
            .contains("200", "400", "404", "413", "415", "429", "500", "503");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "CREATE_CHAT_COMPLETION, temperature, 0.7",
    "CREATE_CHAT_COMPLETION, repeat_penalty, 1",
    "CREATE_PLAIN_CHAT_COMPLETION, temperature, 0.8",
    "CREATE_PLAIN_CHAT_COMPLETION, repeat_penalty, 1.1",
    "CREATE_COMPLETION, max_tokens, 16",
    "CREATE_PLAIN_COMPLETION, n_predict, 100",
    "CREATE_PLAIN_COMPLETION, min_p, 0",
    "CREATE_PLAIN_COMPLETIONS, n_predict, 100",
    "GENERATE_TEXT, max_tokens, 2048",
    "GENERATE_TEXT, temperature, 0.7",
    "GENERATE_TEXT, top_p, 0.8",
    "GENERATE_TEXT, top_k, 20",
    "CREATE_API_CHAT_COMPLETION, max_tokens, 2048",
    "CREATE_API_CHAT_COMPLETION, top_p, 0.8",
    "CREATE_API_CHAT_COMPLETION, top_k, 20"
  })
  void defaults_are_those_of_each_route(Operation operation, String field, String value) {
    assertThat(CONTRACT.defaults(operation))
        .hasEntrySatisfying(field, node -> assertThat(node.asString()).isEqualTo(value));
  }

  @Test
  void a_decent_body_passes() {
    CONTRACT.check(
        Operation.CREATE_CHAT_COMPLETION,
        JsonMapper.shared()
            .readTree(
                """
                {"model":"m","messages":[{"role":"user","content":"hi"},
                 {"role":"user","content":[{"type":"text","text":"there"}],"name":null}],
                 "temperature":1,"max_tokens":40.0,"stop":["a","b"],"logit_bias":{"5":-100},
                 "truncation":"disabled","repeat_penalty":0,"repetition_penalty":0.01,
                 "seed":null,"tools":null,"unknown":{"x":[1]},"metadata":{"k":"v"}}"""));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"messages\":[{\"role\":\"user\",\"content\":5}]} | messages[0].content | Invalid 'messages[0].content': expected a string or an array, got 5.",
        "{\"messages\":[]} | messages | Invalid 'messages': expected at least 1 item, got an array of 0.",
        "{} | messages | Missing required parameter: 'messages'.",
        "{\"messages\":[{\"content\":\"x\"}]} | messages[0].role | Missing required parameter: 'messages[0].role'.",
        "{\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]} | messages[0].role | Invalid 'messages[0].role': expected one of 'system', 'developer', 'user', 'assistant', 'tool', 'function', got \"king\".",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":3.5} | temperature | Invalid 'temperature': expected at most 2, got 3.5.",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"repeat_penalty\":1e-9} | repeat_penalty | Invalid 'repeat_penalty': expected anything but a number above 0 and below 0.01, got 1.0E-9.",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":1e999} | temperature | Invalid 'temperature': expected a number, got Infinity.",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"top_k\":1.5} | top_k | Invalid 'top_k': expected an integer, got 1.5.",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stop\":[\"\"]} | stop[0] | Invalid 'stop[0]': expected at least 1 character, got \"\".",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"seed\":99999999999999999999999} | seed | Invalid 'seed': expected at most 9223372036854775807, got 99999999999999999999999.",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"logit_bias\":{\"5\":101}} | logit_bias.5 | Invalid 'logit_bias.5': expected at most 100, got 101.",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":5}]}]} | messages[0].content[0].type | Invalid 'messages[0].content[0].type': expected a string, got 5.",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream\":\"yes\"} | stream | Invalid 'stream': expected a boolean, got \"yes\"."
      })
  void a_violation_names_the_field_what_was_expected_and_what_came(
      String body, String param, String message) {
    ApiError error = refusal(Operation.CREATE_CHAT_COMPLETION, body);
    assertThat(error.message()).isEqualTo(message);
    assertThat(error.param()).contains(param);
    assertThat(error.status()).isEqualTo(400);
  }

  @Test
  void a_wrong_key_of_a_map_is_refused() {
    ApiError error =
        refusal(Operation.CREATE_COMPLETION, "{\"prompt\":\"x\",\"logit_bias\":{\"the\":1}}");
    assertThat(error.param()).contains("logit_bias.the");
    assertThat(error.message())
        .isEqualTo("Invalid 'logit_bias.the': expected token ids as field names, got \"the\".");
  }

  @Test
  void a_long_value_is_shortened_in_the_message() {
    ApiError error =
        refusal(
            Operation.CREATE_COMPLETION,
            "{\"prompt\":\"x\",\"temperature\":\"" + "long ".repeat(1000) + "\"}");
    assertThat(error.message()).hasSizeLessThan(200).contains("…");
  }
}
