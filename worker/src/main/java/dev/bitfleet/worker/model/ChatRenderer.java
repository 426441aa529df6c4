package dev.bitfleet.worker.model;

import dev.bitfleet.proto.Prompt;
import dev.bitfleet.worker.engine.PromptSegment;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lays out chats on a thread of its own, one after the other, so that no template can hold up an
 * event loop. A chat that does not come back in time (which the template's own deadline should
 * prevent) fails, and the next is laid out on a new thread, with the template read anew: what the
 * old thread still holds is left to it.
 *
 * <p>The template is read on that thread too, at once: it takes as long as a small model's load,
 * and the two should overlap. Methods are called on the context that made this.
 */
public final class ChatRenderer implements Renderer {
  private static final Logger LOG = LoggerFactory.getLogger(ChatRenderer.class);

  /** By the clock on the wall, beyond the template's own bound on what it computes. */
  private static final Duration PATIENCE = ChatTemplate.MAX_RENDER_TIME.multipliedBy(10);

  /** Reading a template loads a library, on a machine that may have other things to do. */
  private static final Duration PATIENCE_AT_FIRST = Duration.ofMinutes(1);

  /** More than any worker has slots. */
  static final int MAX_WAITING = 256;

  /** Each may compute for ever; a machine has only so many cores. */
  static final int MAX_ABANDONED = 2;

  private static final ThreadFactory THREADS =
      Thread.ofPlatform().name("bitfleet-template").daemon().factory();

  /** Lays out chats, on one thread at a time. */
  interface Layout {
    List<PromptSegment> layOut(Prompt.Chat chat) throws ChatTemplateException;
  }

  /** Reads the template: what is slow and may fail. */
  interface Source {
    Layout read() throws ChatTemplateException;
  }

  private interface Work<T> {
    T get() throws ChatTemplateException;
  }

  private record Waiting(Prompt.Chat chat, Promise<List<PromptSegment>> promise) {}

  private final Vertx vertx;
  private final Context context;
  private final Source source;
  private final Duration patience;
  private final Promise<Void> ready = Promise.promise();
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private ExecutorService thread = Executors.newSingleThreadExecutor(THREADS);
  private @Nullable Layout layout;
  private boolean working;
  private int abandoned;
  private boolean closed;

  public ChatRenderer(Vertx vertx, ModelFile file) {
    this(vertx, () -> read(file), PATIENCE);
  }

  ChatRenderer(Vertx vertx, Source source, Duration patience) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.source = source;
    this.patience = patience;
    next();
  }

  /** The first chat costs a hundred times the second, and nobody's request should pay that. */
  private static Layout read(ModelFile file) throws ChatTemplateException {
    PromptLayout layout = new PromptLayout(file.controlTokens(), ChatTemplate.of(file));
    layout.probe();
    return layout::layOut;
  }

  @Override
  public Future<Void> ready() {
    return ready.future();
  }

  @Override
  public Future<List<PromptSegment>> layOut(Prompt.Chat chat) {
    if (closed || waiting.size() >= MAX_WAITING || abandoned >= MAX_ABANDONED) {
      return Future.failedFuture(
          new IllegalStateException(
              closed
                  ? "the worker is closing"
                  : waiting.size() + " chats wait, " + abandoned + " do not come back"));
    }
    Waiting entry = new Waiting(chat, Promise.promise());
    waiting.add(entry);
    next();
    return entry.promise().future();
  }

  /** Starts what is next, if nothing is being done. */
  private void next() {
    if (working || closed || abandoned >= MAX_ABANDONED) {
      return;
    }
    Layout now = layout;
    if (now != null) {
      Waiting first = waiting.poll();
      if (first != null) {
        work(() -> now.layOut(first.chat()), patience).onComplete(first.promise());
      }
    } else if (!waiting.isEmpty() || !ready.future().isComplete()) {
      work(source::read, PATIENCE_AT_FIRST).onComplete(this::begin, this::giveUp);
    }
  }

  private void begin(Layout read) {
    layout = read;
    ready.tryComplete();
    next();
  }

  /** No template: those who wait for one are told, and the next chat has it read again. */
  private void giveUp(Throwable problem) {
    ready.tryFail(problem);
    failWaiting(problem);
  }

  private void failWaiting(Throwable problem) {
    for (Waiting entry = waiting.poll(); entry != null; entry = waiting.poll()) {
      entry.promise().fail(problem);
    }
  }

  /** The thread is idle, so the time begins with the work and not with the waiting for it. */
  private <T> Future<T> work(Work<T> work, Duration patience) {
    working = true;
    Promise<T> done = Promise.promise();
    long timer = vertx.setTimer(patience.toMillis(), ignored -> abandon(done, patience));
    thread.execute(
        () -> {
          Future<T> result;
          try {
            result = Future.succeededFuture(work.get());
          } catch (ChatTemplateException | RuntimeException | Error e) {
            result = Future.failedFuture(e);
          }
          Future<T> outcome = result;
          try {
            context.runOnContext(ignored -> finish(done, outcome, timer));
          } catch (RejectedExecutionException e) {
            LOG.debug("Vert.x was closed while a prompt was laid out", e);
          }
        });
    return done.future();
  }

  private <T> void finish(Promise<T> done, Future<T> outcome, long timer) {
    if (done.future().isComplete()) {
      abandoned--; // Back after all, on a thread that nothing else is given to.
    } else {
      vertx.cancelTimer(timer);
      working = false;
      outcome.onComplete(done::complete, done::fail);
    }
    next();
  }

  private <T> void abandon(Promise<T> done, Duration patience) {
    if (done.future().isComplete() || closed) {
      return;
    }
    LOG.warn("the chat template did not come back in {}; it is read anew", patience);
    abandoned++;
    thread.shutdownNow();
    thread = Executors.newSingleThreadExecutor(THREADS);
    layout = null;
    working = false;
    done.fail(new IllegalStateException("the chat template did not come back in " + patience));
    if (abandoned >= MAX_ABANDONED) {
      failWaiting(new IllegalStateException(abandoned + " chats do not come back"));
    }
    next();
  }

  @Override
  public void close() {
    closed = true;
    thread.shutdownNow();
    failWaiting(new IllegalStateException("the worker is closing"));
  }
}
