package dev.bitfleet.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A conversation's next turn comes to another gateway and finds the turn before computed. As many
 * clients as one worker has slots, so that every worker always has one free.
 */
@Tag("alone")
class NextTurnsIT {
  private static final int SLOTS = 4;

  @TempDir static Path folder;
  private static Nodes nodes;
  private static List<BitfleetProcess> gateways;

  @BeforeAll
  static void two_nodes() throws Exception {
    nodes = new Nodes(folder, 2);
    String[] small = {"--threads", "1", "--slots", Integer.toString(SLOTS)};
    gateways = List.of(nodes.start(0, "serve", small), nodes.start(1, "serve", small));
    nodes.awaitWorkers(gateways, 2);
  }

  @AfterAll
  static void end() {
    nodes.close();
  }

  @Test
  void a_turn_at_another_gateway_finds_the_one_before() throws Exception {
    // A worker's word that it has the turn may come some tens of milliseconds after the answer.
    var plan = new NextTurns.Plan(20, 3, SLOTS, 30, Duration.ofMillis(300));

    List<NextTurns.Turn> turns = new NextTurns(gateways, plan).run(1);

    assertThat(turns).hasSize(40);
    assertThat(turns.stream().filter(NextTurns.Turn::hit).count())
        .as("of %s", turns)
        .isGreaterThanOrEqualTo(38);
  }
}
