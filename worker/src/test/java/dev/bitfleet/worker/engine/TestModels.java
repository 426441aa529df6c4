package dev.bitfleet.worker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.worker.engine.builtin.BundledEngine;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;

/** Model files and the engine binary for tests, made once in target/. */
public final class TestModels {
  private static final Path FOLDER = Path.of("target", "test-models").toAbsolutePath();

  private TestModels() {}

  /** Where tests may unpack things. */
  public static Path dataDir() {
    return folder();
  }

  /** The engine this build carries. */
  public static Path engine() {
    try {
      return BundledEngine.extract(folder());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The demo model, which has a chat template and answers sensibly. */
  public static synchronized Path demo() {
    Path file = folder().resolve("bitfleet-demo.gguf");
    try (InputStream in =
        TestModels.class.getResourceAsStream("/dev/bitfleet/models/bitfleet-demo.gguf")) {
      assertThat(in).as("the demo model is a resource of this module").isNotNull();
      Path partial = Files.createTempFile(folder(), "demo", ".partial");
      Files.write(partial, in.readAllBytes());
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A model of random weights, made with those arguments of {@code random-model}. */
  public static synchronized Path random(String name, List<String> arguments) {
    Path file = folder().resolve(name + ".gguf");
    if (!Files.exists(file)) {
      Path partial = folder().resolve(name + ".partial");
      List<String> command =
          new ArrayList<>(
              List.of(engine().toString(), "random-model", "--out", partial.toString()));
      command.addAll(arguments);
      run(command);
      try {
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return file;
  }

  /** The smallest random model. */
  public static Path tiny() {
    return random("tiny", List.of("--shape", "tiny", "--seed", "1"));
  }

  /** A random model slow enough (some 100 tokens a second) to be interrupted in the middle. */
  public static Path slow() {
    return random(
        "slow",
        List.of(
            "--arch bitnet-b1.58 --layers 8 --embd 1024 --heads 8 --kv-heads 4 --ff 4096 --vocab 512 --type i2_s --seed 3"
                .split(" ")));
  }

  /** What that program writes to stdout; it must end well. */
  public static byte[] run(List<String> command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      byte[] output = process.getInputStream().readAllBytes();
      assertThat(process.waitFor()).as("exit status of %s", command).isZero();
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static Path folder() {
    try {
      return Files.createDirectories(FOLDER);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
