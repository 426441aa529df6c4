package dev.bitfleet.app.bench;

import dev.bitfleet.worker.engine.builtin.BundledEngine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The engine's own tools: models of random weights, and what this machine can do at most. */
public final class EngineProgram {
  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final String SEED = "1";

  private final Path binary;
  private final Path folder;

  private EngineProgram(Path binary, Path folder) {
    this.binary = binary;
    this.folder = folder;
  }

  /** Unpacks it. The folder is made, and gets models and logs too. */
  public static EngineProgram in(Path dataDir) throws IOException {
    Path folder = Files.createDirectories(dataDir.resolve("bench"));
    return new EngineProgram(BundledEngine.extract(dataDir), folder);
  }

  /** Where models and logs are. */
  public Path folder() {
    return folder;
  }

  /**
   * A model of that shape with random weights; made once, used from then on.
   *
   * @param shape as the engine's {@code random-model} names it
   */
  public Path randomModel(String shape) throws BenchException, InterruptedException {
    Path file = folder.resolve("random-" + shape + ".gguf");
    if (Files.isRegularFile(file)) {
      return file;
    }
    Path partial = folder.resolve("random-" + shape + ".gguf.partial");
    try {
      run("random-model", "--shape", shape, "--seed", SEED, "--out", partial.toString());
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      return file;
    } catch (IOException e) {
      throw new BenchException(
          "the model cannot be written to " + folder + ": " + e.getMessage(), e);
    } finally {
      deleteQuietly(partial);
    }
  }

  /**
   * What this machine can do with some threads.
   *
   * @param threads how many were tried together
   * @param readBytesPerSecond from memory, in order
   * @param int8OpsPerSecond multiplications and additions of bytes, by the unit that those kernels
   *     use
   * @param unit that unit's name
   */
  public record Limits(
      int threads, double readBytesPerSecond, double int8OpsPerSecond, String unit) {}

  /**
   * Measures them; takes some seconds of all that those threads can do.
   *
   * @param kernels whose unit is measured; as the setting {@code kernel} names them
   */
  public Limits limits(int threads, String kernels) throws BenchException, InterruptedException {
    String output =
        run("bench-limits", "--threads", Integer.toString(threads), "--kernel", kernels);
    try {
      JsonNode told = JsonMapper.shared().readTree(output);
      return new Limits(
          threads,
          told.required("read_bytes_s").asDouble(),
          told.required("int8_ops_s").asDouble(),
          told.required("int8_unit").asString());
    } catch (JacksonException e) {
      throw new BenchException("the engine told no limits: " + output, e);
    }
  }

  private String run(String... arguments) throws BenchException, InterruptedException {
    var command = new ArrayList<String>(List.of(binary.toString()));
    command.addAll(List.of(arguments));
    Path output = folder.resolve(arguments[0] + ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      process.getOutputStream().close();
      try {
        if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new BenchException(arguments[0] + " did not end");
        }
      } finally {
        process.destroyForcibly();
      }
      String text = Files.readString(output, StandardCharsets.UTF_8).strip();
      if (process.exitValue() != 0) {
        throw new BenchException(text.isEmpty() ? arguments[0] + " failed" : text);
      }
      return text;
    } catch (IOException e) {
      throw new BenchException(arguments[0] + " cannot be run: " + e.getMessage(), e);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      file.toFile().deleteOnExit();
    }
  }

  /** The shapes {@link #randomModel} knows, with what they are. */
  public static final Map<String, String> SHAPES =
      Map.of(
          "2b4t", "BitNet b1.58 2B-4T",
          "large", "BitNet b1.58 large (0.7B)",
          "llama8b", "Llama3-8B-1.58",
          "tiny", "two small layers, for trying this out");
}
