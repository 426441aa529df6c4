package dev.bitfleet.gateway.dispatch;

import dev.bitfleet.proto.BusAddresses;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the gateways that a response is to be called off, whichever of them runs it. Nobody
 * answers, and what is said may get lost: whoever says it looks for what has come of it. Event loop
 * only.
 */
public final class CallOffs {
  private final Vertx vertx;
  private @Nullable MessageConsumer<String> consumer;

  public CallOffs(Vertx vertx) {
    this.vertx = vertx;
  }

  /**
   * Begins to listen.
   *
   * @param heard is given whose it is, and the response's id
   */
  public void start(BiConsumer<String, String> heard) {
    consumer =
        vertx
            .eventBus()
            .consumer(
                BusAddresses.CALL_OFFS,
                message -> {
                  String[] parts = message.body().split(" ", 2);
                  if (parts.length == 2) {
                    heard.accept(parts[1], parts[0]);
                  }
                });
  }

  public void tell(String tenant, String id) {
    vertx.eventBus().publish(BusAddresses.CALL_OFFS, id + " " + tenant);
  }

  public void stop() {
    if (consumer != null) {
      consumer.unregister();
    }
  }
}
