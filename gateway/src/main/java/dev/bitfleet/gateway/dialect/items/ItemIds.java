package dev.bitfleet.gateway.dialect.items;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;

/** Names items. One thread. */
@FunctionalInterface
public interface ItemIds {
  /** Digits of 128 random bits. */
  int RANDOM_DIGITS = 32;

  /**
   * A new id.
   *
   * @param prefix what the id begins with and an underscore follows: {@code msg}, {@code fc}, …
   */
  String next(String prefix);

  /** 128 random bits as hexadecimal digits: nobody guesses them. Any thread. */
  static String randomDigits() {
    byte[] bits = new byte[RANDOM_DIGITS / 2];
    Source.RANDOM.nextBytes(bits);
    return HexFormat.of().formatHex(bits);
  }

  /** Ids without relation to each other. Any thread. */
  static ItemIds random() {
    return prefix -> prefix + '_' + randomDigits();
  }

  /**
   * Ids of the items of one response: its digits, then the item's number in four digits. So an
   * item's id tells where it is kept ({@link #ownerOf}) without an index, and a response that is
   * run again names its items the same.
   *
   * @param digits the response's, see {@link #randomDigits}
   * @param first number of the next item
   */
  static ItemIds within(String digits, int first) {
    int[] number = {first};
    return prefix -> prefix + '_' + digits + String.format("%04x", number[0]++);
  }

  /**
   * What follows the prefix in the id of a copy, which a response's request referred to.
   *
   * @param index of the reference in the request's input
   */
  static String copied(String digits, int index) {
    return '_' + digits + String.format("%04x", 0x8000 | index);
  }

  /** The digits of the response whose item this is; empty when the id is no such one. */
  static Optional<String> ownerOf(String itemId) {
    int from = itemId.indexOf('_') + 1;
    int digits = itemId.length() - from;
    return from > 0 && digits >= RANDOM_DIGITS + 4
        ? Optional.of(itemId.substring(from, from + RANDOM_DIGITS))
        : Optional.empty();
  }

  /** Where randomness comes from. */
  final class Source {
    private static final SecureRandom RANDOM = new SecureRandom();

    private Source() {}
  }
}
