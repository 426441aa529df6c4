package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.TestWorker;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** {@code /api/v1/model/info}, {@code /api/v1/health}, {@code /props}. */
class ModelInfoTest {

  @Test
  void the_model_is_described() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      JsonNode info = Gateway.json(gateway.get("/api/v1/model/info"));

      assertThat(info.path("name").stringValue()).isEqualTo(Gateway.MODEL);
      assertThat(info.path("quantization").stringValue()).isEqualTo("I2_S");
      assertThat(info.path("context_window").intValue()).isEqualTo(TestWorker.CONTEXT);
      assertThat(info.at("/memory_usage/total_bytes").intValue()).isEqualTo(250_000);
      assertThat(gateway.get("/api/v1/model/info?model=nope").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void without_a_model_there_is_an_error_in_the_envelope() {
    try (Gateway gateway = Gateway.bare(o -> o)) {
      HttpResponse<String> answer = gateway.get("/api/v1/model/info");

      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(Gateway.json(answer).at("/error/code").stringValue())
          .isEqualTo("model_not_loaded");
      assertThat(gateway.get("/props").statusCode()).isEqualTo(503);
    }
  }

  @Test
  void health_tells_of_models_and_memory() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      JsonNode healthy = Gateway.json(gateway.get("/api/v1/health"));
      assertThat(healthy.path("status").stringValue()).isEqualTo("healthy");
      assertThat(healthy.path("model_loaded").booleanValue()).isTrue();
      assertThat(healthy.at("/memory/utilization").doubleValue()).isBetween(0.0, 1.0);

      gateway.worker().become(State.RESTARTING);
      Await.until("the gateway has heard", () -> gateway.get("/api/v1/health").statusCode() == 503);
      HttpResponse<String> away = gateway.get("/api/v1/health");
      assertThat(away.statusCode()).isEqualTo(503);
      assertThat(Gateway.json(away).path("model_loaded").booleanValue()).isFalse();
      assertThat(away.headers().firstValue("retry-after")).isPresent();
    }
  }

  @Test
  void props_show_the_context_and_nothing_of_what_is_asked() {
    try (Gateway gateway = Gateway.withWorker(o -> o)) {
      JsonNode props = Gateway.json(gateway.get("/props"));

      assertThat(props.at("/default_generation_settings/n_ctx").intValue())
          .isEqualTo(TestWorker.CONTEXT);
      assertThat(props.path("total_slots").intValue()).isEqualTo(4);
    }
  }
}
