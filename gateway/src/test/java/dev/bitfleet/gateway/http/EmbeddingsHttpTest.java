package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestEmbeddings;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.EmbedRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.Collections;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class EmbeddingsHttpTest {
  private static final String MODEL = "embed-demo";

  private static Gateway gateway() {
    Gateway gateway = Gateway.bare(o -> o);
    gateway.worker("worker-1", MODEL, 4);
    return gateway;
  }

  private static JsonNode embed(Gateway gateway, String body) {
    HttpResponse<String> answer = gateway.post("/v1/embeddings", body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return Gateway.json(answer);
  }

  @Test
  void texts_come_back_as_vectors_in_their_order() {
    try (Gateway gateway = gateway()) {
      JsonNode answer = embed(gateway, "{\"input\":[\"ab\",\"abcd\"],\"model\":\"embed-demo\"}");

      assertThat(answer.path("object").stringValue()).isEqualTo("list");
      assertThat(answer.path("model").stringValue()).isEqualTo(MODEL);
      assertThat(answer.at("/data/1/index").intValue()).isEqualTo(1);
      assertThat(answer.at("/data/1/embedding/0").floatValue())
          .isEqualTo(TestEmbeddings.vector(4)[0]);
      assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(6);
      assertThat(answer.at("/usage/total_tokens").intValue()).isEqualTo(6);
    }
  }

  @Test
  void base64_holds_the_same_floats() {
    try (Gateway gateway = gateway()) {
      String text =
          embed(gateway, "{\"input\":\"abc\",\"encoding_format\":\"base64\"}")
              .at("/data/0/embedding")
              .stringValue();
      ByteBuffer bytes =
          ByteBuffer.wrap(Base64.getDecoder().decode(text)).order(ByteOrder.LITTLE_ENDIAN);

      for (float value : TestEmbeddings.vector(3)) {
        assertThat(bytes.getFloat()).isEqualTo(value);
      }
      assertThat(bytes.hasRemaining()).isFalse();
    }
  }

  @Test
  void token_ids_are_inputs_too() {
    try (Gateway gateway = gateway()) {
      assertThat(embed(gateway, "{\"input\":[1,2,3]}").path("data")).hasSize(1);
      assertThat(embed(gateway, "{\"input\":[[1,2],[3]]}").path("data")).hasSize(2);
    }
  }

  @Test
  void fewer_dimensions_are_the_first_ones_of_length_one() {
    try (Gateway gateway = gateway()) {
      JsonNode vector =
          embed(gateway, "{\"input\":\"abc\",\"dimensions\":2}").at("/data/0/embedding");

      assertThat(vector).hasSize(2);
      assertThat(vector.get(0).floatValue()).isCloseTo(0.6f, within(1e-6f));
      assertThat(vector.get(1).floatValue()).isCloseTo(0.8f, within(1e-6f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/embedding", "/embeddings"})
  void llama_servers_routes_have_its_own_shape_and_take_any_name(String path) {
    try (Gateway gateway = gateway()) {
      HttpResponse<String> answer =
          gateway.post(path, "{\"content\":[\"ab\",\"abcd\"],\"model\":\"nomic\"}");

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode list = Gateway.json(answer);
      assertThat(list).hasSize(2);
      assertThat(list.at("/1/index").intValue()).isEqualTo(1);
      assertThat(list.at("/1/embedding")).hasSize(1);
      assertThat(list.at("/1/embedding/0/0").floatValue()).isEqualTo(TestEmbeddings.vector(4)[0]);
      assertThat(Gateway.json(gateway.post(path, "{\"input\":\"abcd\"}")).at("/0/embedding"))
          .isEqualTo(list.at("/1/embedding"));
      assertThat(
              gateway.post("/v1/embeddings", "{\"input\":\"a\",\"model\":\"nomic\"}").statusCode())
          .as("and OpenAI's takes none but the right one")
          .isEqualTo(404);
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 32760", "1, 1", "2, 1", "3, 1"})
  void vectors_have_the_norm_that_was_asked_for(int norm, double size) {
    try (Gateway gateway = gateway()) {
      JsonNode vector =
          Gateway.json(
                  gateway.post(
                      "/embeddings", "{\"input\":\"abc\",\"embd_normalize\":" + norm + "}"))
              .at("/0/embedding/0");
      double measure = 0;
      for (JsonNode value : vector) {
        double magnitude = Math.abs(value.doubleValue());
        measure = norm == 0 ? Math.max(measure, magnitude) : measure + Math.pow(magnitude, norm);
      }
      assertThat(norm == 0 ? measure : Math.pow(measure, 1.0 / norm))
          .isCloseTo(size, within(size * 1e-5));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|input|missing_required_parameter",
        "{\"content\":\"\"}|content|invalid_parameter",
        "{\"content\":[\"a\",\"long\"]}|content[1]|context_length_exceeded",
        "{\"input\":\"a\",\"embd_normalize\":-1}|embd_normalize|unsupported_parameter"
      })
  void what_is_wrong_is_named_there_too(String body, String param, String code) {
    try (Gateway gateway = gateway()) {
      HttpResponse<String> answer = gateway.post("/embedding", body);

      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
      assertThat(Gateway.json(answer).at("/error/param").stringValue()).isEqualTo(param);
      assertThat(Gateway.json(answer).at("/error/code").stringValue()).isEqualTo(code);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|input|missing_required_parameter",
        "{\"input\":\"\"}|input|invalid_parameter",
        "{\"input\":[]}|input|invalid_parameter",
        "{\"input\":[\"a\",\"\"]}|input[1]|invalid_parameter",
        "{\"input\":[\"a\",1]}|input[1]|invalid_parameter",
        "{\"input\":[\"a\",\"b\",\"long\"]}|input[2]|context_length_exceeded",
        "{\"input\":\"long\"}|input|context_length_exceeded",
        "{\"input\":\"a\",\"dimensions\":5}|dimensions|invalid_parameter",
        "{\"input\":\"a\",\"dimensions\":0}|dimensions|invalid_parameter",
        "{\"input\":\"a\",\"encoding_format\":\"hex\"}|encoding_format|invalid_parameter"
      })
  void what_is_wrong_is_named(String body, String param, String code) {
    try (Gateway gateway = gateway()) {
      HttpResponse<String> answer = gateway.post("/v1/embeddings", body);

      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(Gateway.json(answer).at("/error/param").stringValue()).isEqualTo(param);
      assertThat(Gateway.json(answer).at("/error/code").stringValue()).isEqualTo(code);
    }
  }

  @Test
  void more_inputs_than_openai_takes_are_refused() {
    try (Gateway gateway = gateway()) {
      String inputs = String.join(",", Collections.nCopies(2049, "\"a\""));

      assertThat(gateway.post("/v1/embeddings", "{\"input\":[" + inputs + "]}").statusCode())
          .isEqualTo(400);
    }
  }

  @Test
  void a_model_that_generates_makes_none() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      HttpResponse<String> answer = gateway.post("/v1/embeddings", "{\"input\":\"a\"}");

      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(Gateway.json(answer).at("/error/code").stringValue())
          .isEqualTo("not_an_embedding_model");
      assertThat(gateway.post("/v1/embeddings", "{\"input\":\"a\",\"model\":\"x\"}").statusCode())
          .isEqualTo(404);
    }
  }

  @Test
  void many_texts_come_back_whole_and_in_batches() {
    try (Gateway gateway = gateway()) {
      String inputs = String.join(",", Collections.nCopies(2048, "\"abc\""));

      assertThat(embed(gateway, "{\"input\":[" + inputs + "]}").path("data")).hasSize(2048);
      assertThat(gateway.worker().batches()).allMatch(batch -> batch.prompts().size() <= 16);
    }
  }

  @Test
  void one_text_does_not_wait_behind_two_thousand() throws Exception {
    try (Gateway gateway = gateway()) {
      TestWorker worker = gateway.worker();
      worker.pace(20);
      String inputs = String.join(",", Collections.nCopies(2048, "\"abc\""));
      CompletableFuture<HttpResponse<String>> many =
          gateway.postLater("/v1/embeddings", "{\"input\":[" + inputs + "]}");
      Await.until("the many are under way", () -> !worker.batches().isEmpty());

      embed(gateway, "{\"input\":\"one\"}");

      assertThat(many).isNotDone();
      assertThat(many.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_batch_whose_worker_is_gone_goes_to_another() {
    try (Gateway gateway = gateway()) {
      TestWorker other = gateway.worker("worker-2", MODEL, 4);
      gateway.worker().hangUp();

      embed(gateway, "{\"input\":\"abc\"}");

      assertThat(other.batches().stream().map(EmbedRequest::model)).containsExactly(MODEL);
    }
  }
}
