package dev.bitfleet.app;

import dev.bitfleet.app.cli.BitfleetCommand;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** Entry point of the jar. */
public final class Main {
  private Main() {}

  /** Runs one command and exits with its {@link dev.bitfleet.app.cli.ExitCode}. */
  public static void main(String[] args) {
    var out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    var err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    System.exit(BitfleetCommand.run(args, out, err));
  }
}
