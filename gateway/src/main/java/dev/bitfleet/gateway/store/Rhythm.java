package dev.bitfleet.gateway.store;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does something again and again, from a thread of its own, so that nothing else that takes long
 * makes it late. A step that fails is tried again at its next time.
 */
final class Rhythm implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Rhythm.class);

  private final Duration pause;
  private final Runnable step;
  private final Thread thread;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private boolean over;

  private Rhythm(String name, Duration pause, Runnable step) {
    this.pause = pause;
    this.step = step;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::work);
  }

  /** Begins; the first step comes after one pause. */
  static Rhythm start(String name, Duration pause, Runnable step) {
    Rhythm rhythm = new Rhythm(name, pause, step);
    rhythm.thread.start();
    return rhythm;
  }

  private void work() {
    while (pause()) {
      try {
        step.run();
      } catch (HazelcastInstanceNotActiveException e) {
        // The node is stopping, or joins the other half of a split just now.
        log.debug("not now", e);
      } catch (RuntimeException e) {
        log.warn("looking after the store failed; it is tried again", e);
      }
    }
  }

  private boolean pause() {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(Math.max(1, pause.toMillis()));
      while (!over && left > 0) {
        left = ended.awaitNanos(left);
      }
      return !over;
    } catch (InterruptedException e) {
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a step that is under way; there is none after it. */
  @Override
  public void close() {
    lock.lock();
    try {
      over = true;
      ended.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
