package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An embedding model of random weights, served beside the demo. */
class EmbeddingsIT {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int SIZE = 256;

  @RegisterExtension
  static final Served SERVED =
      Served.after(
          folder -> RandomModel.embedding(folder, folder.resolve("data/models/embed.gguf"), "last"),
          "bitfleet-demo",
          "embed");

  private static JsonNode embed(String input, String more) throws Exception {
    return Served.ok(
        SERVED
            .chat()
            .post("/v1/embeddings", "{\"model\":\"embed\",\"input\":" + input + more + "}"));
  }

  private static List<Float> floats(JsonNode vector) {
    List<Float> floats = new ArrayList<>();
    vector.forEach(value -> floats.add(value.floatValue()));
    return floats;
  }

  private static double length(List<Float> vector) {
    return Math.sqrt(vector.stream().mapToDouble(value -> (double) value * value).sum());
  }

  @Test
  void a_batch_has_the_vectors_that_its_texts_have_alone() throws Exception {
    JsonNode batch = embed("[\"Hello\",\"Grüße, 世界\",\"a longer text than the others\"]", "");
    assertThat(batch.path("model").asString()).isEqualTo("embed");
    assertThat(batch.at("/usage/prompt_tokens").intValue())
        .isPositive()
        .isEqualTo(batch.at("/usage/total_tokens").intValue());

    List<List<Float>> vectors = new ArrayList<>();
    for (JsonNode each : batch.path("data")) {
      vectors.add(floats(each.path("embedding")));
    }
    assertThat(vectors).hasSize(3).doesNotHaveDuplicates();
    for (List<Float> vector : vectors) {
      assertThat(vector).hasSize(SIZE);
      assertThat(length(vector)).isCloseTo(1, within(1e-5));
    }
    assertThat(floats(embed("\"Grüße, 世界\"", "").at("/data/0/embedding")))
        .isEqualTo(vectors.get(1));
  }

  @Test
  void tokens_are_the_text_they_come_from() throws Exception {
    JsonNode tokens =
        Served.ok(
                SERVED
                    .chat()
                    .post(
                        "/tokenize",
                        "{\"model\":\"embed\",\"content\":\"Hello there\",\"add_special\":true}"))
            .path("tokens");
    List<Float> ofText = floats(embed("\"Hello there\"", "").at("/data/0/embedding"));

    assertThat(floats(embed(tokens.toString(), "").at("/data/0/embedding"))).isEqualTo(ofText);
    JsonNode several = embed("[" + tokens + ",[1,2,3]]", "");
    assertThat(several.path("data")).hasSize(2);
    assertThat(floats(several.at("/data/0/embedding"))).isEqualTo(ofText);
  }

  @Test
  void base64_has_the_same_floats_and_fewer_dimensions_the_first_ones() throws Exception {
    List<Float> floats = floats(embed("\"Hello\"", "").at("/data/0/embedding"));
    ByteBuffer bytes =
        ByteBuffer.wrap(
                Base64.getDecoder()
                    .decode(
                        embed("\"Hello\"", ",\"encoding_format\":\"base64\"")
                            .at("/data/0/embedding")
                            .asString()))
            .order(ByteOrder.LITTLE_ENDIAN);
    List<Float> decoded = new ArrayList<>();
    while (bytes.hasRemaining()) {
      decoded.add(bytes.getFloat());
    }
    assertThat(decoded).isEqualTo(floats);

    List<Float> shorter = floats(embed("\"Hello\"", ",\"dimensions\":64").at("/data/0/embedding"));
    assertThat(shorter).hasSize(64);
    assertThat(length(shorter)).isCloseTo(1, within(1e-5));
    double ratio = shorter.get(0) / (double) floats.get(0);
    assertThat(ratio).isGreaterThan(1);
    for (int i = 0; i < 64; i++) {
      assertThat((double) shorter.get(i)).isCloseTo(ratio * floats.get(i), within(1e-5));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"\" | input | invalid_parameter",
        "[] | input | invalid_parameter",
        "[\"a\",\"\"] | input[1] | invalid_parameter",
        "[99999] | input | invalid_parameter",
        "\"a\",\"dimensions\":257 | dimensions | invalid_parameter",
        "\"a\",\"dimensions\":0 | dimensions | invalid_parameter",
      })
  void what_is_wrong_is_named(String input, String param, String code) throws Exception {
    HttpResponse<String> refused =
        SERVED.chat().post("/v1/embeddings", "{\"model\":\"embed\",\"input\":" + input + "}");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    JsonNode error = JSON.readTree(refused.body()).path("error");
    assertThat(error.path("param").asString()).isEqualTo(param);
    assertThat(error.path("code").asString()).isEqualTo(code);
  }

  @Test
  void a_text_that_is_too_long_is_named_among_those_that_are_not() throws Exception {
    String tooLong = String.join(" ", Collections.nCopies(2000, "word"));
    HttpResponse<String> refused =
        SERVED
            .chat()
            .post(
                "/v1/embeddings",
                "{\"model\":\"embed\",\"input\":[\"short\",\"" + tooLong + "\"]}");
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(400);
    JsonNode error = JSON.readTree(refused.body()).path("error");
    assertThat(error.path("code").asString()).isEqualTo("context_length_exceeded");
    assertThat(error.path("param").asString()).isEqualTo("input[1]");
    assertThat(error.path("message").asString()).contains("512");
  }

  @Test
  void models_are_told_apart_and_found_without_a_name() throws Exception {
    assertThat(
            Served.ok(SERVED.chat().post("/v1/embeddings", "{\"input\":\"a\"}"))
                .path("model")
                .asString())
        .isEqualTo("embed");
    assertThat(SERVED.chat().ask("What is the capital of France?")).contains("Paris");
    HttpResponse<String> generating =
        SERVED.chat().post("/v1/embeddings", "{\"model\":\"bitfleet-demo\",\"input\":\"a\"}");
    assertThat(generating.statusCode()).isEqualTo(400);
    assertThat(generating.body()).contains("not_an_embedding_model");
    assertThat(
            SERVED
                .chat()
                .post("/v1/embeddings", "{\"model\":\"ada\",\"input\":\"a\"}")
                .statusCode())
        .isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource({"/embedding", "/embeddings"})
  void curl_gets_the_same_vectors_from_llama_servers_routes(String path) throws Exception {
    JsonNode ours = embed("[\"one\",\"two\"]", "");
    Exit curl =
        Exit.of(
            SERVED.folder(),
            Map.of(),
            Duration.ofSeconds(20),
            List.of(
                "curl",
                "-sS",
                "--fail-with-body",
                SERVED.bitfleet().api() + path,
                "-H",
                "content-type: application/json",
                "-d",
                "{\"content\":[\"one\",\"two\"]}"));
    assertThat(curl.status()).as(curl.out() + curl.err()).isZero();
    JsonNode answer = JSON.readTree(curl.out());
    assertThat(answer).hasSize(2);
    for (int i = 0; i < 2; i++) {
      assertThat(floats(answer.at("/" + i + "/embedding/0")))
          .isEqualTo(floats(ours.at("/data/" + i + "/embedding")));
    }
  }

  @Test
  void a_file_that_names_no_pooling_embeds_as_the_setting_says(@TempDir Path own) throws Exception {
    Path file = RandomModel.embedding(own, own.resolve("plain.gguf"), "none");
    List<List<Float>> vectors = new ArrayList<>();
    for (String pooling : List.of("mean", "last")) {
      try (var served = BitfleetProcess.start(own, file.toString(), "--pooling", pooling)) {
        vectors.add(
            floats(
                Served.ok(new Chat(served).post("/v1/embeddings", "{\"input\":\"Hello there\"}"))
                    .at("/data/0/embedding")));
      }
    }
    assertThat(vectors.get(0)).hasSize(SIZE).isNotEqualTo(vectors.get(1));
    assertThat(vectors.get(1))
        .as("the weights are those of the model whose file says 'last'")
        .isEqualTo(floats(embed("\"Hello there\"", "").at("/data/0/embedding")));
  }
}
