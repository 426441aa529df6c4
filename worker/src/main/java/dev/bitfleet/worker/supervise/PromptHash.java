package dev.bitfleet.worker.supervise;

import dev.bitfleet.worker.engine.PromptSegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** The first 128 bits of SHA-256 over a prompt: recognises it without keeping what it says. */
public record PromptHash(long high, long low) {

  /** The hash of a prompt as it goes to the engine. */
  public static PromptHash of(List<PromptSegment> prompt) {
    MessageDigest sha256 = sha256();
    for (PromptSegment segment : prompt) {
      switch (segment) {
        case PromptSegment.Text text -> {
          byte[] bytes = text.text().getBytes(StandardCharsets.UTF_8);
          sha256.update(ByteBuffer.allocate(5).put((byte) 1).putInt(bytes.length).flip());
          sha256.update(bytes);
        }
        case PromptSegment.Tokens tokens -> {
          ByteBuffer ids = ByteBuffer.allocate(5 + 4 * tokens.ids().size());
          ids.put((byte) 2).putInt(tokens.ids().size());
          tokens.ids().forEach(ids::putInt);
          sha256.update(ids.flip());
        }
      }
    }
    ByteBuffer digest = ByteBuffer.wrap(sha256.digest());
    return new PromptHash(digest.getLong(), digest.getLong());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
