package dev.bitfleet.gateway.http;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionListener;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.JsonText;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import dev.bitfleet.gateway.dispatch.RunningCompletion;
import io.vertx.core.Vertx;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/** From a body to an answer, for all operations that generate tokens. Event loop only. */
final class CompletionHandler {
  private static final Logger log = LoggerFactory.getLogger(CompletionHandler.class);

  /**
   * Longer bodies are read on a worker thread: a megabyte of JSON takes some ten milliseconds,
   * which every stream on this event loop would feel.
   */
  private static final int INLINE_BYTES = 64 << 10;

  private final Vertx vertx;
  private final Contract contract;
  private final Map<Operation, Dialect> dialects;
  private final Dispatcher dispatcher;
  private final HttpLimits limits;

  CompletionHandler(
      Vertx vertx,
      Contract contract,
      Map<Operation, Dialect> dialects,
      Dispatcher dispatcher,
      HttpLimits limits) {
    this.vertx = vertx;
    this.contract = contract;
    this.dialects = Map.copyOf(dialects);
    this.dispatcher = dispatcher;
    this.limits = limits;
  }

  /**
   * Answers the exchange.
   *
   * @param tended gets what wants to be tended while it is being answered
   */
  void handle(Exchange exchange, byte[] body, Consumer<Answer> tended) {
    Operation operation = exchange.operation();
    if (body.length <= INLINE_BYTES) {
      try {
        start(exchange, understand(operation, body), tended);
      } catch (RuntimeException e) {
        fail(exchange, e);
      }
      return;
    }
    vertx
        .executeBlocking(() -> understand(operation, body), false)
        .onComplete(
            understood -> {
              if (exchange.settled()) {
                return;
              }
              if (understood.succeeded()) {
                start(exchange, understood.result(), tended);
              } else {
                fail(exchange, understood.cause());
              }
            });
  }

  private Call understand(Operation operation, byte[] body) {
    Dialect dialect = dialects.get(operation);
    if (dialect == null) {
      throw new IllegalStateException(operation + " has no dialect");
    }
    JsonNode tree = JsonText.read(body);
    contract.check(operation, tree);
    return dialect.read(tree);
  }

  private void start(Exchange exchange, Call call, Consumer<Answer> tended) {
    AnswerStamp stamp = new AnswerStamp(RequestIds.random(), System.currentTimeMillis() / 1000);
    Running running = new Running();
    Answer answer =
        call.request().delivery() == Delivery.STREAMED
            ? new StreamedAnswer(
                exchange, limits, call.request(), call.format(), stamp, running::cancel)
            : new WholeAnswer(exchange, call.request(), call.format(), stamp);
    exchange.whenGone(running::cancel);
    tended.accept(answer);
    MeteredListener metered = new MeteredListener(exchange, call.request().choices(), answer);
    running.set(
        dispatcher.start(
            call.request(),
            event -> {
              try {
                metered.on(event);
              } catch (RuntimeException e) {
                running.cancel();
                fail(exchange, e);
              }
            }));
    if (exchange.settled()) {
      running.cancel();
    }
  }

  private static void fail(Exchange exchange, Throwable cause) {
    if (cause instanceof ApiException refusal) {
      exchange.error(refusal.error());
      return;
    }
    // The stack trace says where; the message could quote the request, so it stays out.
    log.error("request failed with {}", cause.getClass().getName(), withoutMessage(cause));
    if (exchange.response().headWritten()) {
      exchange.cut();
    } else {
      exchange.error(ApiError.server(500, "internal_error", "The server failed unexpectedly."));
    }
  }

  private static Throwable withoutMessage(Throwable cause) {
    Throwable bare = new RuntimeException(cause.getClass().getName());
    bare.setStackTrace(cause.getStackTrace());
    return bare;
  }

  /** The completion once dispatch has it; a cancel before that is remembered. */
  private static final class Running {
    private @Nullable RunningCompletion completion;
    private boolean cancelled;

    void set(RunningCompletion started) {
      completion = started;
      if (cancelled) {
        started.cancel();
      }
    }

    void cancel() {
      cancelled = true;
      if (completion != null) {
        completion.cancel();
      }
    }
  }

  /** Times and counts what passes. */
  private static final class MeteredListener implements CompletionListener {
    private final Exchange exchange;
    private final Answer answer;
    private final long[] lastDeltaNanos;
    private boolean any;

    MeteredListener(Exchange exchange, int choices, Answer answer) {
      this.exchange = exchange;
      this.answer = answer;
      this.lastDeltaNanos = new long[choices];
    }

    @Override
    public void on(CompletionEvent event) {
      switch (event) {
        case CompletionEvent.Delta delta -> {
          long now = System.nanoTime();
          if (!any) {
            any = true;
            exchange.metrics().firstToken(exchange.operation(), now - exchange.beganNanos());
          }
          long last = lastDeltaNanos[delta.choice()];
          if (last != 0) {
            exchange.metrics().interToken((now - last) / Math.max(1, delta.tokens().size()));
          }
          lastDeltaNanos[delta.choice()] = now;
        }
        case CompletionEvent.Opened opened -> lastDeltaNanos[opened.choice()] = 0;
        case CompletionEvent.Finished finished -> {
          exchange.metrics().finished(finished.usage());
          exchange.used(finished.usage());
        }
        case CompletionEvent.Failed ignored -> {}
      }
      answer.on(event);
    }
  }
}
