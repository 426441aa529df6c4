package dev.bitfleet.gateway.responses;

import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.dialect.responses.ResponsesDialect;
import dev.bitfleet.gateway.dispatch.ResponseNotices;
import dev.bitfleet.gateway.dispatch.TextService;
import dev.bitfleet.gateway.http.Handler;
import dev.bitfleet.gateway.http.HttpLimits;
import dev.bitfleet.gateway.http.ReadBudget;
import dev.bitfleet.gateway.operations.IdempotentRequests;
import dev.bitfleet.gateway.operations.RequestReader;
import dev.bitfleet.gateway.operations.UnknownModels;
import dev.bitfleet.gateway.store.Store;
import dev.bitfleet.proto.BusAddresses;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Map;

/** The Responses API, put together. Event loop only. */
public final class ResponseOperations {
  private final RequestReader reader;
  private final IdempotentRequests repeats;
  private final ResponsesDialect dialect;
  private final TextService text;
  private final UnknownModels unknown;
  private final HttpLimits limits;
  private final ResponseRuns runs;
  private final BackgroundQueue queue;
  private final Recovery recovery;
  private final ResponseNotices callOffs;
  private final ResponseNotices readings;

  public ResponseOperations(
      Vertx vertx,
      RequestReader reader,
      IdempotentRequests repeats,
      ResponsesDialect dialect,
      FleetAccess fleet,
      Store store,
      HttpLimits limits,
      ReadBudget reads,
      ResponseLimits responseLimits) {
    this.reader = reader;
    this.repeats = repeats;
    this.dialect = dialect;
    this.text = fleet.text();
    this.unknown = fleet.unknown();
    this.limits = limits;
    ResponseArchive archive = new ResponseArchive(store);
    this.runs =
        new ResponseRuns(
            vertx,
            fleet.dispatcher(),
            archive,
            new Preparation(fleet.fit(), fleet.grammars(), fleet.unknown()),
            responseLimits,
            reads);
    this.queue = new BackgroundQueue(vertx, runs, responseLimits);
    this.recovery = new Recovery(runs, queue, dialect, responseLimits);
    this.callOffs = new ResponseNotices(vertx, BusAddresses.CALL_OFFS);
    callOffs.start((tenant, id) -> runs.calledOff(new Owner(tenant, id)));
    this.readings = new ResponseNotices(vertx, BusAddresses.READINGS);
    readings.start((tenant, id) -> runs.readElsewhere(new Owner(tenant, id)));
  }

  /** Adds a handler for each of its operations. */
  public void addTo(Map<Operation, Handler> handlers) {
    StoredResponses stored = new StoredResponses(runs, limits, callOffs, readings);
    handlers.put(
        Operation.CREATE_RESPONSE,
        new CreateResponse(reader, repeats, dialect, runs, stored, queue, limits));
    handlers.put(
        Operation.COUNT_RESPONSE_INPUT_TOKENS,
        new CountInputTokens(reader, dialect, runs, text, unknown));
    handlers.put(Operation.COMPACT_RESPONSE, new CompactResponse());
    handlers.put(Operation.RETRIEVE_RESPONSE, (exchange, body) -> stored.retrieve(exchange));
    handlers.put(Operation.DELETE_RESPONSE, (exchange, body) -> stored.delete(exchange));
    handlers.put(Operation.CANCEL_RESPONSE, (exchange, body) -> stored.cancel(exchange));
    handlers.put(
        Operation.LIST_RESPONSE_INPUT_ITEMS, (exchange, body) -> stored.inputItems(exchange));
  }

  /**
   * Takes up what nobody does any more: its node has died, or an earlier life of this one left it.
   * To be called from time to time.
   */
  public Future<Void> takeUp() {
    return recovery.takeUp();
  }

  /** Ends what runs; acknowledged work is done elsewhere, or at the next start. */
  public void stop() {
    callOffs.stop();
    readings.stop();
    queue.stop();
    runs.stop();
  }
}
