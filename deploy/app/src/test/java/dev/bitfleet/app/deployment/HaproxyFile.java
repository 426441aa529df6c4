package dev.bitfleet.app.deployment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What {@code deploy/haproxy/haproxy.cfg} says; HaproxyIT runs it. */
record HaproxyFile(String text) {
  static HaproxyFile read() throws IOException {
    return new HaproxyFile(
        Files.readString(
            Path.of(System.getProperty("bitfleet.repository"), "deploy/haproxy/haproxy.cfg")));
  }

  /** Environment variables it reads. */
  Set<String> variables() {
    return Pattern.compile("\\$\\{([A-Z0-9_]+)")
        .matcher(text)
        .results()
        .map(found -> found.group(1))
        .collect(Collectors.toSet());
  }

  /** From a 503 of a node's health until nothing is sent there any more, at most. */
  Duration noticesWithin() {
    List<MatchResult> settings =
        Pattern.compile("check inter (\\d+)s fastinter (\\d+)ms .*fall 2 ")
            .matcher(text)
            .results()
            .toList();
    if (settings.size() != 1) {
      throw new AssertionError("its checks are not as they were");
    }
    return Duration.ofSeconds(Long.parseLong(settings.getFirst().group(1)))
        .plusMillis(Long.parseLong(settings.getFirst().group(2)));
  }

  /** What its health check asks. */
  String healthPath() {
    return Pattern.compile("http-check send meth GET uri (\\S+)")
        .matcher(text)
        .results()
        .findFirst()
        .orElseThrow()
        .group(1);
  }
}
