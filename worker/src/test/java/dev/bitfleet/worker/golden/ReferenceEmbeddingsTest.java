package dev.bitfleet.worker.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.TestModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Against the float64 reference of worker/models/reference; limits are those of its README. */
class ReferenceEmbeddingsTest {
  private static final Path FOLDER = GoldenFiles.FOLDER.resolve("embeddings");
  private static final double STEADY_LIMIT = 2e-5;
  private static final double LEAST_COSINE = 0.999;

  static List<JsonNode> models() {
    List<JsonNode> models = new ArrayList<>();
    GoldenFiles.json(FOLDER.resolve("index.json")).path("models").forEach(models::add);
    return models;
  }

  @ParameterizedTest
  @MethodSource("models")
  void the_engine_embeds_as_the_reference_does(JsonNode model) throws Exception {
    List<String> arguments = new ArrayList<>();
    model.path("arguments").forEach(argument -> arguments.add(argument.asString()));
    Path file = TestModels.random("embedding-" + model.path("name").asString(), arguments);
    assertThat(GoldenFiles.sha256(file))
        .as("the figures hold for this very file")
        .isEqualTo(model.path("sha256").asString());

    for (JsonNode text : model.path("texts")) {
      String tokens =
          GoldenFiles.integers(text.path("tokens")).stream()
              .map(String::valueOf)
              .collect(Collectors.joining(","));
      float[] ours = embedding(file, tokens, 64);
      JsonNode golden = text.path("values");

      assertThat(ours).hasSize(golden.size());
      double cosine = 0;
      double worst = 0;
      for (int i = 0; i < ours.length; i++) {
        cosine += ours[i] * golden.get(i).asDouble();
        worst = Math.max(worst, Math.abs(ours[i] - golden.get(i).asDouble()));
      }
      assertThat(cosine).as(tokens).isBetween(LEAST_COSINE, 1.00001);
      if (text.path("steady").asInt() == 1) {
        assertThat(worst).as(tokens).isLessThan(STEADY_LIMIT);
      }
      assertThat(embedding(file, tokens, 3)).as("in other chunks").isEqualTo(ours);
    }
  }

  private static float[] embedding(Path model, String tokens, int chunk) {
    return GoldenFiles.floats(
        TestModels.run(
            List.of(
                TestModels.engine().toString(),
                "embed",
                "--model",
                model.toString(),
                "--tokens",
                tokens,
                "--batch",
                Integer.toString(chunk))));
  }
}
