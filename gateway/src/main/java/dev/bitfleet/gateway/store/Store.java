package dev.bitfleet.gateway.store;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.Optional;

/**
 * All that a gateway keeps. It opens when it is first needed, or with {@link #open}; everything
 * waits for that. May be used from any thread; results come on the caller's Vert.x context. What a
 * client may be told of comes as {@link dev.bitfleet.gateway.contract.ApiException}.
 */
public final class Store {
  private final OffLoop offLoop;
  private final Conversations conversations;
  private final Documents responses;
  private final Documents pending;
  private final Promises promises;
  private final Documents completions;
  private final EventLogs events;
  private final Idempotency idempotency;
  private final int bytesPerDocument;

  /** Of a node that serves alone. */
  public Store(Vertx vertx, StoreOptions options, MeterRegistry registry) {
    this(vertx, options, Optional.empty(), registry);
  }

  /**
   * @param cluster empty when this node serves alone
   */
  public Store(
      Vertx vertx, StoreOptions options, Optional<Membership> cluster, MeterRegistry registry) {
    offLoop = new OffLoop(vertx, options, cluster, registry);
    conversations = new Conversations(offLoop);
    responses = new Documents(offLoop, Shelf.RESPONSES);
    pending = new Documents(offLoop, Shelf.PENDING_RESPONSES);
    promises = new Promises(offLoop);
    completions = new Documents(offLoop, Shelf.COMPLETIONS);
    events = new EventLogs(offLoop, options);
    idempotency = new Idempotency(offLoop);
    bytesPerDocument = options.bytesPerDocument();
  }

  /** Opens it now: a second of work for one core, which the first user then need not wait for. */
  public Future<Void> open() {
    return offLoop.run(vault -> {});
  }

  public Conversations conversations() {
    return conversations;
  }

  /** Responses. */
  public Documents responses() {
    return responses;
  }

  /** Responses that have been promised and are not there yet. */
  public Documents pending() {
    return pending;
  }

  /** Which node does what is {@link #pending}. */
  public Promises promises() {
    return promises;
  }

  /** Stored chat completions. */
  public Documents completions() {
    return completions;
  }

  /** Event logs of responses. */
  public EventLogs events() {
    return events;
  }

  /** Answers for requests that come twice. */
  public Idempotency idempotency() {
    return idempotency;
  }

  /** What one response or stored completion may have. */
  public int bytesPerDocument() {
    return bytesPerDocument;
  }

  /** Begins a change. */
  public Commit commit(String tenant) {
    return new Commit(offLoop, events, tenant);
  }

  /** Finishes what was begun and closes, for good. */
  public Future<Void> close() {
    return offLoop.close();
  }
}
