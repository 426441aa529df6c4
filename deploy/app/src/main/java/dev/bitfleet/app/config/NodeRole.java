package dev.bitfleet.app.config;

/** What a node does. */
public enum NodeRole {
  /** Answers clients, and computes. */
  BOTH,
  /** Answers clients; others compute. */
  GATEWAY,
  /** Computes for the gateways of its cluster. */
  WORKER;

  /** Whether clients come to it. */
  public boolean answers() {
    return this != WORKER;
  }

  /** Whether it has engines. */
  public boolean computes() {
    return this != GATEWAY;
  }
}
