package dev.bitfleet.worker.engine.builtin;

import dev.bitfleet.worker.engine.KernelSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** The kernel sets that an engine's program has and this machine can run, as that program says. */
public final class RunnableKernels {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final String LINE = "runnable:";

  private RunnableKernels() {}

  /**
   * Runs {@code bitfleet-engine cpu}. Blocks.
   *
   * @return never {@link KernelSet#AUTO}
   * @throws IOException when the program cannot be run or does not say
   */
  public static Set<KernelSet> of(Path binary) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(binary.toString(), "cpu")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      process.getOutputStream().close();
      if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
        throw new IOException(binary + " cpu does not say which kernels this machine can run");
      }
      // A few short lines: they fit into the pipe of a process that has ended.
      return parse(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
    }
  }

  private static Set<KernelSet> parse(String output) throws IOException {
    String line =
        output
            .lines()
            .filter(each -> each.startsWith(LINE))
            .findFirst()
            .orElseThrow(() -> new IOException("the engine says no kernels: " + output));
    List<String> names = List.of(line.substring(LINE.length()).strip().split(" ", -1));
    var sets = EnumSet.noneOf(KernelSet.class);
    for (KernelSet set : KernelSet.values()) {
      if (names.contains(set.wireName())) {
        sets.add(set);
      }
    }
    return sets;
  }

  /** Names for a sentence: {@code scalar, avx2 and avx512vnni}. */
  public static String names(Set<KernelSet> sets) {
    var names = new ArrayList<>(sets.stream().map(KernelSet::wireName).toList());
    if (names.size() < 2) {
      return String.join("", names);
    }
    String last = names.removeLast();
    return names.stream().collect(Collectors.joining(", ", "", " and " + last));
  }
}
