package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.dialect.items.ItemIds;
import dev.bitfleet.gateway.dialect.responses.ResponseCall;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import dev.bitfleet.gateway.http.Caller;
import dev.bitfleet.gateway.http.Exchange;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.operations.Claim;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.store.Right;
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
  private final StoredResponses stored;
  private final BackgroundQueue queue;
  private final HttpLimits limits;

  CreateResponse(
      RequestReader reader,
      IdempotentRequests repeats,
      ResponsesDialect dialect,
      ResponseRuns runs,
      StoredResponses stored,
      BackgroundQueue queue,
      HttpLimits limits) {
    this.reader = reader;
    this.repeats = repeats;
    this.dialect = dialect;
    this.runs = runs;
    this.stored = stored;
    this.queue = queue;
    this.limits = limits;
  }

  private record Asked(JsonNode body, ResponseCall call) {
    /** Whether it leaves something behind. */
    boolean keeps() {
      return call.store() || call.conversation().isPresent();
    }
  }

  @Override
  public void handle(Exchange exchange, byte[] body) {
    String digits = ItemIds.randomDigits();
    long created = System.currentTimeMillis() / 1000;
    reader.read(
        exchange,
        body,
        tree -> {
          Caller caller = exchange.caller();
          Reach.requireFor(caller, tree, true);
          ResponseCall call = dialect.read(tree, digits, created, caller.mayUseConversations());
          return new Asked(tree, Reach.requireFor(caller, call));
        },
        asked ->
            repeats.begin(
                exchange,
                body,
                asked.keeps(),
                claim -> begin(exchange, asked, claim),
                this::again));
  }

  /** A repeated request gets what the first got; of a stream, what is still to come as well. */
  private void again(Exchange exchange, StoredAnswer answer) {
    if (answer.eventsOf().isPresent()) {
      IdempotentRequests.sayReplayed(exchange);
      stored.follow(exchange, Owner.of(exchange.caller(), answer.eventsOf().get()), 0);
    } else {
      IdempotentRequests.replay(exchange, answer);
    }
  }

  private void begin(Exchange exchange, Asked asked, Claim claim) {
    ResponseCall call = asked.call();
    Owner owner = Owner.of(exchange.caller(), call.id());
    if (call.mode().background()) {
      inBackground(exchange, owner, asked, claim);
      return;
    }
    long scope = exchange.caller().scope();
    Optional<StreamPromise> promise =
        call.promised()
            ? Optional.of(new StreamPromise(runs.archive(), claim, work(asked, scope)))
            : Optional.empty();
    ExchangeClient client = new ExchangeClient(exchange, limits, claim, promise);
    client.start(runs.add(owner, scope, call, client));
  }

  private static PromisedWork work(Asked asked, long scope) {
    ResponseCall call = asked.call();
    return PromisedWork.first(asked.body(), call.sampling().seed(), call.created(), scope);
  }

  private void inBackground(Exchange exchange, Owner owner, Asked asked, Claim claim) {
    queue.requirePlace();
    ResponseCall call = asked.call();
    exchange.settling(
        checked(owner, call)
            .compose(
                context ->
                    runs.archive().claimFresh(owner).map(right -> new Checked(context, right))),
        checked -> acknowledge(exchange, owner, asked, checked, claim));
  }

  /** What can be promised, and the right to do it: nobody else must think it left behind. */
  private record Checked(ContextReader.Context context, Right right) {}

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
      Exchange exchange, Owner owner, Asked asked, Checked checked, Claim claim) {
    if (exchange.settled()) {
      checked.right().release();
      // Nobody has been promised anything, and nobody is there to promise it to.
      return;
    }
    ResponseCall call = asked.call();
    PromisedWork work = work(asked, exchange.caller().scope());
    ResponseRun run =
        queue.add(
            owner,
            work,
            call,
            checked.right(),
            usage -> {
              exchange.metrics().finished(usage);
              exchange.used(usage);
            });
    ResponseDocument queued = ResponseDocument.of(run.state(), checked.context().input());
    ResponseArchive.Replay replay = new ResponseArchive.Replay(claim, () -> answer(call, queued));
    exchange.settling(
        runs.archive().promise(owner, queued, work, Optional.of(replay)),
        kept -> {
          // Promised, whatever becomes of this client.
          queue.enter(run);
          claim.outlives(() -> true, again -> answer(again, call, queued, run));
          run.end().onComplete(ended -> claim.over());
          answer(exchange, call, queued, run);
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
      run.readers().came();
      LiveReader.attach(exchange, limits, events, 0, run.readers()::left);
    } else {
      exchange.json(200, queued.responseBytes());
    }
  }

  private static StoredAnswer answer(ResponseCall call, ResponseDocument queued) {
    return call.mode().streamed()
        ? StoredAnswer.eventsOf(call.id())
        : IdempotentRequests.json(queued.responseBytes());
  }
}
