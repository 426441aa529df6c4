package dev.bitfleet.gateway.store;

import java.util.Optional;

/**
 * Who in the fleet has which right, as one node reaches it. A call that fails may have been carried
 * out all the same. Thread-safe.
 */
interface LeaseTable {
  /**
   * Gives a right to that token for {@link Leases#LIFE}, unless somebody has it.
   *
   * @return whose it is; empty when it is that token's from now on
   */
  Optional<String> claim(String name, String token);

  /** Frees a right, if that token has it. */
  void free(String name, String token);

  /** Makes a right last {@link Leases#LIFE} from now, if that token has it. */
  void extend(String name, String token);

  /** Whether anybody has it. */
  boolean taken(String name);

  /** This node's name in the fleet. */
  String member();

  /** Whether a node of that name is in the fleet. */
  boolean has(String member);
}
