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

/** Adapters beside the weights, against the float64 reference that merges them. */
class ReferenceAdaptersTest {
  private static final Path FOLDER = GoldenFiles.FOLDER.resolve("adapters");
  private static final double LIMIT = 2e-5;

  static List<JsonNode> cases() {
    List<JsonNode> cases = new ArrayList<>();
    GoldenFiles.json(FOLDER.resolve("index.json")).path("cases").forEach(cases::add);
    return cases;
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(text -> texts.add(text.asString()));
    return texts;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void an_adapter_beside_the_weights_computes_what_a_merged_one_does(JsonNode golden)
      throws Exception {
    String name = golden.path("name").asString();
    Path model = TestModels.random("adapted-" + name, texts(golden.path("arguments")));
    Path adapter = model.resolveSibling("adapter-" + name + ".gguf");
    List<String> command =
        new ArrayList<>(
            List.of(
                TestModels.engine().toString(),
                "random-adapter",
                "--model",
                model.toString(),
                "--out",
                adapter.toString()));
    command.addAll(texts(golden.path("adapter")));
    TestModels.run(command);
    assertThat(GoldenFiles.sha256(model)).isEqualTo(golden.path("sha256").asString());
    assertThat(GoldenFiles.sha256(adapter)).isEqualTo(golden.path("adapter_sha256").asString());

    float[] ours =
        GoldenFiles.floats(
            TestModels.run(
                List.of(
                    TestModels.engine().toString(),
                    "logits",
                    "--model",
                    model.toString(),
                    "--lora",
                    adapter + ":" + golden.path("strength").asDouble(),
                    "--tokens",
                    GoldenFiles.integers(golden.path("tokens")).stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(",")))));
    int vocabulary = golden.path("n_vocab").asInt();
    for (JsonNode row : golden.path("rows")) {
      int from = row.path("position").asInt() * vocabulary;
      double mean = 0;
      double difference = 0;
      double squares = 0;
      for (int id = 0; id < vocabulary; id++) {
        double want = row.path("logits").get(id).asDouble();
        mean += want / vocabulary;
        squares += want * want / vocabulary;
        difference += Math.pow(ours[from + id] - want, 2) / vocabulary;
      }
      assertThat(Math.sqrt(difference) / Math.sqrt(squares - mean * mean))
          .as("position %s", row.path("position"))
          .isLessThan(LIMIT);
    }
    assertThat(golden.path("rows").size()).isPositive();
  }
}
