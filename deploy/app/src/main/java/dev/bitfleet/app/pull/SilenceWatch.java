package dev.bitfleet.app.pull;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Closes a body that has been silent too long, which wakes whoever reads it. */
final class SilenceWatch implements AutoCloseable {
  private static final long LOOK_MILLIS = 250;

  private final Thread thread;

  /**
   * @param last when the latest byte came, by {@link System#nanoTime}
   */
  SilenceWatch(InputStream body, AtomicLong last, Duration allowed) {
    long look = Math.min(LOOK_MILLIS, Math.max(1, allowed.toMillis() / 2));
    thread =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    while (System.nanoTime() - last.get() < allowed.toNanos()) {
                      Thread.sleep(look);
                    }
                    body.close();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  } catch (IOException e) {
                    // It is closed, and that was all that was wanted.
                    return;
                  }
                });
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
