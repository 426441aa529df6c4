package dev.bitfleet.app.fleet;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Asks a node's management port about its fleet. */
public final class FleetQuestion {
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
  private final URI management;

  /**
   * @param management scheme, host and port
   */
  public FleetQuestion(URI management) {
    this.management = management;
  }

  /**
   * {@code nodes} and {@code workers}, as that node sees them now.
   *
   * @throws IOException when nobody is there, or it is no Bitfleet; the message says so
   */
  public ObjectNode ask() throws IOException, InterruptedException {
    ObjectNode fleet = JsonMapper.shared().createObjectNode();
    fleet.set("nodes", list("nodes"));
    fleet.set("workers", list("workers"));
    return fleet;
  }

  private JsonNode list(String what) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(management.resolve("/" + what)).timeout(PATIENCE).build();
    try {
      HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      JsonNode list = JsonMapper.shared().readTree(answer.body()).path(what);
      if (answer.statusCode() == 200 && list.isArray()) {
        return list;
      }
      throw new IOException(
          management + " is no management port of Bitfleet: it answers " + answer.statusCode());
    } catch (JacksonException e) {
      throw new IOException(management + " is no management port of Bitfleet", e);
    } catch (java.net.ConnectException e) {
      throw new IOException("nobody listens at " + management, e);
    }
  }
}
