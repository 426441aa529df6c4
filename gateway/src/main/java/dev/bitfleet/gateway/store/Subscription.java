package dev.bitfleet.gateway.store;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** A follower's hold on an event log. May be used from any thread. */
public final class Subscription {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean stopped;
  private boolean paused;

  Subscription() {}

  /** Nothing more is delivered, but for a call that is on its way. */
  public void stop() {
    set(true, false);
  }

  /** Delivers nothing until {@link #resume}, but for a call that is on its way. */
  public void pause() {
    set(false, true);
  }

  public void resume() {
    set(false, false);
  }

  private void set(boolean stop, boolean pause) {
    lock.lock();
    try {
      stopped |= stop;
      paused = pause;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is paused. */
  boolean rests() {
    lock.lock();
    try {
      return paused && !stopped;
    } finally {
      lock.unlock();
    }
  }

  /** Waits while it is paused; whether it goes on. */
  boolean goesOn() throws InterruptedException {
    lock.lock();
    try {
      while (paused && !stopped) {
        changed.await();
      }
      return !stopped;
    } finally {
      lock.unlock();
    }
  }
}
