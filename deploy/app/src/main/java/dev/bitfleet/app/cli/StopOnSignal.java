package dev.bitfleet.app.cli;

import dev.bitfleet.Bitfleet;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The JVM's shutdown hook while a fleet serves: SIGTERM and SIGINT come here. Streams may end
 * within the drain time; the exit code tells whether all did.
 */
final class StopOnSignal extends Thread {
  /** Beyond the drain: workers end their engines, ports close. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Bitfleet bitfleet;
  private final Duration drainDelay;
  private final Duration drainTimeout;
  private final PrintWriter out;
  private final AtomicBoolean armed = new AtomicBoolean(true);

  StopOnSignal(Bitfleet bitfleet, Duration drainDelay, Duration drainTimeout, PrintWriter out) {
    super("stop-on-signal");
    this.bitfleet = bitfleet;
    this.drainDelay = drainDelay;
    this.drainTimeout = drainTimeout;
    this.out = out;
  }

  /** The process ends by itself: the hook has nothing to do any more. */
  void disarm() {
    armed.set(false);
  }

  @Override
  public void run() {
    if (!armed.getAndSet(false)) {
      return;
    }
    out.println(
        drainDelay.isZero()
            ? "Stopping: no new requests, streams may end within " + drainTimeout.toSeconds() + " s"
            : "Stopping: unready, no new requests in %d s, streams may end within %d s more"
                .formatted(drainDelay.toSeconds(), drainTimeout.toSeconds()));
    long began = System.nanoTime();
    boolean stopped = false;
    try {
      bitfleet.stop(drainDelay.plus(drainTimeout).plus(GRACE));
      stopped = true;
    } catch (TimeoutException e) {
      out.println("Not all of it stopped in time");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean cut = !stopped || System.nanoTime() - began >= drainDelay.plus(drainTimeout).toNanos();
    out.println(cut ? "Stopped; streams were cut short" : "Stopped");
    out.flush();
    // Without this a JVM that was told to stop ends as 128 + signal, however well it stopped.
    Runtime.getRuntime().halt((cut ? ExitCode.CUT_SHORT : ExitCode.OK).number());
  }
}
