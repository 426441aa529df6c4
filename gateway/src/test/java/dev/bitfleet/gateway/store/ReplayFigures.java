package dev.bitfleet.gateway.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.hazelcast.config.Config;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.bitfleet.proto.store.v1.Conversation;
import dev.bitfleet.proto.store.v1.Item;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Prints how many rows of a journal a second come into a fleet's maps: two members in this process,
 * over loopback. Run with the test class path; the one argument is how many conversations of four
 * turns.
 */
public final class ReplayFigures {
  private static final int TURNS = 4;
  private static final byte[] ITEM = "x".repeat(300).getBytes(UTF_8);

  private ReplayFigures() {}

  /** How many conversations. */
  public static void main(String[] args) throws Exception {
    int conversations = Integer.parseInt(args[0]);
    String name = "figures-" + UUID.randomUUID();
    HazelcastInstance there = member(name, List.of());
    HazelcastInstance comes =
        member(name, List.of(there.getCluster().getLocalMember().getAddress().toString()));
    try {
      while (comes.getCluster().getMembers().size() < 2
          || !comes.getPartitionService().isClusterSafe()) {
        Thread.sleep(100);
      }
      Grid grid = Grid.on(Membership.of(comes, "figures", Duration.ZERO));
      replay(0, 200).into(grid, 0);
      for (String maps : List.of("empty", "whole")) {
        measure("start, maps " + maps, conversations, replay -> replay.into(grid, 0));
      }
      measure("again, maps whole", conversations, replay -> replay.again(grid, 0));
    } finally {
      comes.getLifecycleService().terminate();
      there.getLifecycleService().terminate();
    }
  }

  private static void measure(String what, int conversations, Consumer<Replay> into)
      throws Exception {
    Replay replay = replay(1, conversations);
    long began = System.nanoTime();
    into.accept(replay);
    double seconds = (System.nanoTime() - began) / 1e9;
    int rows = conversations * (TURNS + 1);
    System.out.printf(
        Locale.ROOT, "%s: %d rows in %.2f s, %.0f a second%n", what, rows, seconds, rows / seconds);
  }

  private static Replay replay(int round, int conversations) throws JournalException {
    Replay replay = new Replay();
    byte[] conversation =
        new Filed(
                "ada", 1, 1, Long.MAX_VALUE, false, Conversation.newBuilder().build().toByteArray())
            .toBytes();
    for (int i = 0; i < conversations; i++) {
      String id = "conv_" + round + "_" + i;
      replay.row(Shelf.CONVERSATIONS, id, 0, 1, conversation);
      for (int turn = 0; turn < TURNS; turn++) {
        Item item =
            Item.newBuilder().setId("msg_" + turn).setJson(ByteString.copyFrom(ITEM)).build();
        byte[] place = Places.of("turn_" + turn, 1, List.of(item)).toByteArray();
        replay.row(Shelf.PLACES, id, turn, 1, place);
      }
    }
    return replay;
  }

  private static HazelcastInstance member(String name, List<String> others) {
    Config config = new Config();
    Grid.configure(config);
    config.setClusterName(name);
    config.getNetworkConfig().getInterfaces().setEnabled(true).addInterface("127.0.0.1");
    var join = config.getNetworkConfig().getJoin();
    join.getMulticastConfig().setEnabled(false);
    join.getAutoDetectionConfig().setEnabled(false);
    join.getTcpIpConfig()
        .setEnabled(true)
        .setMembers(
            others.stream().map(each -> each.replaceAll(".*\\[(.*)\\](:\\d+).*", "$1$2")).toList());
    return Hazelcast.newHazelcastInstance(config);
  }
}
