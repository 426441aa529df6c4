package dev.bitfleet.worker.model;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.worker.engine.PromptSegment;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lays out chats on a thread of its own, so that no template can hold up an event loop. A template
 * that does not come back in time (which its own deadline should prevent) is not used again.
 *
 * <p>The template is read on that thread too, at once: it takes as long as a small model's load,
 * and the two should overlap. Methods are called on one context.
 */
public final class ChatRenderer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ChatRenderer.class);

  /** By the clock on the wall, beyond the template's own bound on what it computes. */
  private static final Duration PATIENCE = ChatTemplate.MAX_RENDER_TIME.multipliedBy(10);

  /** Reading a template loads a library, on a machine that may have other things to do. */
  private static final Duration PATIENCE_AT_FIRST = Duration.ofMinutes(1);

  private static final ThreadFactory THREADS =
      Thread.ofPlatform().name("bitfleet-template").daemon().factory();

  private final Vertx vertx;
  private final Context context;
  private final ExecutorService thread = Executors.newSingleThreadExecutor(THREADS);
  private final Future<PromptLayout> layout;
  private boolean stuck;

  public ChatRenderer(Vertx vertx, ModelFile file) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.layout = onThread(PATIENCE_AT_FIRST, () -> warmedUp(file));
  }

  /** The first chat costs a hundred times the second, and nobody's request should pay that. */
  private static PromptLayout warmedUp(ModelFile file) throws ChatTemplateException {
    PromptLayout layout = new PromptLayout(file.controlTokens(), ChatTemplate.of(file));
    try {
      var unused = layout.layOut(new Prompt.Chat(List.of(new ChatMessage(Role.USER, "Hello"))));
    } catch (ChatTemplateException e) {
      LOG.debug("the chat template turned the first chat down: {}", e.getMessage());
    }
    return layout;
  }

  /** Fails with {@link ChatTemplateException} when the model's template is none. */
  public Future<Void> ready() {
    return layout.mapEmpty();
  }

  /** The stretches of a chat. Fails with {@link ChatTemplateException}. */
  public Future<List<PromptSegment>> layOut(Prompt.Chat chat) {
    return layout.compose(
        ready -> {
          if (stuck) {
            return Future.failedFuture(
                new ChatTemplateException("the model's chat template does not come back"));
          }
          return onThread(PATIENCE, () -> ready.layOut(chat));
        });
  }

  private interface Work<T> {
    T get() throws ChatTemplateException;
  }

  private <T> Future<T> onThread(Duration patience, Work<T> work) {
    Promise<T> done = Promise.promise();
    long timer =
        vertx.setTimer(
            patience.toMillis(),
            ignored -> {
              if (done.tryFail(
                  new ChatTemplateException("the model's chat template took too long"))) {
                stuck = true;
                thread.shutdownNow();
              }
            });
    thread.execute(
        () -> {
          Future<T> result;
          try {
            result = Future.succeededFuture(work.get());
          } catch (ChatTemplateException | RuntimeException e) {
            result = Future.failedFuture(e);
          }
          Future<T> outcome = result;
          try {
            context.runOnContext(
                ignored -> {
                  vertx.cancelTimer(timer);
                  outcome.onComplete(done::tryComplete, done::tryFail);
                });
          } catch (RejectedExecutionException e) {
            LOG.debug("Vert.x was closed while a prompt was laid out", e);
          }
        });
    return done.future();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
