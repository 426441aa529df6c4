package dev.bitfleet.worker.model;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What {@link UserTextMask} asks of a vocabulary's control tokens, worked out once per model: the
 * questions are asked for every character of every message.
 */
final class ControlBeginnings {
  private final Set<Character> units = new TreeSet<>();
  private final Set<Character> punctuation = new HashSet<>();
  private final Stretches words;
  private final Stretches ends;

  ControlBeginnings(Collection<String> controls) {
    List<Stretch> beginWordLike = new ArrayList<>();
    List<Stretch> afterTheFirst = new ArrayList<>();
    for (String control : controls) {
      control.chars().forEach(unit -> units.add((char) unit));
      if (wordLike(control.charAt(0))) {
        beginWordLike.add(new Stretch(control, 0));
      } else {
        punctuation.add(control.charAt(0));
      }
      for (int from = 1; from < control.length(); from++) {
        afterTheFirst.add(new Stretch(control, from));
      }
    }
    this.words = new Stretches(beginWordLike);
    this.ends = new Stretches(afterTheFirst);
  }

  /** Every code unit that occurs in a control token, in order. */
  Set<Character> units() {
    return units;
  }

  /** Whether a control token begins with that unit, and the unit is punctuation. */
  boolean beginsPunctuated(char unit) {
    return punctuation.contains(unit);
  }

  /** Whether a word-like control token begins there, or the rest of the text begins one. */
  boolean beginsWord(String text, int at) {
    return words.meet(text, at);
  }

  /** Whether the text begins with an end of a control token, or is within one. */
  boolean continues(String text) {
    return ends.meet(text, 0);
  }

  private static boolean wordLike(char unit) {
    return Character.isLetterOrDigit(unit) || Character.isWhitespace(unit);
  }

  /** A control token from one of its units on; not a string of its own, to save the copies. */
  private record Stretch(String control, int from) implements Comparable<Stretch> {
    @Override
    public int compareTo(Stretch other) {
      int shared = shared(other.control, other.from);
      if (shared == length() || shared == other.length()) {
        return Integer.compare(length(), other.length());
      }
      return Character.compare(
          control.charAt(from + shared), other.control.charAt(other.from + shared));
    }

    int length() {
      return control.length() - from;
    }

    /** How many units this and the text from there have in common. */
    int shared(String text, int at) {
      int most = Math.min(length(), text.length() - at);
      int shared = 0;
      while (shared < most && control.charAt(from + shared) == text.charAt(at + shared)) {
        shared++;
      }
      return shared;
    }
  }

  /**
   * Stretches none of which begins another, in order. Leaving out those that another begins changes
   * no answer: a text that meets the longer one meets the shorter too. And then only two neighbours
   * of a text can meet it.
   */
  private static final class Stretches {
    private final List<Stretch> sorted = new ArrayList<>();

    Stretches(List<Stretch> all) {
      for (Stretch next : all.stream().sorted().toList()) {
        if (sorted.isEmpty()
            || sorted.getLast().shared(next.control, next.from) < sorted.getLast().length()) {
          sorted.add(next);
        }
      }
    }

    /** Whether one of these begins the text from there, or the text from there begins one. */
    boolean meet(String text, int at) {
      int low = 0;
      int high = sorted.size();
      while (low < high) {
        int middle = (low + high) >>> 1;
        Stretch stretch = sorted.get(middle);
        int shared = stretch.shared(text, at);
        if (shared == stretch.length() || shared == text.length() - at) {
          return true;
        }
        if (stretch.control.charAt(stretch.from + shared) < text.charAt(at + shared)) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return false;
    }
  }
}
