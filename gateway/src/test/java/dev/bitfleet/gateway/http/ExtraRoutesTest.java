package dev.bitfleet.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bitfleet.gateway.keys.ApiKey;
import dev.bitfleet.gateway.keys.KeyFile;
import dev.bitfleet.gateway.keys.KeyLimits;
import dev.bitfleet.gateway.keys.Scope;
import dev.bitfleet.gateway.testing.Gateway;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Routes of a program that has a gateway within it. */
class ExtraRoutesTest {
  @TempDir Path folder;

  private static final ExtraRoute ECHO =
      new ExtraRoute(
          "POST",
          "/app/echo",
          false,
          request ->
              RouteAnswer.text(
                  201,
                  request.tenant()
                      + "|"
                      + request.query().get("q")
                      + "|"
                      + request.header("x-mine").orElse("-")
                      + "|"
                      + request.header("authorization").orElse("no key")
                      + "|"
                      + new String(request.body(), StandardCharsets.UTF_8)));
  private static final ExtraRoute OPEN =
      new ExtraRoute("GET", "/app", true, request -> RouteAnswer.json(200, "{}"));

  @Test
  void they_pass_the_same_doors_and_never_see_the_key() throws Exception {
    String secret = ApiKey.newSecret();
    Path keys = folder.resolve("keys.yaml");
    KeyFile.write(
        keys, List.of(new ApiKey("k", "acme", ApiKey.hashOf(secret), Scope.USUAL, KeyLimits.NONE)));
    try (Gateway gateway =
        Gateway.withRoutes(options -> options.keyFile(Optional.of(keys)), ECHO, OPEN)) {
      assertThat(gateway.get("/app").body()).isEqualTo("{}");
      HttpRequest.Builder request =
          HttpRequest.newBuilder(gateway.uri("/app/echo?q=a%20b&q=c"))
              .header("x-mine", "1")
              .header("content-type", "text/plain")
              .POST(HttpRequest.BodyPublishers.ofString("Grüße"));
      assertThat(gateway.send(request.build()).statusCode()).isEqualTo(401);
      HttpResponse<String> answer =
          gateway.send(request.header("authorization", "Bearer " + secret).build());
      assertThat(answer.statusCode()).isEqualTo(201);
      assertThat(answer.body()).isEqualTo("acme|[a b, c]|1|no key|Grüße");
      assertThat(gateway.get("/app/other").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void what_they_throw_is_a_500_that_tells_nothing() {
    ExtraRoute broken =
        new ExtraRoute(
            "GET",
            "/broken",
            true,
            request -> {
              throw new IllegalStateException("secret");
            });
    try (Gateway gateway = Gateway.withRoutes(options -> options, broken)) {
      HttpResponse<String> answer = gateway.get("/broken");
      assertThat(answer.statusCode()).isEqualTo(500);
      assertThat(answer.body()).contains("internal_error").doesNotContain("secret");
    }
  }

  @Test
  void they_cannot_stand_where_another_route_does() {
    ExtraRoute mine =
        new ExtraRoute("GET", "/v1/models", true, request -> RouteAnswer.json(200, "{}"));
    assertThatThrownBy(() -> Gateway.withRoutes(options -> options, mine))
        .hasMessageContaining("taken already");
    assertThatThrownBy(
            () -> new ExtraRoute("GET", "no slash", true, request -> RouteAnswer.json(200, "")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
