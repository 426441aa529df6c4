package dev.bitfleet.acceptance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A model of random weights that takes some milliseconds for a token: streams of it last long
 * enough to be disturbed. The demo answers too fast for that.
 */
final class SlowModel {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private SlowModel() {}

  /**
   * Writes one, with the engine that the jar carries.
   *
   * @param folder where the engine is unpacked and the file is put
   */
  static Path in(Path folder) throws Exception {
    Path file = folder.resolve("slow.gguf");
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
    Path engine;
    try (Stream<Path> unpackedFiles = Files.list(folder.resolve("data/engine"))) {
      engine = unpackedFiles.findFirst().orElseThrow();
    }
    Exit made =
        Exit.of(
            folder,
            Map.of(),
            LIMIT,
            List.of(
                engine.toString(),
                "random-model",
                "--out",
                file.toString(),
                "--shape",
                "tiny",
                "--layers",
                "12",
                "--embd",
                "1024",
                "--heads",
                "16",
                "--kv-heads",
                "4",
                "--ff",
                "4096",
                "--vocab",
                "2048",
                "--seed",
                "1"));
    if (made.status() != 0) {
      throw new AssertionError(made.out() + made.err());
    }
    return file;
  }
}
