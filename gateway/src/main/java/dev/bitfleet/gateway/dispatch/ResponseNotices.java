package dev.bitfleet.gateway.dispatch;

import io.vertx.core.Vertx;
import io.vertx.core.eventbus.MessageConsumer;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the gateways one thing about a response, whichever of them runs it: that it is to be called
 * off, or that somebody reads it. Nobody answers, and what is said may get lost: whoever says it
 * says it again, or looks for what has come of it. Event loop only.
 */
public final class ResponseNotices {
  private final Vertx vertx;
  private final String address;
  private @Nullable MessageConsumer<String> consumer;

  public ResponseNotices(Vertx vertx, String address) {
    this.vertx = vertx;
    this.address = address;
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
                address,
                message -> {
                  String[] parts = message.body().split(" ", 2);
                  if (parts.length == 2) {
                    heard.accept(parts[1], parts[0]);
                  }
                });
  }

  public void tell(String tenant, String id) {
    vertx.eventBus().publish(address, id + " " + tenant);
  }

  public void stop() {
    if (consumer != null) {
      consumer.unregister();
    }
  }
}
