package dev.bitfleet.acceptance;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A plain HTTP client of the API that shows every byte of an answer. */
final class Chat {
  private static final JsonMapper JSON = JsonMapper.shared();

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final URI api;

  Chat(BitfleetProcess bitfleet) {
    this(bitfleet.api());
  }

  /**
   * The same of what stands before it.
   *
   * @param api scheme, host and port
   */
  Chat(URI api) {
    this.api = api;
  }

  /** A chat request of one question, greedy. */
  static ObjectNode question(String content) {
    ObjectNode body = JSON.createObjectNode();
    body.putArray("messages").addObject().put("role", "user").put("content", content);
    return body.put("temperature", 0).put("max_tokens", 120);
  }

  /** A completion that goes on until {@code tokens} are out. */
  static ObjectNode endless(int tokens) {
    return JSON.createObjectNode()
        .put("prompt", "Once upon a time")
        .put("n_predict", tokens)
        .put("temperature", 0)
        .put("ignore_eos", true);
  }

  /** Posts and waits for the whole answer. */
  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return http.send(request(path, body, "application/json"), HttpResponse.BodyHandlers.ofString());
  }

  /** The same for a body that is meant to be wrong. */
  HttpResponse<String> post(String path, byte[] body, String contentType)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(api.resolve(path))
            .header("content-type", contentType)
            .timeout(Duration.ofSeconds(60))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(api.resolve(path)).timeout(Duration.ofSeconds(30)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** The text of a greedy answer to one question. */
  String ask(String content) throws IOException, InterruptedException {
    return ok(post("/v1/chat/completions", question(content).toString()))
        .at("/choices/0/message/content")
        .asString();
  }

  /** The JSON of an answer that has to be 200. */
  static JsonNode ok(HttpResponse<String> answer) {
    if (answer.statusCode() != 200) {
      throw new AssertionError(answer.statusCode() + " " + answer.body());
    }
    return JSON.readTree(answer.body());
  }

  /** Opens a stream; the head of the answer has arrived when this returns. */
  Stream stream(String path, ObjectNode body) throws IOException, InterruptedException {
    ObjectNode streaming = body.deepCopy().put("stream", true);
    HttpResponse<InputStream> response =
        http.send(
            request(path, streaming.toString(), "application/json"),
            HttpResponse.BodyHandlers.ofInputStream());
    return new Stream(response);
  }

  private HttpRequest request(String path, String body, String contentType) {
    return HttpRequest.newBuilder(api.resolve(path))
        .header("content-type", contentType)
        .timeout(Duration.ofSeconds(60))
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  /** The events of one stream, read as they come. */
  static final class Stream implements AutoCloseable {
    private final HttpResponse<InputStream> response;
    private final BufferedReader reader;

    private Stream(HttpResponse<InputStream> response) {
      this.response = response;
      this.reader =
          new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
    }

    int status() {
      return response.statusCode();
    }

    Map<String, List<String>> headers() {
      return response.headers().map();
    }

    /** The data of the next event; null at the end, whether it came in order or broke off. */
    @org.jspecify.annotations.Nullable String next() {
      try {
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
          if (line.startsWith("data: ")) {
            return line.substring("data: ".length());
          }
          if (line.startsWith("error: ")) {
            return line.substring("error: ".length());
          }
        }
        return null;
      } catch (IOException e) {
        return null;
      }
    }

    /** Reads events until one carries text; that event. */
    JsonNode firstText() {
      for (String data = next(); data != null; data = next()) {
        JsonNode event = JSON.readTree(data);
        if (!text(event).isEmpty()) {
          return event;
        }
      }
      throw new AssertionError("the stream ended without text");
    }

    /** The data of all events that are left. */
    List<String> rest() {
      var events = new ArrayList<String>();
      for (String data = next(); data != null; data = next()) {
        events.add(data);
      }
      return events;
    }

    /** Leaves, as a client does that closes its window. */
    @Override
    public void close() throws IOException {
      response.body().close();
    }
  }

  /** The text an event carries, whichever dialect it is of. */
  static String text(JsonNode event) {
    for (String place : List.of("/choices/0/delta/content", "/choices/0/text", "/content")) {
      JsonNode text = event.at(place);
      if (text.isString()) {
        return text.asString();
      }
    }
    return "";
  }
}
