package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.keys.ApiKey;
import dev.bitfleet.gateway.keys.KeyFile;
import dev.bitfleet.gateway.keys.KeyLimits;
import dev.bitfleet.gateway.keys.Scope;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import dev.bitfleet.proto.GenerationRequest;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys, limits, host names and origins, at a gateway that asks for keys. */
class KeysHttpTest {
  private static final String CHAT = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
  private static final String APP = ApiKey.newSecret();
  private static final String SMALL = ApiKey.newSecret();
  private static final String ONE = ApiKey.newSecret();
  private static final String ADMIN = ApiKey.newSecret();
  private static final int FLOOD = 3;
  private static final String QUEUE_DEPTH = "bitfleet_queue_depth";

  @TempDir Path folder;
  private Path file;
  private Gateway gateway;

  private static ApiKey key(String name, String secret, Set<Scope> scopes, KeyLimits limits) {
    return new ApiKey(name, name, ApiKey.hashOf(secret), scopes, limits);
  }

  @BeforeEach
  void start() throws IOException {
    file = folder.resolve("keys.yaml");
    KeyFile.write(
        file,
        List.of(
            key("app", APP, Scope.USUAL, KeyLimits.NONE),
            key("admin", ADMIN, Set.of(Scope.MODELS), KeyLimits.NONE),
            key(
                "one",
                ONE,
                Scope.USUAL,
                new KeyLimits(OptionalInt.empty(), OptionalLong.empty(), OptionalInt.of(1))),
            key(
                "small",
                SMALL,
                Scope.USUAL,
                new KeyLimits(OptionalInt.of(2), OptionalLong.of(1000), OptionalInt.empty()))));
    gateway = Gateway.withWorker(options -> options.keyFile(Optional.of(file)));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  private HttpResponse<String> chat(String... headers) {
    HttpRequest.Builder request = gateway.request("/v1/chat/completions", CHAT);
    if (headers.length > 0) {
      request.headers(headers);
    }
    return gateway.send(request.build());
  }

  private static String code(HttpResponse<String> response) {
    return Gateway.json(response).at("/error/code").asString();
  }

  @Test
  void without_a_key_or_with_a_wrong_one_nobody_gets_in_and_the_key_is_not_echoed() {
    HttpResponse<String> none = chat();
    assertThat(none.statusCode()).isEqualTo(401);
    assertThat(code(none)).isEqualTo("missing_api_key");
    assertThat(none.headers().firstValue("www-authenticate")).contains("Bearer");
    String wrong = ApiKey.newSecret();
    HttpResponse<String> other = chat("authorization", "Bearer " + wrong);
    assertThat(other.statusCode()).isEqualTo(401);
    assertThat(code(other)).isEqualTo("invalid_api_key");
    assertThat(other.body()).doesNotContain(wrong);
    assertThat(gateway.get("/v1/models").statusCode()).isEqualTo(401);
  }

  @Test
  void a_key_opens_in_each_of_its_spellings() {
    assertThat(chat("authorization", "Bearer " + APP).statusCode()).isEqualTo(200);
    assertThat(chat("authorization", "bearer " + APP).statusCode()).isEqualTo(200);
    assertThat(chat("api-key", APP).statusCode()).isEqualTo(200);
    assertThat(chat("x-api-key", APP).statusCode()).isEqualTo(200);
  }

  @Test
  void health_and_the_contract_ask_for_none() {
    assertThat(gateway.get("/health").statusCode()).isEqualTo(200);
    assertThat(gateway.get("/openapi.json").statusCode()).isEqualTo(200);
  }

  @Test
  void a_key_that_floods_the_queue_holds_up_itself() throws Exception {
    gateway.close();
    gateway = Gateway.withWorker(options -> options.keyFile(Optional.of(file)).queueLimit(FLOOD));
    gateway.worker().pause();
    var flood = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    int slots = 4;
    for (int i = 0; i < slots + FLOOD; i++) {
      int sent = i + 1;
      flood.add(later(APP));
      // One after the other, so that it is known which is the newest.
      Await.until(
          "it waits or runs", () -> gateway.worker().open() + gateway.metric(QUEUE_DEPTH) == sent);
    }
    CompletableFuture<HttpResponse<String>> other = later(ONE);
    HttpResponse<String> displaced = flood.getLast().get(10, TimeUnit.SECONDS);
    assertThat(displaced.statusCode()).isEqualTo(429);
    assertThat(code(displaced)).isEqualTo("queue_full");
    assertThat(displaced.headers().firstValue("retry-after")).isPresent();

    gateway.worker().resume();
    assertThat(other.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    for (var each : flood.subList(0, flood.size() - 1)) {
      assertThat(each.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
    List<Long> scopes =
        gateway.worker().seen().stream().map(GenerationRequest::cacheScope).toList();
    assertThat(scopes).hasSize(slots + FLOOD);
    assertThat(
            scopes.indexOf(
                scopes.stream()
                    .filter(each -> !each.equals(scopes.getFirst()))
                    .findFirst()
                    .orElseThrow()))
        .as("before the others of the flood, though it came last")
        .isEqualTo(slots);
  }

  private CompletableFuture<HttpResponse<String>> later(String secret) {
    return gateway
        .client()
        .sendAsync(
            gateway.request("/v1/chat/completions", CHAT).header("api-key", secret).build(),
            HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void a_key_without_the_scope_is_answered_403() {
    HttpResponse<String> refused = chat("authorization", "Bearer " + ADMIN);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(code(refused)).isEqualTo("insufficient_permissions");
    assertThat(Gateway.json(refused).at("/error/message").asString()).contains("'inference'");
  }

  @Test
  void a_revoked_key_is_out_soon_and_a_new_one_in() throws IOException {
    String fresh = ApiKey.newSecret();
    KeyFile.write(file, List.of(key("fresh", fresh, Scope.USUAL, KeyLimits.NONE)));
    Await.until("the new key opens", () -> chat("api-key", fresh).statusCode() == 200);
    assertThat(chat("api-key", APP).statusCode()).isEqualTo(401);
  }

  @Test
  void requests_a_minute_are_counted_and_told_in_headers() {
    HttpResponse<String> first = chat("api-key", SMALL);
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.headers().firstValue("x-ratelimit-limit-requests")).contains("2");
    assertThat(first.headers().firstValue("x-ratelimit-remaining-requests")).contains("1");
    assertThat(first.headers().firstValue("x-ratelimit-reset-requests").orElseThrow())
        .matches("30s|29\\.\\d+s");
    assertThat(first.headers().firstValue("x-ratelimit-limit-tokens")).contains("1000");
    assertThat(chat("api-key", SMALL).statusCode()).isEqualTo(200);
    HttpResponse<String> third = chat("api-key", SMALL);
    assertThat(third.statusCode()).isEqualTo(429);
    assertThat(code(third)).isEqualTo("rate_limit_exceeded");
    assertThat(Gateway.json(third).at("/error/type").asString()).isEqualTo("requests");
    assertThat(Integer.parseInt(third.headers().firstValue("retry-after").orElseThrow()))
        .isBetween(25, 30);
    assertThat(chat("api-key", APP).statusCode()).isEqualTo(200);
  }

  @Test
  void tokens_are_counted_when_they_are_known() {
    long before =
        Long.parseLong(
            chat("api-key", SMALL)
                .headers()
                .firstValue("x-ratelimit-remaining-tokens")
                .orElseThrow());
    HttpResponse<String> second = chat("api-key", SMALL);
    long after =
        Long.parseLong(second.headers().firstValue("x-ratelimit-remaining-tokens").orElseThrow());
    assertThat(after).isLessThan(before);
  }

  @Test
  void a_key_with_one_request_at_once_gets_one() throws Exception {
    try (RawConnection held = new RawConnection(gateway.port())) {
      held.send(
          "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
              + " application/json\r\nContent-Length: 100\r\napi-key: "
              + ONE
              + "\r\n\r\n{");
      Await.until("the second is refused", () -> chat("api-key", ONE).statusCode() == 429);
    }
    Await.until("the first has left", () -> chat("api-key", ONE).statusCode() == 200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "evil.example:8080", "localhost.evil.example", "1.2.3.4"})
  void another_host_name_is_not_answered_to(String host) throws Exception {
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send("GET /health HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      assertThat(connection.readUntil("host_not_allowed")).contains("421");
    }
  }

  @Test
  void a_page_of_another_origin_is_sent_away_and_the_servers_own_is_not() throws Exception {
    for (String origin : List.of("https://evil.example", "null", "http://localhost.evil.example")) {
      try (RawConnection connection = new RawConnection(gateway.port())) {
        connection.send(
            "GET /health HTTP/1.1\r\nHost: localhost\r\nOrigin: " + origin + "\r\n\r\n");
        assertThat(connection.readUntil("origin_not_allowed")).contains("403");
      }
    }
    try (RawConnection connection = new RawConnection(gateway.port())) {
      connection.send(
          "GET /health HTTP/1.1\r\nHost: 127.0.0.1:"
              + gateway.port()
              + "\r\nOrigin: http://127.0.0.1:"
              + gateway.port()
              + "\r\n\r\n");
      assertThat(connection.readUntil("ok")).contains("200");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0=0ms", "999=999ms", "1000=1s", "1500=1.5s", "60000=1m0s", "90500=1m30s"})
  void resets_are_written_as_clients_expect(String pair) {
    String[] parts = pair.split("=");
    assertThat(Gatekeeper.written(Duration.ofMillis(Long.parseLong(parts[0])))).isEqualTo(parts[1]);
  }
}
