package dev.bitfleet.worker.engine.llamaserver;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a byte stream into the lines of server-sent events. Bounded: a server that never ends its
 * line is at fault.
 */
final class EventStreamLines {
  static final int MAX_LINE_BYTES = 4 * 1024 * 1024;

  private final ByteArrayOutputStream open = new ByteArrayOutputStream();

  /**
   * The lines these bytes complete, without their ends; empty lines are left out.
   *
   * @throws IOException when a line is too long
   */
  List<String> accept(Buffer bytes) throws IOException {
    List<String> lines = new ArrayList<>();
    byte[] chunk = bytes.getBytes();
    int from = 0;
    for (int i = 0; i < chunk.length; i++) {
      if (chunk[i] != '\n') {
        continue;
      }
      open.write(chunk, from, i - from);
      from = i + 1;
      String line = open.toString(StandardCharsets.UTF_8);
      open.reset();
      if (line.endsWith("\r")) {
        line = line.substring(0, line.length() - 1);
      }
      if (!line.isEmpty()) {
        lines.add(line);
      }
    }
    open.write(chunk, from, chunk.length - from);
    if (open.size() > MAX_LINE_BYTES) {
      throw new IOException("a line of the stream is longer than " + MAX_LINE_BYTES + " bytes");
    }
    return lines;
  }
}
