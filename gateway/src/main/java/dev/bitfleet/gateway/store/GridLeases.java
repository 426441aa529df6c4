package dev.bitfleet.gateway.store;

import com.hazelcast.map.IMap;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The table of leases in the fleet's maps. */
final class GridLeases implements LeaseTable {
  private final Grid grid;
  private final IMap<String, String> leases;

  GridLeases(Grid grid) {
    this.grid = grid;
    this.leases = grid.leases();
  }

  @Override
  public Optional<String> claim(String name, String token) {
    return Optional.ofNullable(
        leases.putIfAbsent(name, token, Leases.LIFE.toMillis(), TimeUnit.MILLISECONDS));
  }

  @Override
  public void free(String name, String token) {
    leases.remove(name, token);
  }

  @Override
  public void extend(String name, String token) {
    if (token.equals(leases.get(name))) {
      leases.setTtl(name, Leases.LIFE.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public boolean taken(String name) {
    return leases.containsKey(name);
  }

  @Override
  public String member() {
    return grid.member();
  }

  @Override
  public boolean has(String member) {
    return grid.has(member);
  }
}
