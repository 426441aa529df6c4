package dev.bitfleet.app.bench;

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This very program, in a JVM of its own with the options that this one was started with. */
public final class ThisBitfleet implements Contestant {
  private static final String MAIN = "dev.bitfleet.app.Main";

  private final List<String> settings;

  /**
   * @param settings more arguments for {@code serve}
   */
  public ThisBitfleet(List<String> settings) {
    this.settings = List.copyOf(settings);
  }

  @Override
  public String name() {
    return "bitfleet";
  }

  @Override
  public List<String> command(Setup setup) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        // What writes a file or listens for a debugger is meant for this JVM alone.
        .filter(each -> !each.startsWith("-javaagent") && !each.startsWith("-agentlib"))
        .filter(each -> !each.startsWith("-XX:AOTCacheOutput"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-cp", System.getProperty("java.class.path"), MAIN, "serve", setup.model().toString()));
    command.addAll(
        List.of(
            "--port", Integer.toString(setup.port()),
            "--management-port", Integer.toString(setup.sidePort()),
            "--data-dir", setup.folder().resolve("data").toString(),
            "--workers", "1",
            "--threads", Integer.toString(setup.threads()),
            "--slots", Integer.toString(setup.slots()),
            "--ctx-size", Integer.toString(setup.context()),
            "--log-level", "warn"));
    command.addAll(settings);
    return command;
  }

  @Override
  public URI readiness(Setup setup) {
    return Contestant.loopback(setup.sidePort(), "/health/ready");
  }
}
