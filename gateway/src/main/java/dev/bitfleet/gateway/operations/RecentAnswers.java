package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.store.StoredAnswer;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Answers of requests that keep nothing, for repeats that come soon: in memory only, because what
 * is not to be stored is not to reach a disk. When there are too many the oldest go. Event loop
 * only.
 *
 * @param <K> names a request
 */
final class RecentAnswers<K> {
  /** Longer answers are not remembered; a repeat of such a request is carried out anew. */
  static final int LONGEST = 256 << 10;

  /** All of them together. */
  private static final long MOST_BYTES = 16L << 20;

  /** What an answer costs besides its body. */
  private static final int ENTRY_BYTES = 512;

  /** SDKs have given up by then. */
  private static final Duration LIFE = Duration.ofMinutes(10);

  private final Map<K, Recent> answers = new LinkedHashMap<>();
  private long bytes;

  /**
   * What is known of a request.
   *
   * @param fingerprint of what it said; not to be changed
   */
  @SuppressWarnings("ArrayRecordComponent")
  record Recent(byte[] fingerprint, StoredAnswer answer, long untilNanos) {
    private long bytes() {
      return ENTRY_BYTES + (long) answer.body().length;
    }
  }

  /** Remembers it, unless it is too long. */
  void put(K request, byte[] fingerprint, StoredAnswer answer) {
    forget(request);
    if (answer.body().length > LONGEST) {
      return;
    }
    Recent recent = new Recent(fingerprint, answer, System.nanoTime() + LIFE.toNanos());
    answers.put(request, recent);
    bytes += recent.bytes();
    Iterator<Recent> oldest = answers.values().iterator();
    while (bytes > MOST_BYTES) {
      bytes -= oldest.next().bytes();
      oldest.remove();
    }
  }

  Optional<Recent> find(K request) {
    long now = System.nanoTime();
    // In the order they came, so those that are over stand first.
    Iterator<Recent> oldest = answers.values().iterator();
    while (oldest.hasNext()) {
      Recent recent = oldest.next();
      if (recent.untilNanos() - now > 0) {
        break;
      }
      bytes -= recent.bytes();
      oldest.remove();
    }
    return Optional.ofNullable(answers.get(request));
  }

  private void forget(K request) {
    Recent before = answers.remove(request);
    if (before != null) {
      bytes -= before.bytes();
    }
  }
}
