package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.Dropped;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.JsonBytes;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What answers and the chunks of streams begin with. It is the same for all chunks of a choice, so
 * it is encoded once, when the choice is opened.
 */
final class EventHead {
  static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);

  private static final byte[] END = "}\n\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NULL_USAGE_END =
      ",\"usage\":null}\n\n".getBytes(StandardCharsets.US_ASCII);

  private final String idPrefix;
  private final String object;
  private final AnswerStamp stamp;
  private final Optional<String> serviceTier;
  private final Map<Integer, byte[]> heads = new HashMap<>();
  private byte[] common = {};

  EventHead(String idPrefix, String object, AnswerStamp stamp, Optional<String> serviceTier) {
    this.idPrefix = idPrefix;
    this.object = object;
    this.stamp = stamp;
    this.serviceTier = serviceTier;
  }

  /**
   * Prepares the head of a choice's chunks, up to where what the field after the index holds
   * begins.
   *
   * @param field the field after the index, with its quotes and colon; empty when there is none
   * @return whether the choice is opened for the first time
   */
  boolean open(CompletionEvent.Opened opened, String field) {
    JsonBytes head = new JsonBytes(256);
    head.raw("data: ");
    answer(opened, head);
    if (common.length == 0) {
      common = head.toByteArray();
    }
    head.raw(",\"choices\":[{\"index\":").number(opened.choice()).raw(",").raw(field);
    return heads.put(opened.choice(), head.toByteArray()) == null;
  }

  /** Writes the head of a chunk of that choice. */
  void begin(int choice, JsonBytes out) {
    byte[] head = heads.get(choice);
    if (head == null) {
      throw new IllegalStateException("choice " + choice + " was not opened");
    }
    out.raw(head);
  }

  /** Writes the head of a chunk that belongs to no choice. */
  void withoutChoices(JsonBytes out) {
    out.raw(common);
  }

  /** What ends a chunk: with {@code include_usage} each says that its usage is null. */
  static byte[] usageField(boolean includeUsage) {
    return includeUsage ? NULL_USAGE_END : END;
  }

  /** The fields that answers and chunks begin with; the object stays open. */
  void answer(CompletionEvent.Opened opened, JsonBytes out) {
    out.raw("{\"id\":\"")
        .raw(idPrefix)
        .raw(stamp.id())
        .raw("\",\"object\":\"")
        .raw(object)
        .raw("\",\"created\":")
        .number(stamp.created())
        .raw(",\"model\":")
        .string(opened.model())
        .raw(",\"system_fingerprint\":")
        .string("fp_" + opened.fingerprint());
    serviceTier.ifPresent(tier -> out.raw(",\"service_tier\":").string(tier));
  }

  /** What was left out of the chat, if anything was. */
  void truncation(JsonBytes out) {
    Dropped dropped = stamp.dropped();
    if (!dropped.any()) {
      return;
    }
    out.raw(",\"truncation\":{\"dropped_messages\":").number(dropped.messages());
    if (dropped.tokens() > 0) {
      out.raw(",\"dropped_tokens\":").number(dropped.tokens());
    }
    out.raw("}");
  }
}
