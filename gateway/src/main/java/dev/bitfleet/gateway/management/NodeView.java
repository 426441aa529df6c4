package dev.bitfleet.gateway.management;

/**
 * A node of the fleet, for {@code /nodes}.
 *
 * @param role both, gateway or worker
 * @param address where other nodes reach it; empty when it serves alone
 * @param version of its build; empty where it is not known
 * @param self whether it is this one
 */
public record NodeView(String id, String role, String address, String version, boolean self) {
  /** Whether it can have workers. */
  public boolean computes() {
    return !role.equals("gateway");
  }

  /** A node that serves alone. */
  public static NodeView alone(String id) {
    return new NodeView(id, "both", "", "", true);
  }
}
