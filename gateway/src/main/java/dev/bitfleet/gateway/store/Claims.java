package dev.bitfleet.gateway.store;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one node has of the {@link LeaseTable}: takes rights, keeps them and gives them back, and
 * never waits for any. At most one claim at a time for one name. Thread-safe.
 */
final class Claims {
  private static final Logger log = LoggerFactory.getLogger(Claims.class);

  private final LeaseTable table;
  private final Map<String, String> held = new ConcurrentHashMap<>();
  private final AtomicLong count = new AtomicLong();

  Claims(LeaseTable table) {
    this.table = table;
  }

  /** A token that nobody has had, for one claim. */
  String token() {
    return table.member() + '/' + count.incrementAndGet();
  }

  /** Takes a right if it is free, or its holder's node has left. */
  boolean take(String name, String token) {
    Optional<String> holder = table.claim(name, token);
    if (holder.isPresent() && !table.has(member(holder.get()))) {
      // Not replaced, but freed and claimed like any other: what is replaced would have no end.
      table.free(name, holder.get());
      holder = table.claim(name, token);
    }
    if (holder.isPresent()) {
      return false;
    }
    held.put(name, token);
    return true;
  }

  private static String member(String token) {
    return token.substring(0, token.indexOf('/'));
  }

  /** Gives a right back; should that fail, it is kept no longer and runs out. */
  void giveBack(String name, String token) {
    held.remove(name);
    table.free(name, token);
  }

  /** Makes all that this node holds last longer; one that fails keeps no other from it. */
  void renew() {
    held.forEach(
        (name, token) -> {
          try {
            table.extend(name, token);
          } catch (HazelcastInstanceNotActiveException e) {
            throw e;
          } catch (RuntimeException e) {
            log.warn("a lease could not be renewed; it is tried again", e);
          }
        });
  }
}
