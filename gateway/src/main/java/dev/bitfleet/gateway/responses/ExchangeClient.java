package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall.Mode;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.store.StoredAnswer;
import dev.bitfleet.proto.Usage;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The client that asked for a response and waits for it, and those who repeat its request while it
 * runs: they get the same. Event loop only.
 */
final class ExchangeClient implements RunClient {
  private final Exchange first;
  private final HttpLimits limits;
  private final Claim claim;
  private final Optional<StreamPromise> promise;

  /** Who waits for the answer, or for the beginning of its stream. */
  private final Set<Exchange> waiting = new LinkedHashSet<>();

  private @Nullable ResponseRun run;
  private boolean promising;
  private boolean streaming;
  private long lastNanos;

  /**
   * @param promise to be given before its stream begins, where it is one that is kept
   */
  ExchangeClient(Exchange first, HttpLimits limits, Claim claim, Optional<StreamPromise> promise) {
    this.first = first;
    this.limits = limits;
    this.claim = claim;
    this.promise = promise;
  }

  /** Starts the run, which ends when all its clients leave before they have heard of it. */
  void start(ResponseRun started) {
    run = started;
    // From here on the run's end is the request's end: it may outlast its client.
    started.end().onComplete(ended -> claim.over());
    join(first);
    claim.outlives(started::open, this::join);
    started.start();
  }

  private ResponseRun run() {
    ResponseRun started = run;
    if (started == null) {
      throw new IllegalStateException("not started");
    }
    return started;
  }

  /** One more that wants it. */
  private void join(Exchange exchange) {
    if (streaming) {
      read(exchange);
      return;
    }
    waiting.add(exchange);
    exchange.whenGone(() -> left(exchange));
    if (exchange.settled()) {
      left(exchange);
    }
  }

  private void left(Exchange exchange) {
    if (waiting.remove(exchange) && waiting.isEmpty() && !promising) {
      run().drop();
    }
  }

  @Override
  public void opened() {
    if (run().events() == null || streaming || promising) {
      return;
    }
    if (promise.isEmpty()) {
      stream();
      return;
    }
    promising = true;
    run().promised(promise.get().give(run()).onSuccess(given -> stream()));
  }

  private void stream() {
    promising = false;
    streaming = true;
    // Who left meanwhile may come back, as one who has begun to read.
    run().readers().came();
    each(this::read);
    run().readers().left();
  }

  @Override
  public void gone() {
    promise.ifPresent(StreamPromise::over);
  }

  private void read(Exchange exchange) {
    LiveEvents events = run().events();
    if (events != null) {
      exchange.dropped(run().state().dropped().messages());
      run().readers().came();
      LiveReader.attach(exchange, limits, events, 0, run().readers()::left);
    }
  }

  /** Gives all who wait what they wait for. */
  private void each(Consumer<Exchange> telling) {
    List<Exchange> all = List.copyOf(waiting);
    waiting.clear();
    for (Exchange exchange : all) {
      if (!exchange.settled()) {
        telling.accept(exchange);
      }
    }
  }

  @Override
  public void progressed(int tokens) {
    long now = System.nanoTime();
    if (lastNanos == 0) {
      first.metrics().firstToken(first.operation(), now - first.beganNanos());
    } else {
      first.metrics().interToken((now - lastNanos) / Math.max(1, tokens));
    }
    lastNanos = now;
  }

  @Override
  public void used(Usage usage) {
    first.metrics().finished(usage);
    first.used(usage);
  }

  @Override
  public void ended() {
    ResponseRun ended = run();
    if (ended.answered() && !ended.keeps()) {
      LiveEvents events = ended.events();
      claim.remember(events == null ? 0 : events.bytes(), this::said);
    }
    if (ended.call().mode() == Mode.WHOLE) {
      byte[] json = json();
      each(
          exchange -> {
            exchange.dropped(ended.state().dropped().messages());
            exchange.json(200, json);
          });
    }
  }

  @Override
  public void refused(Throwable why) {
    each(exchange -> exchange.fail(why));
  }

  @Override
  public Optional<ResponseArchive.Replay> replay(byte[] last) {
    if (promise.isPresent()) {
      // Kept with the promise.
      return Optional.empty();
    }
    return Optional.of(new ResponseArchive.Replay(claim, () -> answer(last)));
  }

  private StoredAnswer answer(byte[] last) {
    ResponseRun ending = run();
    LiveEvents events = ending.events();
    if (events == null) {
      return IdempotentRequests.json(json());
    }
    return ending.call().store()
        ? StoredAnswer.eventsOf(ending.owner().id())
        : IdempotentRequests.events(events.joined().appendBytes(last).getBytes());
  }

  private StoredAnswer said() {
    LiveEvents events = run().events();
    return events == null
        ? IdempotentRequests.json(json())
        : IdempotentRequests.events(events.joined().getBytes());
  }

  private byte[] json() {
    return JsonMapper.shared().writeValueAsBytes(run().state().json());
  }
}
