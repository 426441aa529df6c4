package dev.bitfleet.gateway.routing;

import java.util.List;

/** What the fleet has to offer for a model now. */
public sealed interface ModelSupply {

  /**
   * Ready workers serve it.
   *
   * @param model its id; when the request named none, the one that was picked
   * @param slots slots of its ready workers, less those that others keep busy
   */
  record Serving(String model, int slots) implements ModelSupply {}

  /** None is ready, but one may soon be: it starts, restarts, or has not been heard of yet. */
  record Awaited(boolean everServed) implements ModelSupply {}

  /**
   * Nobody is ready, but there are workers that were stopped because nobody used them, or that are
   * starting again.
   *
   * @param asleep ids of those that have to be woken
   */
  record Idle(List<String> asleep) implements ModelSupply {
    public Idle {
      asleep = List.copyOf(asleep);
    }
  }

  /** The fleet is known, and nobody serves or prepares that model. */
  record Unknown() implements ModelSupply {}

  /** Only workers that have given up are left. */
  record Lost() implements ModelSupply {}
}
