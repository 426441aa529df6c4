package dev.bitfleet.gateway.bench;

import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * What the gateway adds: from the last byte of a request to the first token's event at the client,
 * with a worker that answers at once, and requests per second on one connection after the other.
 * Run as a main class on the test class path; figures are microseconds.
 */
public final class StreamLatency {
  private static final int WARM_UP = 5000;
  private static final int MEASURED = 5000;

  private StreamLatency() {}

  public static void main(String[] args) {
    try (Gateway gateway = Gateway.withWorker(UnaryOperator.identity());
        RawConnection client = new RawConnection(gateway.port())) {
      String body =
          "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true,\"max_tokens\":1}";
      measure(client, body, "\"content\":\"w", "[DONE]", WARM_UP);
      report("first token", measure(client, body, "\"content\":\"w", "[DONE]", MEASURED));
      String whole = body.replace("true", "false");
      measure(client, whole, "\"usage\":", "rejected_prediction_tokens\":0}}}", WARM_UP);
      report(
          "whole answer",
          measure(client, whole, "\"usage\":", "rejected_prediction_tokens\":0}}}", MEASURED));
      int tokens = 200_000;
      long began = System.nanoTime();
      client
          .post(
              "/v1/completions", "{\"prompt\":\"x\",\"stream\":true,\"max_tokens\":" + tokens + "}")
          .readUntil("[DONE]");
      System.out.printf(
          Locale.ROOT,
          "per token of one flooded stream, client included: %.2f%n",
          (System.nanoTime() - began) / 1e3 / tokens);
    }
  }

  private static long[] measure(
      RawConnection client, String body, String first, String last, int count) {
    long[] nanos = new long[count];
    for (int i = 0; i < count; i++) {
      long began = System.nanoTime();
      client.post("/v1/chat/completions", body).readUntil(first);
      nanos[i] = System.nanoTime() - began;
      client.readUntil(last);
    }
    return nanos;
  }

  private static void report(String what, long[] nanos) {
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "%s: p50 %.0f, p90 %.0f, p99 %.0f%n",
        what,
        nanos[nanos.length / 2] / 1e3,
        nanos[nanos.length * 9 / 10] / 1e3,
        nanos[nanos.length * 99 / 100] / 1e3);
  }
}
