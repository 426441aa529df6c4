package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.completion.CompletionListener;
import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.completion.Delivery;
import dev.bitfleet.gateway.completion.FailedCompletion;
import dev.bitfleet.gateway.completion.Fitted;
import dev.bitfleet.gateway.dialect.AnswerFormat;
import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Call;
import dev.bitfleet.gateway.dispatch.ContextFit;
import dev.bitfleet.gateway.dispatch.Dispatcher;
import dev.bitfleet.gateway.dispatch.RunningCompletion;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;

/** From a call to its answer, for all operations that generate tokens. Event loop only. */
public final class CompletionRunner {
  private final Dispatcher dispatcher;
  private final ContextFit fit;
  private final GrammarCompiler grammars;
  private final HttpLimits limits;
  private final UnknownModels unknown;

  public CompletionRunner(
      Dispatcher dispatcher,
      ContextFit fit,
      GrammarCompiler grammars,
      HttpLimits limits,
      UnknownModels unknown) {
    this.dispatcher = dispatcher;
    this.fit = fit;
    this.grammars = grammars;
    this.limits = limits;
    this.unknown = unknown;
  }

  /**
   * Answers the exchange with what the call generates. A prompt that cannot fit is refused before
   * it waits for a slot.
   */
  public void run(Exchange exchange, Call asked, AnswerStamp stamp, Keeping keeping) {
    Call call = asked.withRequest(unknown.meant(exchange.operation(), asked.request()));
    exchange.whenGone(keeping::dropped);
    grammars.compile(
        call,
        request -> {
          if (!exchange.settled()) {
            fit(exchange, request, call, stamp, keeping);
          }
        },
        refusal -> {
          if (!exchange.settled()) {
            keeping.dropped();
            exchange.fail(refusal);
          }
        });
  }

  private void fit(
      Exchange exchange, CompletionRequest request, Call call, AnswerStamp stamp, Keeping keeping) {
    Future<Fitted> fitted = fit.fit(request, call.truncation(), exchange::settled);
    if (fitted.succeeded()) {
      start(exchange, fitted.result(), call.format(), stamp, keeping);
      return;
    }
    exchange.settling(
        fitted,
        whole -> {
          if (!exchange.settled()) {
            start(exchange, whole, call.format(), stamp, keeping);
          }
        },
        problem -> {
          if (exchange.settled()) {
            return;
          }
          keeping.dropped();
          if (problem instanceof FailedCompletion failed) {
            exchange.error(call.format().describe(failed.failure()));
          } else {
            exchange.fail(problem);
          }
        });
  }

  private void start(
      Exchange exchange, Fitted fitted, AnswerFormat format, AnswerStamp plain, Keeping keeping) {
    CompletionRequest request = fitted.request();
    AnswerStamp stamp = plain.with(fitted.dropped());
    exchange.dropped(fitted.dropped().messages());
    Running running = new Running();
    Answer answer =
        request.delivery() == Delivery.STREAMED
            ? new StreamedAnswer(exchange, limits, request, format, stamp, keeping)
            : new WholeAnswer(exchange, request, format, stamp, keeping);
    exchange.whenGone(
        () -> {
          running.cancel();
          keeping.dropped();
        });
    MeteredListener metered = new MeteredListener(exchange, request.choices(), answer);
    running.set(
        dispatcher.start(
            request.inScope(exchange.caller().scope()),
            event -> {
              try {
                metered.on(event);
              } catch (RuntimeException e) {
                running.cancel();
                keeping.dropped();
                exchange.fail(e);
              }
            }));
    if (exchange.settled()) {
      running.cancel();
    }
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
        case CompletionEvent.PromptScored ignored -> {}
        case CompletionEvent.Failed ignored -> {}
      }
      answer.on(event);
    }
  }
}
