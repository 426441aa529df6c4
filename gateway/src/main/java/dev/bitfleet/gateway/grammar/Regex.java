package dev.bitfleet.gateway.grammar;

import java.util.List;

/** A regular expression as a tree. */
sealed interface Regex {
  Regex EMPTY = new Sequence(List.of());

  /** One character of the set. */
  record One(CodePoints set) implements Regex {}

  /** One after the other. */
  record Sequence(List<Regex> items) implements Regex {}

  /** Any one of them. */
  record Either(List<Regex> items) implements Regex {}

  /**
   * Again and again.
   *
   * @param max -1: no end
   */
  record Repeated(Regex item, int min, int max) implements Regex {}

  /** {@code ^}: only where the text begins. */
  record Begin() implements Regex {}

  /** {@code $}: only where the text ends. */
  record End() implements Regex {}

  /** Whether it holds {@code ^} or {@code $}. */
  default boolean isAnchored() {
    return switch (this) {
      case One one -> false;
      case Sequence sequence -> sequence.items().stream().anyMatch(Regex::isAnchored);
      case Either either -> either.items().stream().anyMatch(Regex::isAnchored);
      case Repeated repeated -> repeated.item().isAnchored();
      case Begin begin -> true;
      case End end -> true;
    };
  }

  /** Whether the empty text may match. */
  default boolean isNullable() {
    return switch (this) {
      case One one -> false;
      case Sequence sequence -> sequence.items().stream().allMatch(Regex::isNullable);
      case Either either -> either.items().stream().anyMatch(Regex::isNullable);
      case Repeated repeated -> repeated.min() == 0 || repeated.item().isNullable();
      case Begin begin -> true;
      case End end -> true;
    };
  }
}
