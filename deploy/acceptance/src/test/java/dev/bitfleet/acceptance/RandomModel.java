package dev.bitfleet.acceptance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Models of random weights, written by the engine that the jar carries. */
final class RandomModel {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private RandomModel() {}

  /**
   * Writes one.
   *
   * @param folder where the engine is unpacked
   * @param file GGUF; its folder is made
   * @param flags of the engine's {@code random-model}
   */
  static Path write(Path folder, Path file, String... flags) throws Exception {
    return made(folder, "random-model", file, flags);
  }

  /** A LoRA adapter for that model. */
  static Path adapter(Path folder, Path model, Path file) throws Exception {
    return made(folder, "random-adapter", file, "--model", model.toString());
  }

  private static Path made(Path folder, String what, Path file, String... flags) throws Exception {
    Files.createDirectories(file.toAbsolutePath().getParent());
    var command =
        new ArrayList<String>(List.of(engine(folder).toString(), what, "--out", file.toString()));
    command.addAll(List.of(flags));
    Exit made = Exit.of(folder, Map.of(), LIMIT, command);
    if (made.status() != 0) {
      throw new AssertionError(made.out() + made.err());
    }
    return file;
  }

  /**
   * An embedding model of 256 numbers and 512 tokens, in an architecture that real ones have.
   *
   * @param pooling as its file names it; {@code none} leaves that out
   */
  static Path embedding(Path folder, Path file, String pooling) throws Exception {
    return write(
        folder,
        file,
        "--arch",
        "qwen3",
        "--layers",
        "2",
        "--embd",
        "256",
        "--heads",
        "4",
        "--kv-heads",
        "2",
        "--ff",
        "512",
        "--vocab",
        "1024",
        "--context",
        "512",
        "--pooling",
        pooling,
        "--seed",
        "7");
  }

  private static Path engine(Path folder) throws Exception {
    Exit unpacked =
        Exit.ofBitfleet(
            folder,
            "doctor",
            "--port",
            "0",
            "--management-port",
            "0",
            "--data-dir",
            folder.resolve("data").toString());
    if (unpacked.status() != 0) {
      throw new AssertionError(unpacked.out() + unpacked.err());
    }
    try (Stream<Path> unpackedFiles = Files.list(folder.resolve("data/engine"))) {
      return unpackedFiles.findFirst().orElseThrow();
    }
  }
}
