package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.keys.ApiKey;
import dev.bitfleet.gateway.keys.KeyFile;
import dev.bitfleet.gateway.keys.KeyLimits;
import dev.bitfleet.gateway.keys.Scope;
import dev.bitfleet.gateway.testing.Gateway;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** What each kind of key may, route by route and field by field. One tenant has them all. */
class ScopesHttpTest {
  private static final String INFERENCE = ApiKey.newSecret();
  private static final String CONVERSATIONS = ApiKey.newSecret();
  private static final String BOTH = ApiKey.newSecret();
  private static final String MODELS = ApiKey.newSecret();
  private static final String RESPONSES = "/v1/responses";

  @TempDir static Path folder;
  private static Gateway gateway;
  private static String conversation;
  private static String response;
  private static String item;

  private static ApiKey key(String name, String secret, Scope... scopes) {
    return new ApiKey(name, "ada", ApiKey.hashOf(secret), Set.of(scopes), KeyLimits.NONE);
  }

  @BeforeAll
  static void start() throws IOException {
    Path file = folder.resolve("keys.yaml");
    KeyFile.write(
        file,
        List.of(
            key("inference", INFERENCE, Scope.INFERENCE),
            key("conversations", CONVERSATIONS, Scope.CONVERSATIONS),
            key("both", BOTH, Scope.INFERENCE, Scope.CONVERSATIONS),
            key("models", MODELS, Scope.MODELS)));
    gateway = Gateway.withWorker(options -> options.keyFile(Optional.of(file)));
    conversation = Gateway.json(post(BOTH, "/v1/conversations", "{}")).path("id").stringValue();
    JsonNode made = Gateway.json(post(BOTH, RESPONSES, "{'input':'hi'}"));
    response = made.path("id").stringValue();
    item = made.path("output").path(0).path("id").stringValue();
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  private static HttpResponse<String> post(String key, String path, String body) {
    return gateway.send(
        gateway
            .request(path, body.replace('\'', '"'))
            .header("authorization", "Bearer " + key)
            .build());
  }

  private static String filled(String template) {
    return template.replace("CONV", conversation).replace("RESP", response).replace("ITEM", item);
  }

  private static void lacks(HttpResponse<String> answer, String scope, String param) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(403);
    JsonNode error = Gateway.json(answer).path("error");
    assertThat(error.path("code").stringValue()).isEqualTo("insufficient_permissions");
    assertThat(error.path("message").stringValue()).contains("'" + scope + "'");
    assertThat(error.path("param").stringValue("-")).isEqualTo(param);
  }

  /** Bodies that reach what is kept, and the field that does. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/v1/responses|{'input':'x','store':true}|store",
        "/v1/responses|{'input':'x','background':true}|background",
        "/v1/responses|{'input':'x','conversation':'CONV'}|conversation",
        "/v1/responses|{'input':'x','conversation':{'id':'CONV'}}|conversation",
        "/v1/responses|{'input':'x','conversation':'CONV','store':false}|conversation",
        "/v1/responses|{'input':'x','previous_response_id':'RESP'}|previous_response_id",
        "/v1/responses|{'input':'x','previous_response_id':'RESP','store':false}|previous_response_id",
        "/v1/responses|{'input':[{'type':'item_reference','id':'ITEM'}],'store':false}|input[0]",
        "/v1/responses|{'input':[{'role':'user','content':'x'},{'id':'ITEM'}]}|input[1]",
        "/v1/responses/input_tokens|{'input':'x','conversation':'CONV'}|conversation",
        "/v1/responses/input_tokens|{'input':'x','previous_response_id':'RESP'}|previous_response_id",
        "/v1/responses/input_tokens|{'input':[{'id':'ITEM'}]}|input[0]",
        "/v1/chat/completions|{'messages':[{'role':'user','content':'x'}],'store':true}|store",
      })
  void what_is_kept_needs_a_scope_of_its_own(String path, String body, String param) {
    lacks(post(INFERENCE, path, filled(body)), "conversations", param);
    lacks(post(CONVERSATIONS, path, filled(body)), "inference", "-");
    lacks(post(MODELS, path, filled(body)), "inference", "-");
    HttpResponse<String> allowed = post(BOTH, path, filled(body));
    assertThat(allowed.statusCode()).as(allowed.body()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "/v1/responses|{'input':'x'}",
        "/v1/responses|{'input':'x','store':null}",
        "/v1/responses|{'input':'x','store':false}",
        "/v1/responses|{'input':'x','conversation':null,'previous_response_id':null}",
        "/v1/responses/input_tokens|{'input':'x'}",
        "/v1/responses/input_tokens|{'input':'x','store':true}",
        "/v1/chat/completions|{'messages':[{'role':'user','content':'x'}]}",
        "/v1/chat/completions|{'messages':[{'role':'user','content':'x'}],'store':false}",
        "/chat/completions|{'messages':[{'role':'user','content':'x'}],'store':true}",
        "/completion|{'prompt':'x'}",
      })
  void what_is_only_generated_needs_inference_alone(String path, String body) {
    for (String key : List.of(INFERENCE, BOTH)) {
      HttpResponse<String> allowed = post(key, path, body);
      assertThat(allowed.statusCode()).as(allowed.body()).isEqualTo(200);
    }
    lacks(post(CONVERSATIONS, path, body), "inference", "-");
    lacks(post(MODELS, path, body), "inference", "-");
  }

  @Test
  void a_key_for_inference_alone_keeps_nothing_unless_it_asks_and_then_is_refused() {
    for (String body : List.of("{'input':'x'}", "{'input':'x','store':null}")) {
      JsonNode made = Gateway.json(post(INFERENCE, RESPONSES, body));
      assertThat(made.path("store").booleanValue()).isFalse();
      HttpResponse<String> found =
          gateway.send(
              HttpRequest.newBuilder(gateway.uri(RESPONSES + "/" + made.path("id").stringValue()))
                  .header("authorization", "Bearer " + BOTH)
                  .build());
      assertThat(found.statusCode()).isEqualTo(404);
    }
    JsonNode kept = Gateway.json(post(BOTH, RESPONSES, "{'input':'x'}"));
    assertThat(kept.path("store").booleanValue()).isTrue();
  }

  @Test
  void a_chat_in_a_conversation_needs_both() {
    String chat = "/v1/conversations/" + conversation + "/chat";
    String body = "{'messages':[{'role':'user','content':'x'}]}";
    lacks(post(INFERENCE, chat, body), "conversations", "-");
    lacks(post(CONVERSATIONS, chat, body), "inference", "-");
    assertThat(post(BOTH, chat, body).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/conversations",
    "/v1/conversations/CONV",
    "/v1/conversations/CONV/items",
    "/v1/conversations/CONV/export",
    "/v1/responses/RESP",
    "/v1/responses/RESP/input_items",
    "/v1/chat/completions",
  })
  void what_is_kept_is_read_with_conversations_alone(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(gateway.uri(filled(path)));
    lacks(gateway.send(request.copy().header("api-key", INFERENCE).build()), "conversations", "-");
    lacks(gateway.send(request.copy().header("api-key", MODELS).build()), "conversations", "-");
    assertThat(gateway.send(request.copy().header("api-key", CONVERSATIONS).build()).statusCode())
        .isEqualTo(200);
  }

  @Test
  void what_a_key_that_may_not_keep_was_answered_is_not_told_to_one_that_may() {
    String body = "{\"input\":\"hi\"}";
    HttpResponse<String> passing = repeatable(INFERENCE, body);
    assertThat(passing.statusCode()).as(passing.body()).isEqualTo(200);
    HttpResponse<String> other = repeatable(BOTH, body);
    assertThat(other.statusCode()).as(other.body()).isEqualTo(422);
    assertThat(other.body()).contains("idempotency_key_reuse");
    assertThat(repeatable(INFERENCE, body).body()).isEqualTo(passing.body());
  }

  private static HttpResponse<String> repeatable(String key, String body) {
    return gateway.send(
        gateway
            .request(RESPONSES, body)
            .header("authorization", "Bearer " + key)
            .header("Idempotency-Key", "across-scopes")
            .build());
  }
}
