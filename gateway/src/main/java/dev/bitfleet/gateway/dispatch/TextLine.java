package dev.bitfleet.gateway.dispatch;

import java.util.ArrayDeque;
import java.util.Queue;

/**
 * The line before the tokenizers. They are shared with streams that open, so only a few questions
 * are put at once, in the order they came; and whoever waits holds a text in memory, so that not
 * many may. Event loop only.
 */
final class TextLine {
  private final int mostQuestions;
  private final long mostBytes;
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private int questions;
  private long bytes;
  private int put;
  private boolean putting;

  /**
   * @param mostQuestions that may wait or be put; further ones are sent away
   * @param mostBytes that their texts may have together
   */
  TextLine(int mostQuestions, long mostBytes) {
    this.mostQuestions = mostQuestions;
    this.mostBytes = mostBytes;
  }

  /** Takes one in, or not. Who is in must {@link #leave}. */
  boolean enter(long textBytes) {
    if (questions >= mostQuestions || bytes + textBytes > mostBytes) {
      return false;
    }
    questions++;
    bytes += textBytes;
    return true;
  }

  /** One who was let in has its answer. */
  void leave(long textBytes) {
    questions--;
    bytes -= textBytes;
  }

  /**
   * Puts a question when it is its turn, perhaps at once.
   *
   * @param atOnce how many may be put at a time
   */
  void await(Runnable question, int atOnce) {
    waiting.add(question);
    next(atOnce);
  }

  /** A question that was put has been answered, or nobody waits for the answer. */
  void answered(int atOnce) {
    put--;
    next(atOnce);
  }

  private void next(int atOnce) {
    if (putting) {
      // A question that ends at once brings us here; the loop below goes on with the next one.
      return;
    }
    putting = true;
    try {
      while (put < atOnce && !waiting.isEmpty()) {
        put++;
        waiting.remove().run();
      }
    } finally {
      putting = false;
    }
  }
}
