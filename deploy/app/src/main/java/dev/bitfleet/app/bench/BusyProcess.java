package dev.bitfleet.app.bench;

import java.io.IOException;

/** A neighbour that takes all it can get of one core. */
final class BusyProcess implements AutoCloseable {
  private final Process process;

  BusyProcess() throws BenchException {
    try {
      process = new ProcessBuilder("sh", "-c", "while :; do :; done").inheritIO().start();
    } catch (IOException e) {
      throw new BenchException("a busy process cannot be started: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
