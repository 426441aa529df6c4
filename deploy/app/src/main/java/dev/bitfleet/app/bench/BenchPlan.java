package dev.bitfleet.app.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What is to be measured.
 *
 * @param model a GGUF file that every contestant reads
 * @param threads engine threads, each number a pass of its own; never empty. The figures that take
 *     no list of threads come from the last one
 * @param streams how many completions at once, ascending; never empty
 * @param prompt tokens of the long prompt
 * @param generate tokens of each timed completion
 * @param rounds how often all of it is done; figures are medians of the rounds
 * @param besideBusy whether to decode once more beside a process that takes a core for itself
 * @param folder where logs and the contestants' data go
 */
public record BenchPlan(
    Path model,
    List<Integer> threads,
    List<Integer> streams,
    int prompt,
    int generate,
    int rounds,
    boolean besideBusy,
    Path folder) {
  /** A prompt that is over before it counts: decoding is measured behind it. */
  static final int SHORT_PROMPT = 16;

  /** Tokens the second turn adds to the first one's prompt. */
  static final int SECOND_TURN = 32;

  /** How much of a context beyond what is asked for a chat template or an end token may take. */
  private static final int SPARE = 16;

  public BenchPlan {
    threads = List.copyOf(threads);
    streams = streams.stream().sorted().distinct().toList();
  }

  /** Sequences the servers must hold at once. */
  int slots() {
    return streams.getLast();
  }

  /** Positions each of them must hold: a thousand as a rule, since memory is measured too. */
  int context() {
    int needed =
        Stream.of(prompt + SECOND_TURN, SHORT_PROMPT + generate)
                .mapToInt(Integer::intValue)
                .max()
                .orElseThrow()
            + SPARE;
    return Math.max(1024, needed);
  }
}
