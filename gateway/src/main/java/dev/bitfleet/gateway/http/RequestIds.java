package dev.bitfleet.gateway.http;

import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names requests and answers. Not secrets: they only have to be unique. */
public final class RequestIds {
  private static final Pattern SANE = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
  private static final char[] ALPHABET =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".toCharArray();
  private static final int LENGTH = 29;

  private RequestIds() {}

  /** The client's own id when it can be logged and echoed without care, else a new one. */
  static String of(@Nullable String offered) {
    return offered != null && SANE.matcher(offered).matches() ? offered : "req_" + random();
  }

  /** 29 letters and digits: 172 random bits, as many as OpenAI's ids seem to have. */
  public static String random() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    char[] id = new char[LENGTH];
    for (int i = 0; i < LENGTH; i++) {
      id[i] = ALPHABET[random.nextInt(ALPHABET.length)];
    }
    return new String(id);
  }
}
