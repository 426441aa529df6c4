package dev.bitfleet.worker.engine.process;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One child process with a thread for each of its three pipes, so that no event loop ever waits for
 * it: writes go through a bounded queue, stdout is read by the caller's {@link Reader}, stderr ends
 * in a bounded ring.
 *
 * <p>Life: spawn, read until stdout ends or the reader throws, kill whatever is left, tell {@link
 * Listener#ended} exactly once. All methods may be called from any thread.
 */
public final class ChildProcess {
  private static final Logger LOG = LoggerFactory.getLogger(ChildProcess.class);
  private static final int STDOUT_BUFFER_BYTES = 64 * 1024;
  // 512 commands of at most a few KB wait at once in practice; the byte bound is for giant prompts.
  private static final int MAX_QUEUED_WRITES = 512;
  private static final long MAX_QUEUED_BYTES = 64L * 1024 * 1024;
  private static final byte[] END_OF_INPUT = new byte[0];
  private static final Duration EXIT_GRACE = Duration.ofMillis(200);
  private static final Duration LAST_OUTPUT_GRACE = Duration.ofSeconds(1);
  private static final Duration REAP_PATIENCE = Duration.ofSeconds(5);

  /** Reads stdout on the process's own reader thread, until it ends. */
  @FunctionalInterface
  public interface Reader {
    /**
     * Reads to the end of the stream.
     *
     * @throws IOException when the stream holds what it must not; its message is the cause of death
     */
    void read(InputStream stdout) throws IOException;
  }

  /** Hears of the end, on the reader thread. */
  @FunctionalInterface
  public interface Listener {
    /**
     * The process is gone.
     *
     * @param cause one sentence
     * @param stderrTail its last lines
     */
    void ended(String cause, List<String> stderrTail);
  }

  private final String name;
  private final BlockingQueue<byte[]> writes = new ArrayBlockingQueue<>(MAX_QUEUED_WRITES);
  private final AtomicLong queuedBytes = new AtomicLong();
  private final LineRing stderr;
  // The first cause wins; empty while nobody has killed it.
  private final AtomicReference<String> killCause = new AtomicReference<>("");
  private final AtomicBoolean ended = new AtomicBoolean();
  private final Listener listener;
  private volatile long pid;
  private volatile Optional<Process> process = Optional.empty();

  private ChildProcess(String name, Predicate<String> worthKeeping, Listener listener) {
    this.name = name;
    this.stderr = new LineRing(worthKeeping);
    this.listener = listener;
  }

  /**
   * Starts the process.
   *
   * @param name of its threads
   */
  public static ChildProcess start(
      String name, ProcessBuilder builder, Reader reader, Listener listener) {
    return start(name, builder, line -> true, reader, listener);
  }

  /**
   * Starts a process that chatters on stderr.
   *
   * @param worthKeeping which of its lines may be told at its end
   */
  public static ChildProcess start(
      String name,
      ProcessBuilder builder,
      Predicate<String> worthKeeping,
      Reader reader,
      Listener listener) {
    ChildProcess child = new ChildProcess(name, worthKeeping, listener);
    ProcessSpawner.spawn(builder)
        .whenComplete(
            (process, failure) -> {
              if (process != null) {
                child.run(process, reader);
              } else {
                child.end("cannot be started: " + failure.getMessage());
              }
            });
    return child;
  }

  /** 0 before it runs and after it has ended. */
  public long pid() {
    return pid;
  }

  /**
   * Puts bytes in the queue for stdin.
   *
   * @return false when the queue is full: the process has stopped reading
   */
  public boolean write(byte[] bytes) {
    if (ended.get()) {
      return true;
    }
    if (queuedBytes.addAndGet(bytes.length) > MAX_QUEUED_BYTES || !writes.offer(bytes)) {
      queuedBytes.addAndGet(-bytes.length);
      return false;
    }
    return true;
  }

  /** Closes stdin once everything queued is written. */
  public void closeInput() {
    if (!writes.offer(END_OF_INPUT)) {
      kill("its input queue was full at the end");
    }
  }

  /** SIGKILL. The first cause given is the one that is told. */
  public void kill(String cause) {
    killCause.compareAndSet("", cause);
    process.ifPresent(Process::destroyForcibly);
  }

  /** Whether the process still runs. */
  public boolean alive() {
    return process.map(Process::isAlive).orElse(!ended.get());
  }

  private void run(Process started, Reader reader) {
    process = Optional.of(started);
    pid = started.pid();
    if (!causeOfKill().isEmpty()) {
      // Killed between the call and the spawn.
      started.destroyForcibly();
    }
    Thread errors = thread("stderr", () -> drainErrors(started.getErrorStream()));
    Thread writer = thread("stdin", () -> writeAll(started.getOutputStream()));
    // A grandchild may hold stdout open when the process itself is gone: its end is told all the
    // same, and nobody waits for the pipes any more.
    started
        .onExit()
        .thenAcceptAsync(
            gone -> {
              end(named(exitCause(gone.exitValue())));
              writer.interrupt();
              close(started);
            },
            CompletableFuture.delayedExecutor(LAST_OUTPUT_GRACE.toMillis(), TimeUnit.MILLISECONDS));
    thread(
        "stdout",
        () -> {
          String cause = "";
          try (InputStream out =
              new BufferedInputStream(started.getInputStream(), STDOUT_BUFFER_BYTES)) {
            reader.read(out);
          } catch (IOException e) {
            cause = e.getMessage() == null ? e.toString() : e.getMessage();
          } catch (RejectedExecutionException e) {
            cause = "nobody listens any more";
          } catch (RuntimeException e) {
            LOG.error("reading the output of {} failed", name, e);
            cause = "its output could not be handled: " + e;
          }
          String exit = reap(started, cause);
          writer.interrupt();
          joinBriefly(errors);
          end(exit);
        });
  }

  /** Waits for the exit; what its stdout meant decides nothing if the process lives on. */
  private String reap(Process started, String readerCause) {
    try {
      if (readerCause.isEmpty() && started.waitFor(EXIT_GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        return named(exitCause(started.exitValue()));
      }
      killCause.compareAndSet(
          "", readerCause.isEmpty() ? "it closed its output and stayed" : readerCause);
      started.destroyForcibly();
      if (!started.waitFor(REAP_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.error("{} (pid {}) does not die of SIGKILL", name, started.pid());
        return named("it does not die of SIGKILL");
      }
      return named(exitCause(started.exitValue()));
    } catch (InterruptedException e) {
      started.destroyForcibly();
      Thread.currentThread().interrupt();
      return named("interrupted");
    }
  }

  private String named(String exit) {
    String cause = causeOfKill();
    return cause.isEmpty() ? exit : cause;
  }

  private String causeOfKill() {
    return Objects.requireNonNullElse(killCause.get(), "");
  }

  private static String exitCause(int status) {
    // The JDK reports death by signal N as 128 + N.
    return status > 128 && status < 128 + 65
        ? "killed by signal " + (status - 128)
        : "exited with status " + status;
  }

  private void end(String cause) {
    if (ended.compareAndSet(false, true)) {
      pid = 0;
      try {
        listener.ended(cause, stderr.lines());
      } catch (RejectedExecutionException e) {
        // The event loop that would have heard of it was closed before.
        LOG.debug("the end of {} is told to nobody", name, e);
      }
    }
  }

  private void drainErrors(InputStream errors) {
    byte[] buffer = new byte[8192];
    try (errors) {
      for (int n = errors.read(buffer); n >= 0; n = errors.read(buffer)) {
        stderr.append(buffer, n);
      }
    } catch (IOException e) {
      LOG.debug("stderr of {} broke off", name, e);
    }
  }

  private void writeAll(OutputStream stdin) {
    try (stdin) {
      while (true) {
        byte[] bytes = writes.take();
        if (bytes == END_OF_INPUT) {
          return;
        }
        queuedBytes.addAndGet(-bytes.length);
        stdin.write(bytes);
        stdin.flush();
      }
    } catch (IOException e) {
      // The process is gone or has closed stdin; its stdout tells the rest.
      LOG.debug("stdin of {} broke off", name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void close(Process gone) {
    for (Closeable pipe :
        List.of(gone.getInputStream(), gone.getErrorStream(), gone.getOutputStream())) {
      try {
        pipe.close();
      } catch (IOException e) {
        LOG.debug("a pipe of {} broke off", name, e);
      }
    }
  }

  private static void joinBriefly(Thread thread) {
    try {
      // A grandchild may hold the pipe open; the lines read so far have to do.
      thread.join(EXIT_GRACE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Thread thread(String pipe, Runnable body) {
    return Thread.ofPlatform().name(name + "-" + pipe).daemon().start(body);
  }
}
