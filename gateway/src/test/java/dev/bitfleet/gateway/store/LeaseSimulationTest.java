package dev.bitfleet.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/**
 * Rights of a small fleet over a virtual clock: nodes take, keep and give back, stand still, die
 * and come back, and their calls fail before or after they were carried out. Each history is a
 * function of its seed; {@code -Dbitfleet.leases.seed=N} is one of them with its trace.
 */
class LeaseSimulationTest {
  private static final int SEEDS = Integer.getInteger("bitfleet.leases.seeds", 2000);
  private static final Optional<Long> ONE =
      Optional.ofNullable(Long.getLong("bitfleet.leases.seed"));
  private static final int SEEDS_FOR_A_FLAW = 200;

  private static final long LIFE = Leases.LIFE.toMillis();
  private static final long STORM = 4 * LIFE;
  private static final List<String> NAMES = List.of("turn:a", "turn:b");

  /** Bugs that can be planted, each of which must be found. */
  enum Flaw {
    RIGHTS_DO_NOT_RUN_OUT,
    WHAT_WAS_ANOTHERS_DOES_NOT_RUN_OUT,
    NOBODY_RENEWS,
    NOBODY_GIVES_BACK,
    THE_LIVING_ARE_TAKEN_FROM,
    ANYBODY_FREES_ANYTHING
  }

  private static final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1;

    Violation(String what) {
      super(what);
    }
  }

  private static Level before = Level.INFO;

  @BeforeAll
  static void be_quiet() {
    Logger logger = (Logger) LoggerFactory.getLogger(Claims.class);
    before = logger.getEffectiveLevel();
    logger.setLevel(Level.OFF);
  }

  @AfterAll
  static void speak_again() {
    ((Logger) LoggerFactory.getLogger(Claims.class)).setLevel(before);
  }

  private record Event(long at, long order, Runnable what) implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(at, other.at);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  /** One history. Times are milliseconds. */
  private static final class World {
    private final SplittableRandom random;
    private final Optional<Flaw> flaw;
    private final boolean traced;
    private final List<String> trace = new ArrayList<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Map<String, Right> rights = new HashMap<>();

    /** Those that were last freed by another than their holder. */
    private final Set<String> freed = new HashSet<>();

    private final List<Node> nodes = new ArrayList<>();
    private final double failures;
    private int born;
    private int taken;
    private boolean stormy = true;
    private long now;
    private long order;

    private record Right(String token, long until) {}

    World(long seed, Optional<Flaw> flaw, boolean traced) {
      this.random = new SplittableRandom(seed);
      this.flaw = flaw;
      this.traced = traced;
      this.failures = random.nextInt(2) == 0 ? 0 : random.nextDouble(0.2);
    }

    boolean has(Flaw which) {
      return flaw.isPresent() && flaw.get() == which;
    }

    void in(long millis, Runnable what) {
      events.add(new Event(now + millis, order++, what));
    }

    void trace(String what) {
      if (traced) {
        trace.add("%8d ms  %s".formatted(now, what));
      }
    }

    void violated(String what) {
      trace("VIOLATED " + what);
      throw new Violation(what);
    }

    /**
     * Lets it all happen.
     *
     * @return how often a right was taken
     */
    int run() {
      for (int i = 0; i < 3; i++) {
        bear(random.nextInt(2000));
      }
      boolean deadly = random.nextBoolean();
      for (int i = 0; i < 6; i++) {
        in(random.nextLong(STORM), deadly ? this::kill : this::stop);
      }
      until(STORM);
      stormy = false;
      trace("fair weather");
      // Nobody takes anything on; what is held is given back, or runs out.
      until(STORM + 3 * LIFE);
      for (String name : NAMES) {
        if (right(name) != null) {
          violated(name + " is still taken by " + rights.get(name));
        }
      }
      return taken;
    }

    private void until(long end) {
      while (!events.isEmpty() && events.peek().at() <= end) {
        Event next = events.remove();
        now = next.at();
        next.what().run();
      }
      now = end;
    }

    private void bear(long afterMillis) {
      Node node = new Node(this, "n" + born++);
      nodes.add(node);
      in(afterMillis, node::start);
    }

    private void kill() {
      Node node = nodes.get(random.nextInt(nodes.size()));
      if (node.dead) {
        return;
      }
      trace(node.id + " dies");
      node.dead = true;
      // The fleet notices a while later; a node that comes back has another name.
      in(random.nextLong(1500), () -> node.gone = true);
      bear(random.nextLong(5000));
    }

    /** As a machine that sleeps: nothing of it happens meanwhile, and all of it after. */
    private void stop() {
      Node node = nodes.get(random.nextInt(nodes.size()));
      node.stillUntil = now + random.nextLong(2 * LIFE);
      trace(node.id + " stands still until " + node.stillUntil);
    }

    @Nullable Right right(String name) {
      Right right = rights.get(name);
      if (right != null && right.until() <= now && !has(Flaw.RIGHTS_DO_NOT_RUN_OUT)) {
        rights.remove(name);
        return null;
      }
      return right;
    }

    void took(Node taker, String name) {
      taken++;
      trace(taker.id + " has " + name);
      for (Node other : nodes) {
        Long assured = other.assured.get(name);
        // One that never stood still, and whose calls never fail, has renewed it all the time.
        boolean healthy = other.stillUntil == 0 && failures == 0;
        if (other != taker && !other.dead && assured != null && (healthy || now - assured < LIFE)) {
          violated(name + " goes to " + taker.id + " while " + other.id + " has it and renews it");
        }
      }
      taker.assured.put(name, now);
    }
  }

  /** A node of the fleet with the real claims, and its way to the table. */
  private static final class Node implements LeaseTable {
    private final World world;
    private final String id;
    private final Claims claims;
    private boolean dead;
    private boolean gone;
    private long stillUntil;

    /** When it last was sure to have a right, of those it has. */
    private final Map<String, Long> assured = new HashMap<>();

    Node(World world, String id) {
      this.world = world;
      this.id = id;
      this.claims = new Claims(this);
    }

    void start() {
      if (!world.has(Flaw.NOBODY_RENEWS)) {
        in(LIFE / 3, this::renew);
      }
      for (String name : NAMES) {
        in(world.random.nextLong(LIFE), () -> want(name));
      }
    }

    private void in(long millis, Runnable what) {
      world.in(millis, () -> go(what));
    }

    private void go(Runnable what) {
      if (dead) {
        return;
      }
      if (world.now < stillUntil) {
        world.in(stillUntil - world.now, () -> go(what));
        return;
      }
      try {
        what.run();
      } catch (IllegalStateException failed) {
        world.trace(id + ": " + failed.getMessage());
      }
    }

    private void renew() {
      in(LIFE / 3, this::renew);
      claims.renew();
    }

    private void want(String name) {
      if (world.stormy) {
        in(world.random.nextLong(LIFE), () -> want(name));
        poll(name, claims.token(), world.now + LIFE);
      }
    }

    private void poll(String name, String token, long deadline) {
      if (assured.containsKey(name) || world.now > deadline || !world.stormy) {
        return;
      }
      if (claims.take(name, token)) {
        world.took(this, name);
        in(world.random.nextLong(2 * LIFE), () -> giveBack(name, token));
      } else {
        in(10 * Leases.POLL_MILLIS, () -> poll(name, token, deadline));
      }
    }

    private void giveBack(String name, String token) {
      world.trace(id + " gives " + name + " back");
      assured.remove(name);
      if (!world.has(Flaw.NOBODY_GIVES_BACK)) {
        claims.giveBack(name, token);
      }
    }

    /** A call: it fails before it is carried out, or after, or not at all. */
    private void call(Runnable what) {
      boolean fails = world.stormy && world.random.nextDouble() < world.failures;
      if (fails && world.random.nextBoolean()) {
        throw new IllegalStateException("a call fails and is not carried out");
      }
      what.run();
      if (fails) {
        throw new IllegalStateException("a call fails that is carried out");
      }
    }

    @Override
    public Optional<String> claim(String name, String token) {
      World.@Nullable Right there = world.right(name);
      boolean another = world.freed.remove(name);
      call(
          () -> {
            if (there == null) {
              boolean endless = another && world.has(Flaw.WHAT_WAS_ANOTHERS_DOES_NOT_RUN_OUT);
              world.rights.put(
                  name, new World.Right(token, endless ? Long.MAX_VALUE : world.now + LIFE));
            }
          });
      return Optional.ofNullable(there).map(World.Right::token);
    }

    @Override
    public void free(String name, String token) {
      call(
          () -> {
            World.@Nullable Right there = world.right(name);
            boolean anothers = !token.startsWith(id + "/");
            if (there != null
                && (there.token().equals(token) || world.has(Flaw.ANYBODY_FREES_ANYTHING))) {
              world.rights.remove(name);
              if (anothers) {
                world.freed.add(name);
              }
            }
          });
    }

    @Override
    public void extend(String name, String token) {
      call(
          () -> {
            World.@Nullable Right there = world.right(name);
            if (there != null && there.token().equals(token)) {
              world.rights.put(name, new World.Right(token, world.now + LIFE));
              assured.put(name, world.now);
            }
          });
    }

    @Override
    public boolean taken(String name) {
      return world.right(name) != null;
    }

    @Override
    public String member() {
      return id;
    }

    @Override
    public boolean has(String member) {
      return !world.has(Flaw.THE_LIVING_ARE_TAKEN_FROM)
          && world.nodes.stream().anyMatch(each -> each.id.equals(member) && !each.gone);
    }
  }

  private static List<String> replay(long seed) {
    World world = new World(seed, Optional.empty(), true);
    try {
      world.run();
    } catch (Violation expected) {
      // Its trace is what is wanted.
    }
    return world.trace;
  }

  @Test
  void nobody_is_robbed_of_what_it_renews_and_everything_comes_free() {
    if (ONE.isPresent()) {
      replay(ONE.get()).forEach(System.out::println);
    }
    long taken = 0;
    for (long seed = ONE.orElse(1L); seed <= ONE.orElse((long) SEEDS); seed++) {
      try {
        taken += new World(seed, Optional.empty(), false).run();
      } catch (Violation violation) {
        fail(
            "seed %d (-Dbitfleet.leases.seed=%d): %s%n%s",
            seed, seed, violation.getMessage(), String.join("\n", replay(seed)));
      }
    }
    assertThat(taken).as("rights taken").isPositive();
  }

  @ParameterizedTest
  @EnumSource(Flaw.class)
  void a_planted_bug_is_found(Flaw flaw) {
    for (long seed = 1; seed <= SEEDS_FOR_A_FLAW; seed++) {
      try {
        new World(seed, Optional.of(flaw), false).run();
      } catch (Violation found) {
        System.out.printf("%s: seed %d: %s%n", flaw, seed, found.getMessage());
        return;
      }
    }
    fail("%s is not found in %d histories", flaw, SEEDS_FOR_A_FLAW);
  }
}
