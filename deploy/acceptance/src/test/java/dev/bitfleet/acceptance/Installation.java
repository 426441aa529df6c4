package dev.bitfleet.acceptance;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What is under test, and how it is started. */
final class Installation {
  /** Those of the launcher, which LauncherIT compares. */
  static final List<String> JVM_FLAGS =
      List.of(
          "-XX:+UseSerialGC",
          "-Xms32m",
          "-Xmx1g",
          "-XX:MaxDirectMemorySize=256m",
          "-XX:-UsePerfData",
          "-XX:+ExitOnOutOfMemoryError",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  private Installation() {}

  /** Root of the clone. */
  static Path repository() {
    return Path.of(System.getProperty("bitfleet.repository", ".")).toAbsolutePath().normalize();
  }

  /** The shaded jar. */
  static Path jar() {
    Path jar =
        Path.of(
            System.getProperty(
                "bitfleet.jar", repository().resolve("deploy/app/target/bitfleet.jar").toString()));
    if (!Files.isRegularFile(jar)) {
      throw new IllegalStateException("no jar at " + jar + ": package deploy/app first");
    }
    return jar;
  }

  /** The command line that runs the jar with those arguments, as the launcher would. */
  static List<String> command(List<String> arguments) {
    return Command.of(arguments);
  }

  /** Waits for a cache of classes only where something is started. */
  private static final class Command {
    private static final List<String> BEGINNING = beginning();

    private static List<String> beginning() {
      var jvm =
          new ArrayList<>(
              List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
      jvm.addAll(JVM_FLAGS);
      jvm.addAll(AotCache.flags(jar(), List.copyOf(jvm)));
      jvm.addAll(List.of("-jar", jar().toString()));
      return List.copyOf(jvm);
    }

    static List<String> of(List<String> arguments) {
      var command = new ArrayList<>(BEGINNING);
      command.addAll(arguments);
      return command;
    }
  }
}
