package dev.bitfleet.proto;

/** What a member of a cluster says of the node it is of. */
public final class NodeAttributes {
  /** Its name. */
  public static final String NODE = "bitfleet.node";

  /** What it does: both, gateway or worker. */
  public static final String ROLE = "bitfleet.role";

  /** The build it runs. */
  public static final String VERSION = "bitfleet.version";

  private NodeAttributes() {}
}
