package dev.bitfleet.worker.model;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Clock;
import java.time.Duration;
import java.time.ZonedDateTime;
import org.jspecify.annotations.Nullable;

/**
 * The bounds and the side channel of one rendering, found by the template's functions through the
 * thread they run on.
 */
final class RenderScope {
  private static final ThreadLocal<@Nullable RenderScope> CURRENT = new ThreadLocal<>();
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final Clock clock;
  private final long deadline;
  private @Nullable String raised;

  /**
   * Ends a rendering at once. An Error, because Jinjava catches every Exception, notes it and goes
   * on with the next node.
   */
  static final class Abort extends Error {
    Abort(String message) {
      super(message, null, false, false);
    }

    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }
  }

  private RenderScope(Clock clock, long deadline) {
    this.clock = clock;
    this.deadline = deadline;
  }

  static RenderScope enter(Clock clock, Duration most) {
    RenderScope scope = new RenderScope(clock, cpuNanos() + most.toNanos());
    CURRENT.set(scope);
    return scope;
  }

  static void leave() {
    CURRENT.remove();
  }

  static RenderScope current() {
    RenderScope scope = CURRENT.get();
    if (scope == null) {
      throw new IllegalStateException("no template is being rendered on this thread");
    }
    return scope;
  }

  /** Called before every node: stops a template that has raised an exception or takes too long. */
  void check() {
    if (raised != null) {
      throw new Abort("raised an exception");
    }
    if (cpuNanos() > deadline) {
      throw new Abort("took too long");
    }
  }

  /**
   * Time this thread has computed. Not time of day: on a busy machine a harmless template may wait
   * for a processor longer than a wild one would run.
   */
  private static long cpuNanos() {
    return THREADS.getCurrentThreadCpuTime();
  }

  /** raise_exception: the template turns the chat down. */
  void raise(String message) {
    if (raised == null) {
      raised = message;
    }
  }

  void throwIfRaised() throws ChatTemplateException {
    if (raised != null) {
      throw new ChatTemplateException(raised);
    }
  }

  ZonedDateTime now() {
    return ZonedDateTime.now(clock);
  }
}
