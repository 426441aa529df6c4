package dev.bitfleet.app.bench;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/** A server that can be started with a model: Bitfleet, or a peer's. */
public interface Contestant {

  /** What the report calls it. */
  String name();

  /** The command that starts it. */
  List<String> command(Setup setup);

  /** Where it answers 200 once it can complete. */
  URI readiness(Setup setup);

  /**
   * How it is to be started.
   *
   * @param model GGUF file
   * @param threads of the engine
   * @param slots sequences at once
   * @param context positions of each
   * @param port of the API on loopback
   * @param sidePort another free port
   * @param folder it may write to
   */
  record Setup(
      Path model, int threads, int slots, int context, int port, int sidePort, Path folder) {

    /** Where completions are asked for. */
    URI completions() {
      return loopback(port, "/completion");
    }
  }

  /** An address on this machine. */
  static URI loopback(int port, String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }
}
