package dev.bitfleet.gateway.store;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes that are on the disk and not in the maps yet, in their order. Doing one twice does
 * nothing more. Blocks; thread-safe.
 */
final class Unapplied {
  private static final Logger log = LoggerFactory.getLogger(Unapplied.class);

  private final ReentrantLock lock = new ReentrantLock();
  private final Queue<Runnable> changes = new ArrayDeque<>();
  private volatile boolean any;

  void add(List<Runnable> more) {
    lock.lock();
    try {
      changes.addAll(more);
      any = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Does them.
   *
   * @throws dev.bitfleet.gateway.contract.ApiException when one of them still fails
   */
  void run() {
    if (!any) {
      return;
    }
    lock.lock();
    try {
      Runnable change;
      while ((change = changes.peek()) != null) {
        change.run();
        changes.remove();
      }
      any = false;
    } catch (RuntimeException e) {
      log.warn("changes that are on the disk are still not in the maps", e);
      throw StoreErrors.unavailable();
    } finally {
      lock.unlock();
    }
  }
}
