package dev.bitfleet.gateway.admission;

import dev.bitfleet.proto.Priority;

/** The slots of one model that are given out, and whose turn it has long been. */
final class Given {
  /** So many of the others go before one of the background that waits. */
  static final int MOST_PASSED = 7;

  private int interactive;
  private int background;

  /** Others that were given a slot since the background last was, while it waited. */
  private int passed;

  void give(Priority priority, boolean backgroundWaits) {
    switch (priority) {
      case INTERACTIVE -> {
        interactive++;
        passed = backgroundWaits ? passed + 1 : 0;
      }
      case BACKGROUND -> {
        background++;
        passed = 0;
      }
    }
  }

  void takeBack(Priority priority) {
    switch (priority) {
      case INTERACTIVE -> interactive--;
      case BACKGROUND -> background--;
    }
  }

  int all() {
    return interactive + background;
  }

  /** Whether the background may hold one more of so many slots: it leaves one to the others. */
  boolean backgroundMay(int slots) {
    return background < Math.max(1, slots - 1);
  }

  boolean backgroundIsDue() {
    return passed >= MOST_PASSED;
  }
}
