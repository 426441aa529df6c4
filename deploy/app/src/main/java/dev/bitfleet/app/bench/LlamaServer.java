package dev.bitfleet.app.bench;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * A {@code llama-server}: bitnet.cpp's, ik_llama.cpp's, llama.cpp's.
 *
 * @param name what the report calls it
 * @param program its executable
 */
public record LlamaServer(String name, Path program) implements Contestant {

  /** All its slots share one context, so it is told the sum. */
  @Override
  public List<String> command(Setup setup) {
    return List.of(
        program.toString(),
        "--model",
        setup.model().toString(),
        "--host",
        "127.0.0.1",
        "--port",
        Integer.toString(setup.port()),
        "--threads",
        Integer.toString(setup.threads()),
        "--parallel",
        Integer.toString(setup.slots()),
        "--ctx-size",
        Integer.toString(setup.slots() * setup.context()));
  }

  @Override
  public URI readiness(Setup setup) {
    return Contestant.loopback(setup.port(), "/health");
  }
}
