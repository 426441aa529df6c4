package dev.bitfleet.app.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Carries messages between the fleet's members, as well as the weather lets it. */
final class Network {
  /** A part of the fleet that the rest does not reach. */
  private record Island(Set<String> members, long until) {
    boolean parts(String one, String other) {
      return members.contains(one) != members.contains(other);
    }
  }

  private static final long FASTEST = 100_000;

  private final VirtualTime time;
  private final SplittableRandom random;
  private final List<Island> islands = new ArrayList<>();
  private Weather weather;

  Network(VirtualTime time, SplittableRandom random, Weather weather) {
    this.time = time;
    this.random = random;
    this.weather = weather;
  }

  void become(Weather next) {
    weather = next;
    islands.clear();
  }

  /** Those reach nobody else, and nobody else them, for so long. */
  void cutOff(Set<String> members, long nanos) {
    islands.add(new Island(members, time.now() + nanos));
  }

  /** Sends something that may come never, late, twice, or after what is sent later. */
  void send(String from, String to, Runnable arrive) {
    send(from, to, 0, arrive);
  }

  /**
   * @param laterMillis that it may take longer than others do
   */
  void send(String from, String to, int laterMillis, Runnable arrive) {
    carry(from, to, laterMillis, arrive);
    if (weather.doubled() > 0 && random.nextDouble() < weather.doubled()) {
      carry(from, to, laterMillis, arrive);
    }
  }

  private void carry(String from, String to, int laterMillis, Runnable arrive) {
    if (weather.lost() > 0 && random.nextDouble() < weather.lost()) {
      return;
    }
    long delay = FASTEST;
    if (weather.slowestMillis() > 1) {
      delay += random.nextLong(weather.slowestMillis() * VirtualTime.MILLI);
    }
    if (laterMillis > 0) {
      delay += random.nextLong(laterMillis * VirtualTime.MILLI);
    }
    time.in(
        delay,
        () -> {
          if (!parted(from, to)) {
            arrive.run();
          }
        });
  }

  private boolean parted(String from, String to) {
    if (islands.isEmpty()) {
      return false;
    }
    islands.removeIf(island -> island.until() <= time.now());
    return islands.stream().anyMatch(island -> island.parts(from, to));
  }
}
