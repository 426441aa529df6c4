package dev.bitfleet.app.chat;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A server with OpenAI's API. Its calls block; an interrupt ends them. Thread-safe. */
final class ChatServer {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration SHORT_CALL = Duration.ofSeconds(30);
  private static final int LONGEST_ERROR = 2000;

  private final ServerAddress address;
  private final Optional<String> key;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CONNECT_TIMEOUT)
          .build();

  ChatServer(ServerAddress address, Optional<String> key) {
    this.address = address;
    this.key = key;
  }

  ServerAddress address() {
    return address;
  }

  /** Ids of the models it serves. */
  List<String> models() throws ChatException, InterruptedException {
    List<String> ids = new ArrayList<>();
    json(request("/models").timeout(SHORT_CALL).build())
        .path("data")
        .forEach(model -> ids.add(model.path("id").asString("")));
    return ids;
  }

  /** Begins a conversation that the server keeps; gives its id. */
  String newConversation() throws ChatException, InterruptedException {
    JsonNode made =
        json(
            request("/conversations")
                .timeout(SHORT_CALL)
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build());
    return made.path("id").asString(made.path("conversation_id").asString(""));
  }

  /** What was said in a conversation that the server keeps. */
  List<Message> conversation(String id) throws ChatException, InterruptedException {
    List<Message> messages = new ArrayList<>();
    json(request("/conversations/" + id).timeout(SHORT_CALL).build())
        .path("messages")
        .forEach(
            message ->
                messages.add(
                    new Message(
                        message.path("role").asString("?"), message.path("content").asString(""))));
    return messages;
  }

  /**
   * Has messages answered.
   *
   * @param conversation id of the one they continue; empty when the messages are the whole chat
   * @param options further fields of the request
   * @param piece gets the text as it comes
   * @throws InterruptedException when the thread was interrupted; the server then hears that nobody
   *     listens any more
   */
  Answer answer(
      Optional<String> conversation,
      List<Message> messages,
      String model,
      Map<String, JsonNode> options,
      Consumer<String> piece)
      throws ChatException, InterruptedException {
    ObjectNode body = JsonMapper.shared().createObjectNode();
    options.forEach(body::set);
    body.put("model", model);
    ArrayNode list = body.putArray("messages");
    messages.forEach(m -> list.addObject().put("role", m.role()).put("content", m.content()));
    body.put("stream", true);
    body.putObject("stream_options").put("include_usage", true);
    String path =
        conversation.map(id -> "/conversations/" + id + "/chat").orElse("/chat/completions");
    HttpRequest request =
        request(path)
            .header("content-type", "application/json")
            .header("accept", "text/event-stream")
            .POST(
                HttpRequest.BodyPublishers.ofByteArray(JsonMapper.shared().writeValueAsBytes(body)))
            .build();
    long began = System.nanoTime();
    HttpResponse<InputStream> response = send(request);
    try (InputStream in = response.body()) {
      if (response.statusCode() != 200) {
        throw refused(response.statusCode(), in);
      }
      var reading = new Reading(began, piece, dropped(response));
      var events = new EventStream(in);
      for (Optional<String> event = events.next(); event.isPresent(); event = events.next()) {
        if (event.get().equals("[DONE]")) {
          return reading.answer();
        }
        reading.take(event.get());
      }
      if (reading.reason.isEmpty()) {
        throw new ChatException("the answer broke off: the server closed the stream");
      }
      return reading.answer();
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw interrupted(e);
      }
      throw new ChatException("the answer broke off: " + cause(e), e);
    }
  }

  private static InterruptedException interrupted(Throwable cause) {
    var interrupted = new InterruptedException();
    interrupted.initCause(cause);
    return interrupted;
  }

  private static int dropped(HttpResponse<?> response) {
    return response
        .headers()
        .firstValue("x-bitfleet-dropped-messages")
        .filter(text -> text.matches("\\d{1,9}"))
        .map(Integer::parseInt)
        .orElse(0);
  }

  /** An answer as it comes in. */
  private static final class Reading {
    private final long beganNanos;
    private final Consumer<String> piece;
    private final int dropped;
    private final StringBuilder text = new StringBuilder();
    private String reason = "";
    private int pieces;
    private long firstNanos;
    private OptionalInt promptTokens = OptionalInt.empty();
    private OptionalInt cachedTokens = OptionalInt.empty();
    private OptionalInt completionTokens = OptionalInt.empty();

    Reading(long beganNanos, Consumer<String> piece, int dropped) {
      this.beganNanos = beganNanos;
      this.piece = piece;
      this.dropped = dropped;
    }

    void take(String data) throws ChatException {
      JsonNode chunk;
      try {
        chunk = JsonMapper.shared().readTree(data);
      } catch (JacksonException e) {
        throw new ChatException("the server sent an event that is not JSON", e);
      }
      if (chunk.hasNonNull("error")) {
        throw new ChatException(message(chunk.path("error"), "the answer failed"));
      }
      JsonNode choice = chunk.path("choices").path(0);
      String content = choice.path("delta").path("content").asString("");
      if (!content.isEmpty()) {
        if (pieces++ == 0) {
          firstNanos = System.nanoTime();
        }
        text.append(content);
        piece.accept(content);
      }
      String finished = choice.path("finish_reason").asString("");
      if (!finished.isEmpty()) {
        reason = finished;
      }
      JsonNode usage = chunk.path("usage");
      if (usage.isObject()) {
        promptTokens = count(usage.path("prompt_tokens"));
        cachedTokens = count(usage.path("prompt_tokens_details").path("cached_tokens"));
        completionTokens = count(usage.path("completion_tokens"));
      }
    }

    private static OptionalInt count(JsonNode node) {
      return node.isInt() ? OptionalInt.of(node.intValue()) : OptionalInt.empty();
    }

    Answer answer() {
      long now = System.nanoTime();
      return new Answer(
          text.toString(),
          reason,
          pieces,
          promptTokens,
          cachedTokens,
          completionTokens,
          Duration.ofNanos(pieces == 0 ? now - beganNanos : firstNanos - beganNanos),
          Duration.ofNanos(now - beganNanos),
          dropped);
    }
  }

  private HttpRequest.Builder request(String path) {
    URI uri = address.path(path);
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    key.ifPresent(secret -> request.header("authorization", "Bearer " + secret));
    return request;
  }

  private JsonNode json(HttpRequest request) throws ChatException, InterruptedException {
    HttpResponse<InputStream> response = send(request);
    try (InputStream in = response.body()) {
      if (response.statusCode() / 100 != 2) {
        throw refused(response.statusCode(), in);
      }
      return JsonMapper.shared().readTree(in.readAllBytes());
    } catch (IOException e) {
      throw new ChatException("the answer broke off: " + cause(e), e);
    } catch (JacksonException e) {
      throw new ChatException(request.uri() + " did not answer with JSON", e);
    }
  }

  private HttpResponse<InputStream> send(HttpRequest request)
      throws ChatException, InterruptedException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    } catch (ConnectException e) {
      throw new ChatException(
          "nobody answers at " + address.base() + "; is the server running? (--url names another)",
          e);
    } catch (HttpTimeoutException e) {
      throw new ChatException(address.base() + " did not answer in time", e);
    } catch (IOException e) {
      throw new ChatException(address.base() + ": " + cause(e), e);
    }
  }

  private static ChatException refused(int status, InputStream body) throws IOException {
    byte[] bytes = body.readNBytes(LONGEST_ERROR);
    try {
      JsonNode error = JsonMapper.shared().readTree(bytes).path("error");
      return new ChatException(message(error, "the server answered " + status));
    } catch (JacksonException e) {
      return new ChatException("the server answered " + status, e);
    }
  }

  private static String message(JsonNode error, String otherwise) {
    String message = error.isString() ? error.stringValue() : error.path("message").asString("");
    return message.isBlank() ? otherwise : PlainText.of(message);
  }

  private static String cause(Throwable e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }
}
