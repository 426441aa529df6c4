package dev.bitfleet.app.chat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server with as much of OpenAI's API as a chat needs, over real HTTP. It answers "echo:" and the
 * last message, a word at a time.
 */
final class OpenAiLikeServer implements AutoCloseable {
  /** How the next answers go. */
  enum Mood {
    WELL,
    /** 429 in OpenAI's envelope. */
    REFUSES,
    /** An error event after the first piece. */
    BREAKS,
    /** Closes the stream after the first piece. */
    CLOSES,
    /** Goes on for ever. */
    ENDLESS
  }

  final List<JsonNode> bodies = new CopyOnWriteArrayList<>();
  final List<String> keys = new CopyOnWriteArrayList<>();
  volatile Mood mood = Mood.WELL;
  volatile boolean clientLeft;

  private final HttpServer http;
  private final ExecutorService threads = Executors.newCachedThreadPool();

  OpenAiLikeServer() throws IOException {
    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(threads);
    http.createContext("/v1/models", this::models);
    http.createContext("/v1/chat/completions", this::chat);
    http.createContext("/v1/conversations", this::conversations);
    http.start();
  }

  String url() {
    return "http://127.0.0.1:" + http.getAddress().getPort();
  }

  private void models(HttpExchange exchange) throws IOException {
    json(exchange, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"first\"},{\"id\":\"second\"}]}");
  }

  private void conversations(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (path.endsWith("/chat")) {
      chat(exchange);
    } else if (path.equals("/v1/conversations")) {
      json(exchange, 200, "{\"id\":\"conv_1\",\"conversation_id\":\"conv_1\"}");
    } else if (path.endsWith("/conv_1")) {
      json(
          exchange,
          200,
          "{\"id\":\"conv_1\",\"messages\":[{\"role\":\"user\",\"content\":\"before\"},"
              + "{\"role\":\"assistant\",\"content\":\"yes\"}]}");
    } else {
      json(exchange, 404, "{\"error\":{\"message\":\"No such conversation.\"}}");
    }
  }

  private void chat(HttpExchange exchange) throws IOException {
    JsonNode body = JsonMapper.shared().readTree(exchange.getRequestBody().readAllBytes());
    bodies.add(body);
    keys.add(String.valueOf(exchange.getRequestHeaders().getFirst("authorization")));
    if (mood == Mood.REFUSES) {
      json(exchange, 429, "{\"error\":{\"message\":\"Slow down\\u001b[2J, please.\"}}");
      return;
    }
    exchange.getResponseHeaders().add("content-type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    JsonNode messages = body.path("messages");
    String answer = "echo: " + messages.get(messages.size() - 1).path("content").asString();
    try (OutputStream out = exchange.getResponseBody()) {
      event(out, "{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}");
      int sent = 0;
      for (String word : answer.split("(?<= )")) {
        event(
            out,
            "{\"choices\":[{\"delta\":{\"content\":"
                + JsonMapper.shared().writeValueAsString(word)
                + "},\"finish_reason\":null}]}");
        if (++sent == 1 && mood == Mood.BREAKS) {
          event(out, "{\"error\":{\"message\":\"The engine failed.\"}}");
          return;
        }
        if (sent == 1 && mood == Mood.CLOSES) {
          return;
        }
      }
      while (mood == Mood.ENDLESS) {
        event(out, "{\"choices\":[{\"delta\":{\"content\":\" on\"}}]}");
      }
      event(out, "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}");
      event(
          out,
          "{\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,"
              + "\"prompt_tokens_details\":{\"cached_tokens\":5}}}");
      out.write("data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      clientLeft = true;
    }
  }

  private static void event(OutputStream out, String json) throws IOException {
    out.write((": comment\nevent: x\ndata: " + json + "\n\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static void json(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("content-type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }
}
