package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.dialect.AnswerStamp;
import dev.bitfleet.gateway.dialect.Dialect;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.RequestIds;

/** The operations that only generate: a dialect understands the body, its call is run. */
public final class CompletionHandler implements Handler {
  private final RequestReader reader;
  private final Dialect dialect;
  private final CompletionRunner runner;
  private final IdempotentRequests repeats;

  public CompletionHandler(
      RequestReader reader, Dialect dialect, CompletionRunner runner, IdempotentRequests repeats) {
    this.repeats = repeats;
    this.reader = reader;
    this.dialect = dialect;
    this.runner = runner;
  }

  @Override
  public void handle(Exchange exchange, byte[] body) {
    reader.read(
        exchange,
        body,
        dialect::read,
        call ->
            repeats.beginPassing(
                exchange,
                body,
                claim -> runner.run(exchange, call, stamp(), claim.remembering(call))));
  }

  private static AnswerStamp stamp() {
    return new AnswerStamp(RequestIds.random(), System.currentTimeMillis() / 1000);
  }
}
