package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.keys.KeyRing;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Who is let in.
 *
 * @param hosts names a request may call this server by: exact ones, {@code loopback} (localhost and
 *     the loopback addresses) or {@code *}. A page that had its own name resolve to this machine
 *     would come under that name.
 * @param origins origins a browser page may call from, see {@link Cors}
 * @param keys the keys in force; empty when the server asks for none
 */
public record AccessRules(
    List<String> hosts, List<String> origins, Optional<Supplier<KeyRing>> keys) {
  public AccessRules {
    hosts = List.copyOf(hosts);
    origins = List.copyOf(origins);
  }
}
