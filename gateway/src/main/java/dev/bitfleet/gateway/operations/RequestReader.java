package dev.bitfleet.gateway.operations;

import dev.bitfleet.gateway.contract.Contract;
import dev.bitfleet.gateway.contract.JsonText;
import dev.bitfleet.gateway.contract.Operation;
import dev.bitfleet.gateway.http.Exchange;
import io.vertx.core.Vertx;
import java.util.function.Consumer;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/** Reads bodies: JSON, held against the contract, understood. Event loop only. */
public final class RequestReader {
  /**
   * Longer bodies are read on a worker thread: a megabyte of JSON takes some ten milliseconds,
   * which every stream on this event loop would feel.
   */
  private static final int INLINE_BYTES = 64 << 10;

  private final Vertx vertx;
  private final Contract contract;

  public RequestReader(Vertx vertx, Contract contract) {
    this.vertx = vertx;
    this.contract = contract;
  }

  /**
   * Understands a body; whatever is wrong with it answers the exchange.
   *
   * @param understand from checked JSON; may run on a worker thread
   * @param then gets the result on the event loop, possibly before this returns; not called when
   *     the exchange has been settled meanwhile
   */
  public <T> void read(
      Exchange exchange, byte[] body, Function<JsonNode, T> understand, Consumer<T> then) {
    Operation operation = exchange.operation();
    if (body.length <= INLINE_BYTES) {
      try {
        then.accept(understand.apply(checked(operation, body)));
      } catch (RuntimeException e) {
        exchange.fail(e);
      }
      return;
    }
    exchange.settling(
        vertx.executeBlocking(() -> understand.apply(checked(operation, body)), false),
        understood -> {
          if (!exchange.settled()) {
            then.accept(understood);
          }
        });
  }

  private JsonNode checked(Operation operation, byte[] body) {
    JsonNode tree = JsonText.read(body);
    contract.check(operation, tree);
    return tree;
  }
}
