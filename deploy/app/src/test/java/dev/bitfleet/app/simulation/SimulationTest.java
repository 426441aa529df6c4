package dev.bitfleet.app.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Many histories of small fleets, each a function of its seed. {@code
 * -Dbitfleet.simulation.seeds=100000} runs more of them, {@code -Dbitfleet.simulation.seed=N} one
 * of them with its trace.
 */
class SimulationTest {
  private static final int SEEDS = Integer.getInteger("bitfleet.simulation.seeds", 2000);
  private static final Optional<Long> ONE =
      Optional.ofNullable(Long.getLong("bitfleet.simulation.seed"));

  /** Within which a planted bug has to show. */
  private static final int SEEDS_FOR_A_FLAW = 200;

  private static Level before = Level.INFO;

  /** Dying engines are news in a fleet, and nothing here but. */
  @BeforeAll
  static void be_quiet() {
    Logger logger = (Logger) LoggerFactory.getLogger("dev.bitfleet");
    before = logger.getLevel();
    logger.setLevel(Level.OFF);
  }

  @AfterAll
  static void speak_again() {
    ((Logger) LoggerFactory.getLogger("dev.bitfleet")).setLevel(before);
  }

  private static Optional<String> violation(long seed, Optional<Flaw> flaw) {
    try {
      new World(seed, flaw, false).run();
      return Optional.empty();
    } catch (Violation violation) {
      return Optional.of(String.valueOf(violation.getMessage()));
    }
  }

  /** The same history again, this time with notes. */
  private static List<String> replay(long seed) {
    World world = new World(seed, Optional.empty(), true);
    try {
      world.run();
    } catch (Violation expected) {
      // Its trace is what is wanted.
    }
    return world.trace();
  }

  @Test
  void whatever_happens_streams_are_whole_and_nothing_is_held_in_the_end() {
    if (ONE.isPresent()) {
      replay(ONE.get()).forEach(System.out::println);
    }
    long first = ONE.orElse(1L);
    long last = ONE.orElse((long) SEEDS);
    int well = 0;
    int failed = 0;
    int left = 0;
    long began = System.nanoTime();
    for (long seed = first; seed <= last; seed++) {
      World world = new World(seed, Optional.empty(), false);
      try {
        World.Ends ends = world.run();
        well += ends.well();
        failed += ends.failed();
        left += ends.left();
      } catch (Violation violation) {
        fail(
            "seed %d (-Dbitfleet.simulation.seed=%d): %s%nin a world of %s%n%s",
            seed, seed, violation.getMessage(), world, String.join("\n", replay(seed)));
      }
    }
    System.out.printf(
        "%d histories in %d ms: %d requests ended well, %d failed, %d clients left%n",
        last - first + 1, (System.nanoTime() - began) / 1_000_000, well, failed, left);
    assertThat(ONE.isPresent() || well > failed + left).as("most requests are served").isTrue();
  }

  @Test
  void the_same_seed_is_the_same_history() {
    for (long seed = 1; seed <= 20; seed++) {
      assertThat(replay(seed)).as("seed %d", seed).isEqualTo(replay(seed)).isNotEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(Flaw.class)
  void a_planted_bug_is_found(Flaw flaw) {
    for (long seed = 1; seed <= SEEDS_FOR_A_FLAW; seed++) {
      Optional<String> found = violation(seed, Optional.of(flaw));
      if (found.isPresent()) {
        System.out.printf("%s: seed %d: %s%n", flaw, seed, found.get());
        return;
      }
    }
    fail("%s is not found in %d histories", flaw, SEEDS_FOR_A_FLAW);
  }
}
