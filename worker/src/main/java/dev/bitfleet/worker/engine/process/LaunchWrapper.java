package dev.bitfleet.worker.engine.process;

import dev.bitfleet.worker.topology.CpuList;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the small tools of util-linux in front of an engine's command line. Each execs the next, so
 * the process keeps one pid from the first tool to the engine. A tool that is missing is left out,
 * and the log says what is lost with it.
 */
public final class LaunchWrapper {
  private static final Logger LOG = LoggerFactory.getLogger(LaunchWrapper.class);
  private static final List<Path> TOOL_FOLDERS =
      List.of(Path.of("/usr/bin"), Path.of("/bin"), Path.of("/usr/sbin"), Path.of("/sbin"));

  private final Function<String, Optional<Path>> tools;

  /** Finds the tools in the usual folders. */
  public LaunchWrapper() {
    this(LaunchWrapper::inUsualFolders);
  }

  /**
   * @param tools name of a tool → its file, when the machine has it
   */
  public LaunchWrapper(Function<String, Optional<Path>> tools) {
    this.tools = tools;
  }

  /**
   * The whole command line: dies with this JVM, leaves no core file, runs on those CPUs only.
   *
   * @param cpus CPUs to pin to; empty = all
   * @param bigStack whether the engine needs an unlimited stack
   */
  public List<String> wrap(List<String> engine, List<Integer> cpus, boolean bigStack) {
    List<String> command = new ArrayList<>();
    // A terminal sends Ctrl-C to its whole foreground group; only the JVM is to hear it, and drain.
    tool("setsid", "Ctrl-C in a terminal ends engines before their streams have ended")
        .ifPresent(command::add);
    tool("setpriv", "the engine may outlive a killed JVM")
        .ifPresent(setpriv -> command.addAll(List.of(setpriv, "--pdeathsig", "KILL", "--")));
    Optional<String> prlimit = tool("prlimit", "a crashing engine may leave a core file");
    prlimit.ifPresent(
        path -> {
          command.addAll(List.of(path, "--core=0"));
          if (bigStack) {
            // Soft limit up to the hard one, whichever that is: raising the hard one takes root.
            command.add("--stack=" + hardStackLimit() + ":");
          }
          command.add("--");
        });
    if (!cpus.isEmpty()) {
      tool("taskset", "the engine is not pinned to its cores")
          .ifPresent(taskset -> command.addAll(List.of(taskset, "-c", CpuList.format(cpus))));
    }
    command.addAll(engine);
    return command;
  }

  private static String hardStackLimit() {
    try {
      return Files.readString(Path.of("/proc/self/limits"))
          .lines()
          .filter(line -> line.startsWith("Max stack size"))
          .map(line -> line.substring("Max stack size".length()).strip().split("\\s+")[1])
          .findFirst()
          .orElse("unlimited");
    } catch (java.io.IOException e) {
      return "unlimited";
    }
  }

  private Optional<String> tool(String name, String loss) {
    Optional<String> path = tools.apply(name).map(Path::toString);
    if (path.isEmpty()) {
      LOG.warn("{} (util-linux) is not installed: {}", name, loss);
    }
    return path;
  }

  private static Optional<Path> inUsualFolders(String name) {
    return TOOL_FOLDERS.stream()
        .map(folder -> folder.resolve(name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
