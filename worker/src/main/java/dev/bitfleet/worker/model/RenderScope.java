package dev.bitfleet.worker.model;

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

  private final Clock clock;
  private final long deadline;
  private @Nullable String raised;

  /**
   * Ends a rendering at once. An Error, because Jinjava catches every Exception, notes it and goes
   * on with the next node.
   */
  static final class Abort extends Error {
    private Abort(String message) {
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
    RenderScope scope = new RenderScope(clock, System.nanoTime() + most.toNanos());
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
    if (System.nanoTime() - deadline > 0) {
      throw new Abort("took too long");
    }
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
