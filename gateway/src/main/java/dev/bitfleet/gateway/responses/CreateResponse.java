package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.store.Attempt;
import dev.bitfleet.gateway.store.StoredAnswer;
import io.vertx.core.Future;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** {@code POST /v1/responses}. Event loop only. */
final class CreateResponse implements Handler {
  private final RequestReader reader;
  private final IdempotentRequests repeats;
  private final ResponsesDialect dialect;
  private final ResponseRuns runs;
  private final BackgroundQueue queue;
  private final HttpLimits limits;

  CreateResponse(
      RequestReader reader,
      IdempotentRequests repeats,
      ResponsesDialect dialect,
      ResponseRuns runs,
      BackgroundQueue queue,
      HttpLimits limits) {
    this.reader = reader;
    this.repeats = repeats;
    this.dialect = dialect;
    this.runs = runs;
    this.queue = queue;
    this.limits = limits;
  }

  private record Asked(JsonNode body, ResponseCall call) {}

  @Override
  public void handle(Exchange exchange, byte[] body) {
    String digits = ItemIds.randomDigits();
    long created = System.currentTimeMillis() / 1000;
    repeats.begin(
        exchange,
        body,
        attempt ->
            reader.read(
                exchange,
                body,
                tree -> new Asked(tree, dialect.read(tree, digits, created)),
                asked -> begin(exchange, asked, attempt)));
  }

  private void begin(Exchange exchange, Asked asked, Optional<Attempt.Fresh> attempt) {
    ResponseCall call = asked.call();
    Owner owner = Owner.of(exchange.caller(), call.id());
    if (call.mode().background()) {
      inBackground(exchange, owner, asked, attempt);
      return;
    }
    ExchangeClient client = new ExchangeClient(exchange, limits, attempt);
    client.start(runs.add(owner, exchange.caller().scope(), call, client));
  }

  private void inBackground(
      Exchange exchange, Owner owner, Asked asked, Optional<Attempt.Fresh> attempt) {
    queue.requirePlace();
    ResponseCall call = asked.call();
    checked(owner, call)
        .onComplete(
            context -> acknowledge(exchange, owner, asked, context, attempt), exchange::fail);
  }

  /** What would be refused is refused now, while somebody is there to hear it. */
  private Future<ContextReader.Context> checked(Owner owner, ResponseCall call) {
    Future<List<? extends JsonNode>> history =
        call.conversation().isEmpty()
            ? Future.succeededFuture(List.of())
            : runs.archive()
                .conversationItems(owner.tenant(), call.conversation().get())
                .map(items -> items);
    return history
        .compose(items -> runs.contexts().read(owner.tenant(), call, items))
        .compose(context -> runs.preparation().check(call, context).map(context));
  }

  private void acknowledge(
      Exchange exchange,
      Owner owner,
      Asked asked,
      ContextReader.Context context,
      Optional<Attempt.Fresh> attempt) {
    ResponseCall call = asked.call();
    long scope = exchange.caller().scope();
    ResponseRun run =
        queue.add(
            owner,
            scope,
            call,
            usage -> {
              exchange.metrics().finished(usage);
              exchange.used(usage);
            });
    ResponseDocument queued = ResponseDocument.of(run.state(), context.input());
    BackgroundWork work =
        BackgroundWork.first(asked.body(), call.sampling().seed(), call.created(), scope);
    Optional<ResponseArchive.Replay> replay =
        exchange.settled()
            ? Optional.empty()
            : attempt.map(
                fresh -> new ResponseArchive.Replay(fresh, () -> answer(call, queued, run)));
    runs.archive()
        .acknowledge(owner, queued, work, replay)
        .onComplete(
            kept -> {
              answer(exchange, call, queued, run);
              queue.enter(run);
            },
            why -> {
              run.drop();
              exchange.fail(why);
            });
  }

  private void answer(
      Exchange exchange, ResponseCall call, ResponseDocument queued, ResponseRun run) {
    LiveEvents events = run.events();
    if (exchange.settled()) {
      return;
    }
    if (call.mode().streamed() && events != null) {
      run.readerCame();
      LiveReader.attach(exchange, limits, events, 0, run::readerLeft);
    } else {
      exchange.json(200, queued.responseBytes());
    }
  }

  private static StoredAnswer answer(ResponseCall call, ResponseDocument queued, ResponseRun run) {
    LiveEvents events = run.events();
    return call.mode().streamed() && events != null
        ? new StoredAnswer(200, "text/event-stream", events.joined().getBytes())
        : new StoredAnswer(200, "application/json", queued.responseBytes());
  }
}
