package dev.bitfleet.worker.engine.llamaserver;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Stands in for a llama-server process and answers {@code /completion} with one recorded exchange,
 * chunk by chunk as the real server framed it. {@code /health} and {@code /metrics} are answered
 * plainly, so that a supervisor sees a live server. The body it was asked with is written to {@code
 * <recording>.asked} in its working directory.
 *
 * <p>Arguments: the recording, then the command line a llama-server gets.
 */
final class ReplayServer {
  private ReplayServer() {}

  public static void main(String[] args) throws Exception {
    Path recording = Path.of(args[0]);
    JsonNode response = JsonMapper.builder().build().readTree(recording.toFile()).path("response");
    int port = Integer.parseInt(args[Arrays.asList(args).indexOf("--port") + 1]);
    Path asked = Path.of(args[1]);
    try (ServerSocket server = new ServerSocket(port, 50, InetAddress.getLoopbackAddress())) {
      while (true) {
        Socket socket = server.accept();
        Thread.ofVirtual()
            .start(
                () -> {
                  try (socket) {
                    answer(socket, response, asked);
                  } catch (IOException e) {
                    // The client has left, which is what some recordings are about.
                    System.err.println(e);
                  }
                });
      }
    }
  }

  private static void answer(Socket socket, JsonNode recorded, Path asked) throws IOException {
    String head = head(socket.getInputStream());
    OutputStream out = socket.getOutputStream();
    if (head.startsWith("GET /health ")) {
      plain(out, "{\"status\":\"ok\"}");
    } else if (head.startsWith("GET /metrics ")) {
      plain(out, "llamacpp:n_decode_total 1\nllamacpp:requests_processing 0\n");
    } else {
      Files.write(asked, socket.getInputStream().readNBytes(contentLength(head)));
      replay(out, recorded);
    }
  }

  private static void plain(OutputStream out, String body) throws IOException {
    out.write(
        ("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
            .getBytes(StandardCharsets.US_ASCII));
  }

  private static void replay(OutputStream out, JsonNode response) throws IOException {
    boolean chunked = response.path("framing").asString().equals("chunked");
    StringBuilder head = new StringBuilder();
    head.append("HTTP/1.1 ").append(response.path("status").asInt()).append(" Recorded\r\n");
    for (var header : response.path("headers").properties()) {
      head.append(header.getKey()).append(": ").append(header.getValue().asString()).append("\r\n");
    }
    out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    for (JsonNode chunk : response.path("chunks")) {
      byte[] payload =
          chunk.has("text")
              ? chunk.path("text").asString().getBytes(StandardCharsets.UTF_8)
              : Base64.getDecoder().decode(chunk.path("base64").asString());
      if (chunked) {
        out.write(
            (Integer.toHexString(payload.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      }
      out.write(payload);
      if (chunked) {
        out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
      }
      out.flush();
    }
    if (chunked && response.path("ended").asString().equals("complete")) {
      out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int c = in.read();
      if (c < 0) {
        throw new IOException("no request");
      }
      head.append((char) c);
    }
    return head.toString();
  }

  private static int contentLength(String head) {
    List<String> lines = head.lines().toList();
    return lines.stream()
        .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:"))
        .mapToInt(line -> Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()))
        .findFirst()
        .orElse(0);
  }
}
