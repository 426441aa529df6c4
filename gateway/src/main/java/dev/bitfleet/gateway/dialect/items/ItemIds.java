package dev.bitfleet.gateway.dialect.items;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;

/** Names items. One thread. */
@FunctionalInterface
public interface ItemIds {
  /** Digits of 128 random bits. */
  int RANDOM_DIGITS = 32;

  /** What ids of conversations begin with. */
  String CONVERSATION_PREFIX = "conv_";

  /** An item's own digits, behind those of its conversation. */
  int CONVERSATION_DIGITS = 16;

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
   * Ids of items that come into a conversation by themselves: its digits, then 64 random bits. So
   * they too tell where they are kept. Any thread.
   */
  static ItemIds ofConversation(String conversationId) {
    String digits = conversationId.substring(conversationId.indexOf('_') + 1);
    return digits.length() == RANDOM_DIGITS
        ? prefix -> prefix + '_' + digits + randomDigits().substring(0, CONVERSATION_DIGITS)
        : random();
  }

  /** The conversation that an item came into by itself; empty when the id is of no such one. */
  static Optional<String> conversationOf(String itemId) {
    int from = itemId.indexOf('_') + 1;
    return from > 0 && itemId.length() - from == RANDOM_DIGITS + CONVERSATION_DIGITS
        ? Optional.of(CONVERSATION_PREFIX + itemId.substring(from, from + RANDOM_DIGITS))
        : Optional.empty();
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
