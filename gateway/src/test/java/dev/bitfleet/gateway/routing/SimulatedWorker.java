package dev.bitfleet.gateway.routing;

import dev.bitfleet.proto.ModelDescription;
import dev.bitfleet.proto.PrefixSummary;
import dev.bitfleet.proto.PromptChain;
import dev.bitfleet.proto.ProtocolVersion;
import dev.bitfleet.proto.WorkerHeartbeat;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A worker of a simulation: slots, and a KV cache that forgets what was used longest ago. Times are
 * virtual.
 */
final class SimulatedWorker {
  private static final ModelDescription MODEL =
      new ModelDescription("m", "", "f", 4096, 0, 0, 0, 0, true, 0, "", "", List.of(), 0);

  final String id;
  final int slots;
  final int room;
  int open;
  int served;
  boolean beatDue;
  private long number;

  /** Units of text behind each link that is cached; the oldest first. */
  private final LinkedHashMap<Long, Integer> cache = new LinkedHashMap<>(16, 0.75f, true);

  private int used;

  SimulatedWorker(String id, int slots, int room) {
    this.id = id;
    this.slots = slots;
    this.room = room;
  }

  static WorkerView view(String id, String node, int slots, int open, PromptChain... held) {
    List<Long> links = new ArrayList<>();
    for (PromptChain chain : held) {
      for (int i = 0; i < chain.size(); i++) {
        links.add(chain.link(i));
      }
    }
    return new WorkerView(heartbeat(id, node, 1, slots, open, PrefixSummary.of(links)), 0, open, 0);
  }

  private static WorkerHeartbeat heartbeat(
      String id, String node, long number, int slots, int open, PrefixSummary held) {
    return new WorkerHeartbeat(
        id,
        node,
        number,
        ProtocolVersion.FLEET,
        WorkerHeartbeat.State.READY,
        Optional.of(MODEL),
        slots,
        open,
        "builtin",
        "",
        "",
        0,
        List.of(),
        0,
        "",
        held);
  }

  WorkerHeartbeat heartbeat() {
    return heartbeat(id, id, ++number, slots, open, PrefixSummary.of(cache.keySet()));
  }

  /** Whether it has the whole of that but for what comes after the link. */
  boolean holds(long link) {
    return cache.containsKey(link);
  }

  /**
   * Takes a prompt if there is a slot.
   *
   * @return UTF-16 units that had to be computed; -1 = busy
   */
  int open(PromptChain prompt) {
    if (open == slots) {
      return -1;
    }
    open++;
    served++;
    int held = 0;
    var deepest = prompt.deepest(cache::containsKey);
    if (deepest.isPresent()) {
      held = prompt.end(deepest.getAsInt());
    }
    for (int i = prompt.size() - 1; i >= 0; i--) {
      int from = i == 0 ? 0 : prompt.end(i - 1);
      if (cache.get(prompt.link(i)) == null) {
        cache.put(prompt.link(i), prompt.end(i) - from);
        used += prompt.end(i) - from;
      }
    }
    Iterator<Map.Entry<Long, Integer>> oldest = cache.entrySet().iterator();
    while (used > room && oldest.hasNext()) {
      used -= oldest.next().getValue();
      oldest.remove();
    }
    return prompt.length() - held;
  }

  void close() {
    open--;
  }
}
