package dev.bitfleet.acceptance;

/** Nodes as their clients find them, while something is done to them. */
interface Fleet {

  /** The node as it runs at the moment, or last did. */
  BitfleetProcess node(int number);

  /** The side of a split on which a node is; empty while the fleet is whole. */
  String side(int number);

  /** Whether nodes may not have yet what is in their journals. */
  boolean loading();
}
