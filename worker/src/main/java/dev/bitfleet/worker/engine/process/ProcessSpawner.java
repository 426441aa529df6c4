package dev.bitfleet.worker.engine.process;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Spawns every child process of this JVM from one platform thread that never ends.
 *
 * <p>The kernel sends a child its death signal (prctl PR_SET_PDEATHSIG) when the <em>thread</em>
 * that spawned it ends, not the process. A pool thread that idles out would take its engines along.
 */
public final class ProcessSpawner {
  private static final BlockingQueue<Runnable> SPAWNS = new LinkedBlockingQueue<>();

  static {
    Thread.ofPlatform()
        .name("bitfleet-spawner")
        .daemon()
        .start(
            () -> {
              while (true) {
                try {
                  SPAWNS.take().run();
                } catch (InterruptedException e) {
                  // Nobody may end this thread: it would kill every engine of the JVM.
                  continue;
                }
              }
            });
  }

  private ProcessSpawner() {}

  /** Starts the process; fails with what starting it threw. */
  public static CompletableFuture<Process> spawn(ProcessBuilder builder) {
    CompletableFuture<Process> spawned = new CompletableFuture<>();
    SPAWNS.add(
        () -> {
          try {
            spawned.complete(builder.start());
          } catch (Throwable e) {
            // An Error too: it would end the thread, and with it every engine of the JVM.
            spawned.completeExceptionally(e);
          }
        });
    return spawned;
  }
}
