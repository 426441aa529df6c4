package dev.bitfleet.gateway.management;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class ManagementServerTest {
  private final Gateway gateway = Gateway.bare(UnaryOperator.identity());

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void it_is_live_before_it_is_ready() {
    assertThat(gateway.management("/health/live").statusCode()).isEqualTo(200);
    assertThat(gateway.management("/health/ready").statusCode()).isEqualTo(503);
    HttpResponse<String> health = gateway.get("/health");
    assertThat(health.statusCode()).isEqualTo(503);
    assertThat(health.body()).contains("unavailable").contains("no_worker");
    gateway.worker("worker-1", 2);
    assertThat(gateway.management("/health/ready").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
  }

  @Test
  void it_is_not_ready_while_the_model_loads() {
    gateway.worker("worker-1", 2).become(State.STARTING);
    Await.until(
        "it loads",
        () -> Gateway.json(gateway.get("/health")).path("status").asString().equals("loading"));
    assertThat(gateway.management("/health/ready").statusCode()).isEqualTo(503);
  }

  @Test
  void workers_are_listed() {
    gateway.worker("worker-1", 2);
    JsonNode worker = Gateway.json(gateway.management("/workers")).path("workers").path(0);
    assertThat(worker.path("id").stringValue()).isEqualTo("worker-1");
    assertThat(worker.path("state").stringValue()).isEqualTo("ready");
    assertThat(worker.path("model").stringValue()).isEqualTo(Gateway.MODEL);
    assertThat(worker.path("slots").intValue()).isEqualTo(2);
  }

  @Test
  void metrics_count_what_happened_and_carry_nothing_a_client_wrote() {
    gateway.worker("worker-1", 2);
    gateway.post(
        "/v1/chat/completions?key=sk-secret",
        """
        {"messages":[{"role":"user","content":"unmistakable"}],"max_tokens":5,"user":"unmistakable"}""");
    gateway.get("/unmistakable");
    assertThat(gateway.metric("bitfleet_prompt_tokens_total")).isEqualTo(7);
    assertThat(gateway.metric("bitfleet_cached_tokens_total")).isEqualTo(2);
    assertThat(gateway.metric("bitfleet_completion_tokens_total")).isEqualTo(5);
    assertThat(
            gateway.metric(
                "bitfleet_time_to_first_token_seconds_count{operation=\"createChatCompletion\"}"))
        .isEqualTo(1);
    assertThat(gateway.metric("bitfleet_inter_token_latency_seconds_count")).isEqualTo(4);
    assertThat(gateway.metric("bitfleet_queue_wait_seconds_count")).isEqualTo(1);
    Await.until(
        "requests are counted",
        () ->
            gateway.metric("bitfleet_requests_seconds_count{operation=\"none\",status=\"404\"}")
                == 1);
    assertThat(
            gateway.metric(
                "bitfleet_requests_seconds_count{operation=\"createChatCompletion\",status=\"200\"}"))
        .isEqualTo(1);
    Await.until("the fleet is shown", () -> gateway.metric("bitfleet_slots{state=\"total\"}") == 2);
    assertThat(gateway.metric("bitfleet_workers{state=\"ready\"}")).isEqualTo(1);
    assertThat(gateway.management("/metrics").body())
        .doesNotContain("unmistakable")
        .doesNotContain("sk-secret");
  }

  @Test
  void metrics_of_the_runtime_have_no_label_a_client_could_fill() {
    gateway.worker("worker-1", 2);
    gateway.get("/a/path/nobody/knows");
    assertThat(gateway.management("/metrics").body())
        .contains("vertx_pool_in_use")
        .contains("jvm_memory_used_bytes")
        .doesNotContain("a/path")
        .doesNotContain("method=\"")
        .doesNotContain("address=\"");
  }

  @Test
  void a_stopping_gateway_finishes_what_it_began_and_takes_nothing_new() throws Exception {
    gateway.worker("worker-1", 2).pace(20);
    var running =
        gateway.postLater("/completion", "{\"prompt\":\"hi\",\"n_predict\":60,\"stream\":true}");
    Await.until("it streams", () -> gateway.worker().sent() > 3);
    try (RawConnection kept = new RawConnection(gateway.port())) {
      kept.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").readUntil("ok");
      var stopped = gateway.stop();
      Await.until("it is not ready", () -> gateway.management("/health/ready").statusCode() == 503);
      assertThat(
              kept.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").readUntil("\"code\":"))
          .contains("HTTP/1.1 503")
          .contains("retry-after: 1");
      assertThat(Gateway.chunks(running.join().body())).hasSize(61);
      stopped.get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void other_paths_and_methods_are_told_so() {
    assertThat(gateway.management("/").statusCode()).isEqualTo(404);
  }
}
