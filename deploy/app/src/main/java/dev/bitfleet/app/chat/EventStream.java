package dev.bitfleet.app.chat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Server-sent events, of which only the data matters here. Source: the WHATWG HTML standard,
 * section "Server-sent events".
 */
final class EventStream {
  private final BufferedReader lines;

  EventStream(InputStream in) {
    lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
  }

  /** The data of the next event; empty at the end of the stream. */
  Optional<String> next() throws IOException {
    StringBuilder data = null;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.isEmpty()) {
        if (data != null) {
          return Optional.of(data.toString());
        }
      } else if (line.startsWith("data:")) {
        String value = line.substring(line.startsWith("data: ") ? 6 : 5);
        data = data == null ? new StringBuilder(value) : data.append('\n').append(value);
      }
    }
    return Optional.ofNullable(data).map(StringBuilder::toString);
  }
}
