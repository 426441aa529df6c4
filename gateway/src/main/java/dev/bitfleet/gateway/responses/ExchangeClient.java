package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.responses.ResponseCall.Mode;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.store.Attempt;
import dev.bitfleet.gateway.store.StoredAnswer;
import dev.bitfleet.proto.Usage;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** The client that asked for a response and waits for it. Event loop only. */
final class ExchangeClient implements RunClient {
  static final String DROPPED_HEADER = "x-bitfleet-dropped-messages";

  private final Exchange exchange;
  private final HttpLimits limits;
  private final Optional<Attempt.Fresh> attempt;
  private @Nullable ResponseRun run;
  private boolean reading;
  private long lastNanos;

  ExchangeClient(Exchange exchange, HttpLimits limits, Optional<Attempt.Fresh> attempt) {
    this.exchange = exchange;
    this.limits = limits;
    this.attempt = attempt;
  }

  /** Starts the run, and ends it when the client leaves before it has heard of it. */
  void start(ResponseRun started) {
    run = started;
    exchange.whenGone(started::drop);
    started.start();
    if (exchange.settled()) {
      started.drop();
    }
  }

  private ResponseRun run() {
    ResponseRun started = run;
    if (started == null) {
      throw new IllegalStateException("not started");
    }
    return started;
  }

  @Override
  public void opened() {
    LiveEvents events = run().events();
    if (events != null && !reading) {
      reading = true;
      saysWhatWasDropped();
      run().readerCame();
      LiveReader.attach(exchange, limits, events, 0, run()::readerLeft);
    }
  }

  private void saysWhatWasDropped() {
    int dropped = run().state().dropped().messages();
    if (dropped > 0) {
      exchange.response().putHeader(DROPPED_HEADER, Integer.toString(dropped));
    }
  }

  @Override
  public void progressed(int tokens) {
    long now = System.nanoTime();
    if (lastNanos == 0) {
      exchange.metrics().firstToken(exchange.operation(), now - exchange.beganNanos());
    } else {
      exchange.metrics().interToken((now - lastNanos) / Math.max(1, tokens));
    }
    lastNanos = now;
  }

  @Override
  public void used(Usage usage) {
    exchange.metrics().finished(usage);
    exchange.used(usage);
  }

  @Override
  public void ended() {
    if (run().call().mode() == Mode.WHOLE && !exchange.settled()) {
      saysWhatWasDropped();
      exchange.json(200, JsonMapper.shared().writeValueAsBytes(run().state().json()));
    }
  }

  @Override
  public void refused(Throwable why) {
    if (!exchange.settled()) {
      exchange.fail(why);
    }
  }

  @Override
  public Optional<ResponseArchive.Replay> replay(byte[] last) {
    if (attempt.isEmpty() || exchange.settled()) {
      return Optional.empty();
    }
    return Optional.of(new ResponseArchive.Replay(attempt.get(), () -> answer(last)));
  }

  private StoredAnswer answer(byte[] last) {
    LiveEvents events = run().events();
    if (events == null) {
      return new StoredAnswer(
          200, "application/json", JsonMapper.shared().writeValueAsBytes(run().state().json()));
    }
    return new StoredAnswer(200, "text/event-stream", events.joined().appendBytes(last).getBytes());
  }
}
