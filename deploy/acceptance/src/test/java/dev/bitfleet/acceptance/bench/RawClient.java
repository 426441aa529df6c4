package dev.bitfleet.acceptance.bench;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** One kept connection, one thread, no library: the client should cost next to nothing. */
final class RawClient implements AutoCloseable {
  private final Socket socket;
  private final OutputStream out;
  private final InputStream in;
  private final String host;

  RawClient(URI api) throws IOException {
    socket = new Socket(api.getHost(), api.getPort());
    socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
    out = socket.getOutputStream();
    in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    host = api.getAuthority();
  }

  /** Told of each chunk of a streamed answer as it is there. */
  @FunctionalInterface
  interface ChunkListener {
    void chunk(String text, long nanos);
  }

  /** Sends a request and reads its whole answer. */
  EngineAlone.Timing post(String path, String json) throws IOException {
    return post(path, json, (text, nanos) -> {});
  }

  /** The same, and tells what comes. */
  EngineAlone.Timing post(String path, String json, ChunkListener listener) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST %s HTTP/1.1\r\nhost: %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            .formatted(path, host, body.length);
    byte[] request = new byte[head.length() + body.length];
    System.arraycopy(head.getBytes(StandardCharsets.US_ASCII), 0, request, 0, head.length());
    System.arraycopy(body, 0, request, head.length(), body.length);
    long began = System.nanoTime();
    out.write(request);
    String status = line();
    long length = -1;
    for (String line = line(); !line.isEmpty(); line = line()) {
      String lower = line.toLowerCase(java.util.Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring("content-length:".length()).strip());
      }
    }
    if (!status.startsWith("HTTP/1.1 200")) {
      throw new IOException(status);
    }
    if (length >= 0) {
      in.skipNBytes(length);
      return new EngineAlone.Timing(System.nanoTime() - began, 0, 0);
    }
    return chunks(began, listener);
  }

  /** The first chunk with text marks the first token; the role's chunk before it carries none. */
  private EngineAlone.Timing chunks(long began, ChunkListener listener) throws IOException {
    long first = 0;
    int events = 0;
    while (true) {
      int size = Integer.parseInt(line(), 16);
      if (size == 0) {
        line();
        return new EngineAlone.Timing(first - began, System.nanoTime() - first, events);
      }
      String text = new String(in.readNBytes(size), StandardCharsets.UTF_8);
      listener.chunk(text, System.nanoTime());
      line();
      if (first == 0 && text.contains("\"text\":\"")) {
        first = System.nanoTime();
      }
      events++;
    }
  }

  private String line() throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the connection was closed");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
