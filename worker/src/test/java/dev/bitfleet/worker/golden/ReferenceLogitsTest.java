package dev.bitfleet.worker.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.TestModels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Against the float64 reference of worker/models/reference; limits are those of its README. */
class ReferenceLogitsTest {
  private static final Path FOLDER = GoldenFiles.FOLDER.resolve("logits");
  private static final double STEADY_LIMIT = 2e-5;
  private static final double ANY_LIMIT = 0.1;
  private static final double GAP_OF_DEVIATIONS = 0.25;

  static List<JsonNode> models() {
    List<JsonNode> models = new ArrayList<>();
    GoldenFiles.json(FOLDER.resolve("index.json")).path("models").forEach(models::add);
    return models;
  }

  private static Path file(JsonNode model) {
    if (model.has("resource")) {
      return TestModels.demo();
    }
    List<String> arguments = new ArrayList<>();
    model.path("arguments").forEach(argument -> arguments.add(argument.asString()));
    return TestModels.random("reference-" + model.path("name").asString(), arguments);
  }

  @ParameterizedTest
  @MethodSource("models")
  void the_engine_computes_what_the_reference_does(JsonNode model) throws Exception {
    check(model, STEADY_LIMIT);
  }

  /** No row is steady then: rounding keys and values moves every one, as a rounding tie does. */
  @ParameterizedTest
  @MethodSource("models")
  void a_cache_of_bytes_moves_no_row_further_than_a_rounding_tie_may(JsonNode model)
      throws Exception {
    check(model, ANY_LIMIT, "--kv-quant", "int8");
  }

  private static void check(JsonNode model, double steadyLimit, String... options)
      throws Exception {
    Path file = file(model);
    assertThat(GoldenFiles.sha256(file))
        .as("the figures hold for this very file")
        .isEqualTo(model.path("sha256").asString());
    int vocabulary = model.path("n_vocab").asInt();
    float[] golden = GoldenFiles.floats(FOLDER.resolve(model.path("file").asString()));
    int compared = 0;
    for (JsonNode sequence : model.path("sequences")) {
      float[][] ours =
          GoldenFiles.engineLogits(
              file, GoldenFiles.integers(sequence.path("tokens")), vocabulary, options);
      List<Integer> positions = GoldenFiles.integers(sequence.path("positions"));
      for (int row = 0; row < positions.size(); row++) {
        float[] our = ours[positions.get(row)];
        int from = sequence.path("offset").asInt() + row * vocabulary;
        double off = rms(our, golden, from) / deviation(golden, from, vocabulary);
        String where = sequence.path("name").asString() + " at position " + positions.get(row);

        assertThat(off)
            .as(where)
            .isLessThanOrEqualTo(
                sequence.path("steady").get(row).asInt() == 1 ? steadyLimit : ANY_LIMIT);
        if (sequence.path("gap").get(row).asDouble()
            > GAP_OF_DEVIATIONS * deviation(golden, from, vocabulary)) {
          assertThat(GoldenFiles.best(our))
              .as(where)
              .isEqualTo(sequence.path("argmax").get(row).asInt());
        }
        compared++;
      }
    }
    assertThat(compared).isPositive();
  }

  private static double rms(float[] ours, float[] golden, int from) {
    double sum = 0;
    for (int id = 0; id < ours.length; id++) {
      double d = ours[id] - golden[from + id];
      sum += d * d;
    }
    return Math.sqrt(sum / ours.length);
  }

  private static double deviation(float[] golden, int from, int vocabulary) {
    double mean = 0;
    for (int id = 0; id < vocabulary; id++) {
      mean += golden[from + id] / vocabulary;
    }
    double sum = 0;
    for (int id = 0; id < vocabulary; id++) {
      double d = golden[from + id] - mean;
      sum += d * d;
    }
    return Math.sqrt(sum / vocabulary);
  }
}
