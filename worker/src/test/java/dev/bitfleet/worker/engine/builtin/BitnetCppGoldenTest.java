package dev.bitfleet.worker.engine.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.EngineEvent;
import dev.bitfleet.proto.engine.v1.PromptSegment;
import dev.bitfleet.proto.engine.v1.Tokenize;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The built-in engine against figures of Microsoft's bitnet.cpp, kept as data: see the README
 * beside them for where they are from and how the tolerances were found.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BitnetCppGoldenTest {
  private static final String GOLDEN = "/golden/bitnet-cpp/";
  private static final String DEMO_MODEL = "/dev/bitfleet/models/bitfleet-demo.gguf";

  @TempDir static Path folder;
  private static Path engine = Path.of("");

  @BeforeAll
  static void extract_the_engine() throws IOException {
    engine = BundledEngine.extract(folder);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo",
        "random-b158-small",
        "random-b158-deep",
        "random-b158-wide",
        "random-bitnet-silu",
        "random-25-q6k-embedding",
        "random-llama-i2s",
        "random-llama-tq1",
        "random-llama-tq2"
      })
  void logits_and_best_tokens_are_those_of_bitnet_cpp(String name) throws Exception {
    JsonObject golden = golden("logits-" + name + ".json");
    Path model = model(golden);
    double tolerance = golden.getDouble("tolerance");
    int decided = 0;
    for (JsonObject sequence : objects(golden.getJsonArray("sequences"))) {
      List<Integer> tokens = new ArrayList<>(numbers(sequence.getJsonArray("prompt")));
      tokens.addAll(numbers(sequence.getJsonArray("greedy")));
      float[][] rows = logits(model, tokens);
      JsonArray best = sequence.getJsonArray("best");
      JsonArray gaps = sequence.getJsonArray("gap");
      for (int position = 0; position < rows.length; position++) {
        int expected = best.getInteger(position);
        assertThat((double) rows[position][expected])
            .as("logit of token %d at position %d", expected, position)
            .isCloseTo(sequence.getJsonArray("best_logit").getDouble(position), within(tolerance));
        if (gaps.getDouble(position) > tolerance) {
          decided++;
          assertThat(largest(rows[position])).as("best at %d", position).isEqualTo(expected);
        }
      }
      for (JsonObject top : objects(sequence.getJsonArray("top"))) {
        assertThatLogitsAgree(rows[top.getInteger("position")], top, tolerance);
      }
      for (JsonObject row : objects(sequence.getJsonArray("all", new JsonArray()))) {
        assertThatRowsAgree(
            rows[row.getInteger("position")],
            Base64.getDecoder().decode(row.getString("f32le")),
            tolerance,
            golden.getDouble("tolerance_rms"));
      }
    }
    assertThat(decided).as("positions where the best token is beyond doubt").isGreaterThan(20);
  }

  /** Without attention's noise the two agree some hundred times more closely. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "demo",
        "random-b158-small",
        "random-b158-deep",
        "random-b158-wide",
        "random-bitnet-silu",
        "random-25-q6k-embedding",
        "random-llama-i2s",
        "random-llama-tq1",
        "random-llama-tq2"
      })
  void logits_after_one_token_alone_agree_closely(String name) throws Exception {
    JsonObject golden = golden("logits-" + name + ".json");
    Path model = model(golden);
    for (JsonObject alone : objects(golden.getJsonArray("alone"))) {
      float[][] rows = logits(model, List.of(alone.getInteger("token")));
      assertThatLogitsAgree(rows[0], alone, golden.getDouble("tolerance_alone"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bpe", "spm", "demo"})
  void texts_become_the_tokens_of_bitnet_cpp(String name) throws Exception {
    JsonObject golden = golden("tokens-" + name + ".json");
    Path model =
        name.equals("demo")
            ? resource(DEMO_MODEL, "demo.gguf")
            : resource(GOLDEN + golden.getString("model"), golden.getString("model"));
    Process process =
        new ProcessBuilder(engine.toString(), "tokenizer", "--model", model.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (OutputStream commands = process.getOutputStream();
        InputStream events = process.getInputStream()) {
      List<JsonObject> cases = objects(golden.getJsonArray("cases"));
      assertThat(cases).hasSizeGreaterThan(300);
      for (int i = 0; i < cases.size(); i++) {
        String text = cases.get(i).getString("text");
        commands.write(EngineFrames.encode(tokenize(i + 1, text)));
        commands.flush();
        EngineEvent event = nextTokenized(events);
        assertThat(event.getTokenized().getRequestId()).isEqualTo(i + 1);
        assertThat(event.getTokenized().getIdsList())
            .as("tokens of %s", cases.get(i).encode())
            .isEqualTo(numbers(cases.get(i).getJsonArray("ids")));
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static EngineCommand tokenize(long request, String text) {
    return EngineCommand.newBuilder()
        .setTokenize(
            Tokenize.newBuilder()
                .setRequestId(request)
                .addPrompt(
                    PromptSegment.newBuilder()
                        .setText(ByteString.copyFrom(text, StandardCharsets.UTF_8))))
        .build();
  }

  private static EngineEvent nextTokenized(InputStream events) throws IOException {
    while (true) {
      EngineEvent event = EngineEvent.parseFrom(EngineFrames.read(events));
      if (event.hasTokenized()) {
        return event;
      }
      assertThat(event.hasLoadFailed()).as("load failed: %s", event).isFalse();
      assertThat(event.hasFault()).as("fault: %s", event).isFalse();
    }
  }

  private static void assertThatLogitsAgree(float[] row, JsonObject top, double tolerance) {
    List<Integer> ids = numbers(top.getJsonArray("ids"));
    for (int i = 0; i < ids.size(); i++) {
      assertThat((double) row[ids.get(i)])
          .as("logit of token %d in %s", ids.get(i), top.getValue("position", "a token alone"))
          .isCloseTo(top.getJsonArray("logits").getDouble(i), within(tolerance));
    }
  }

  private static void assertThatRowsAgree(
      float[] row, byte[] expected, double tolerance, double rootMeanSquare) {
    ByteBuffer theirs = ByteBuffer.wrap(expected).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(row).hasSize(expected.length / Float.BYTES);
    double squares = 0;
    for (float ours : row) {
      double difference = (double) ours - theirs.getFloat();
      assertThat(Math.abs(difference)).isLessThanOrEqualTo(tolerance);
      squares += difference * difference;
    }
    assertThat(Math.sqrt(squares / row.length)).isLessThanOrEqualTo(rootMeanSquare);
  }

  private static org.assertj.core.data.Offset<Double> within(double tolerance) {
    return org.assertj.core.data.Offset.offset(tolerance);
  }

  private static int largest(float[] row) {
    int best = 0;
    for (int i = 1; i < row.length; i++) {
      if (row[i] > row[best]) {
        best = i;
      }
    }
    return best;
  }

  /** Logits after each token: [tokens, vocabulary]. */
  private static float[][] logits(Path model, List<Integer> tokens) throws Exception {
    byte[] bytes =
        run(
            "logits",
            "--model",
            model.toString(),
            "--tokens",
            tokens.stream().map(String::valueOf).collect(Collectors.joining(",")));
    int vocabulary = bytes.length / Float.BYTES / tokens.size();
    float[][] rows = new float[tokens.size()][vocabulary];
    var values = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    for (float[] row : rows) {
      values.get(row);
    }
    return rows;
  }

  /** The model the figures are of: the demo model, or a random one made again from its flags. */
  private static Path model(JsonObject golden) throws Exception {
    String flags = golden.getJsonObject("model").getString("made_by");
    Path model;
    if (flags == null) {
      model = resource(DEMO_MODEL, "demo.gguf");
    } else {
      model = folder.resolve(golden.getString("model_sha256") + ".gguf");
      if (!Files.exists(model)) {
        List<String> command =
            new ArrayList<>(Arrays.asList(flags.replace("bitfleet-engine ", "").split(" ")));
        command.addAll(List.of("--out", model.toString()));
        run(command.toArray(String[]::new));
      }
    }
    assertThat(sha256(model))
        .as("the model these figures are of has changed: record them again")
        .isEqualTo(golden.getString("model_sha256"));
    return model;
  }

  private static byte[] run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(engine.toString()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try {
      process.getOutputStream().close();
      byte[] output = process.getInputStream().readAllBytes();
      assertThat(process.waitFor()).as("exit status of %s", arguments[0]).isZero();
      return output;
    } finally {
      process.destroyForcibly();
    }
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }

  private static JsonObject golden(String name) throws IOException {
    return new JsonObject(Files.readString(resource(GOLDEN + name, name)));
  }

  private static Path resource(String path, String name) throws IOException {
    Path file = folder.resolve(name);
    if (!Files.exists(file)) {
      try (InputStream in = BitnetCppGoldenTest.class.getResourceAsStream(path)) {
        assertThat(in).as("resource %s", path).isNotNull();
        Files.copy(in, file);
      }
    }
    return file;
  }

  private static List<Integer> numbers(JsonArray array) {
    return array.stream().map(value -> ((Number) value).intValue()).toList();
  }

  private static List<JsonObject> objects(JsonArray array) {
    return array.stream().map(JsonObject.class::cast).toList();
  }
}
