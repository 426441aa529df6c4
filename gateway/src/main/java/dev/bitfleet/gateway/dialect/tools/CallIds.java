package dev.bitfleet.gateway.dialect.tools;

/**
 * Names calls. The name follows from the answer and the call's place in it, so that a stream, the
 * answer that is kept of it and its later reader all say the same.
 */
public final class CallIds {
  private static final String PREFIX = "call_";

  /** Of the answer's characters: with 62 kinds of them, 119 random bits. */
  private static final int STAMP_CHARACTERS = 20;

  private CallIds() {}

  /**
   * The id of a call.
   *
   * @param answer the unique part of the answer's id
   * @param choice index of the choice that made it
   * @param call its index within the choice
   */
  public static String of(String answer, int choice, int call) {
    return PREFIX
        + answer.substring(0, Math.min(STAMP_CHARACTERS, answer.length()))
        + twoDigits(choice)
        + twoDigits(call);
  }

  private static String twoDigits(int number) {
    String digits = Integer.toString(number, Character.MAX_RADIX);
    return digits.length() < 2 ? '0' + digits : digits;
  }
}
