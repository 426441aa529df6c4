package dev.bitfleet.worker.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.TestModels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reading golden figures and asking the engine for its own. */
final class GoldenFiles {
  static final Path FOLDER = Path.of("src/test/resources/golden");
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private GoldenFiles() {}

  static JsonNode json(Path file) {
    return JSON.readTree(file.toFile());
  }

  static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }

  static List<Integer> integers(JsonNode array) {
    List<Integer> values = new ArrayList<>(array.size());
    array.forEach(value -> values.add(value.asInt()));
    return values;
  }

  static float[] floats(byte[] littleEndian) {
    float[] values = new float[littleEndian.length / Float.BYTES];
    ByteBuffer.wrap(littleEndian).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  static float[] floats(Path file) throws IOException {
    return floats(Files.readAllBytes(file));
  }

  /** Logits of every position, [tokens][vocabulary]. */
  static float[][] engineLogits(
      Path model, List<Integer> tokens, int vocabulary, String... options) {
    List<String> command =
        new ArrayList<>(
            List.of(
                TestModels.engine().toString(),
                "logits",
                "--model",
                model.toString(),
                "--tokens",
                tokens.stream().map(String::valueOf).collect(Collectors.joining(","))));
    command.addAll(List.of(options));
    float[] all = floats(TestModels.run(command));
    assertThat(all).hasSize(tokens.size() * vocabulary);
    float[][] rows = new float[tokens.size()][vocabulary];
    for (int row = 0; row < rows.length; row++) {
      System.arraycopy(all, row * vocabulary, rows[row], 0, vocabulary);
    }
    return rows;
  }

  static int best(float[] row) {
    int best = 0;
    for (int id = 1; id < row.length; id++) {
      best = row[id] > row[best] ? id : best;
    }
    return best;
  }
}
