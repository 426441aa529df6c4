package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.telemetry.GatewayMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ExchangeTest {
  private static HttpResponse<String> answer(Consumer<Exchange> handling)
      throws IOException, InterruptedException {
    Vertx vertx = Vertx.vertx();
    GatewayMetrics metrics = new GatewayMetrics(new SimpleMeterRegistry());
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpServer server =
          vertx
              .createHttpServer()
              .requestHandler(request -> handling.accept(new Exchange(request, metrics, "req_1")))
              .listen(0, "127.0.0.1")
              .toCompletionStage()
              .toCompletableFuture()
              .join();
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort()))
              .timeout(Duration.ofSeconds(10))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().join();
    }
  }

  private static void isInternalError(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(500);
    assertThat(answer.body()).contains("internal_error").doesNotContain("secret");
  }

  @Test
  void a_handler_of_a_future_that_throws_is_answered() throws Exception {
    isInternalError(
        answer(
            exchange -> {
              Promise<String> later = Promise.promise();
              exchange.settling(
                  later.future(),
                  value -> {
                    throw new IllegalStateException("secret " + value);
                  });
              Vertx.currentContext().runOnContext(now -> later.complete("x"));
            }));
  }

  @Test
  void a_handler_of_a_failure_that_throws_is_answered() throws Exception {
    isInternalError(
        answer(
            exchange ->
                exchange.settling(
                    Future.failedFuture("secret"),
                    value -> {},
                    why -> {
                      throw new IllegalStateException("secret");
                    })));
  }

  @Test
  void an_end_that_fails_does_not_keep_the_others_from_theirs() throws Exception {
    AtomicBoolean other = new AtomicBoolean();
    HttpResponse<String> answer =
        answer(
            exchange -> {
              exchange.atEnd(
                  () -> {
                    throw new IllegalStateException("secret");
                  });
              exchange.atEnd(() -> other.set(true));
              exchange.json(200, new byte[] {'1'});
            });
    assertThat(answer.body()).isEqualTo("1");
    assertThat(other).isTrue();
  }
}
