package dev.bitfleet.acceptance;

import java.nio.file.Path;

/**
 * A model of random weights that takes some milliseconds for a token: streams of it last long
 * enough to be disturbed. The demo answers too fast for that.
 */
final class SlowModel {
  private SlowModel() {}

  /**
   * Writes one.
   *
   * @param folder where the engine is unpacked and the file is put
   */
  static Path in(Path folder) throws Exception {
    return in(folder, 4096);
  }

  /**
   * The same.
   *
   * @param context tokens a sequence may hold
   */
  static Path in(Path folder, int context) throws Exception {
    return RandomModel.write(
        folder,
        folder.resolve("slow.gguf"),
        "--context",
        String.valueOf(context),
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
        "1");
  }
}
