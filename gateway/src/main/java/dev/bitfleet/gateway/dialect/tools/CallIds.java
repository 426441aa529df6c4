package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.dialect.AnswerStamp;

/**
 * Names calls. The name follows from the answer and the call's place in it, so that a stream, the
 * answer that is kept of it and its later reader all say the same.
 */
public final class CallIds {
  private static final String PREFIX = "call_";

  /** Of the stamp's characters: with 62 kinds of them, 119 random bits. */
  private static final int STAMP_CHARACTERS = 20;

  private CallIds() {}

  /**
   * The id of a call.
   *
   * @param choice index of the choice that made it
   * @param call its index within the choice
   */
  public static String of(AnswerStamp stamp, int choice, int call) {
    String random = stamp.id();
    return PREFIX
        + random.substring(0, Math.min(STAMP_CHARACTERS, random.length()))
        + twoDigits(choice)
        + twoDigits(call);
  }

  private static String twoDigits(int number) {
    String digits = Integer.toString(number, Character.MAX_RADIX);
    return digits.length() < 2 ? '0' + digits : digits;
  }
}
