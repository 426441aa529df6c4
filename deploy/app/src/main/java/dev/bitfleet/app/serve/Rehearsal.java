package dev.bitfleet.app.serve;

import dev.bitfleet.app.config.NodeRole;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.topology.CpuTopology;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A whole life in a few seconds: start, a streamed and a plain answer and a turn of a conversation
 * over a real socket, stop. The launcher has the JVM note which classes that takes, and later
 * starts begin with them loaded.
 */
public final class Rehearsal {
  private static final Duration READY_WITHIN = Duration.ofMinutes(2);
  private static final Duration STOP_WITHIN = Duration.ofSeconds(20);
  private static final int ANSWER_MILLIS = 60_000;
  private static final Pattern CONVERSATION = Pattern.compile("conv_[0-9a-f]{32}");

  private Rehearsal() {}

  /**
   * Serves itself, on free ports of loopback.
   *
   * @throws IOException when an answer is not what it should be
   * @throws ExecutionException when the fleet does not start
   */
  public static void run(ServeConfiguration configuration, Path model)
      throws IOException, ExecutionException, InterruptedException, TimeoutException {
    var outcome =
        FleetPlan.of(
            configuration,
            NodeRole.BOTH,
            CpuTopology.ofThisMachine(),
            new ModelHome(configuration.model().home(), Map.of(BundledModel.ID, model)),
            List.of(FleetPlan.Files.of(model)),
            "rehearsal");
    if (!(outcome instanceof FleetPlan.Outcome.Planned planned)) {
      throw new IOException("no plan: " + outcome);
    }
    LocalFleet fleet = LocalFleet.start(planned.plan());
    try {
      fleet
          .ready()
          .toCompletionStage()
          .toCompletableFuture()
          .get(READY_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
      for (boolean stream : List.of(true, false)) {
        ask(fleet.port(), "/v1/chat/completions", stream);
      }
      // The store opens for it, which is a third of all classes there are.
      String conversation = ask(fleet.port(), "/v1/conversations", false);
      Matcher id = CONVERSATION.matcher(conversation);
      if (!id.find()) {
        throw new IOException("no conversation: " + conversation);
      }
      ask(fleet.port(), "/v1/conversations/" + id.group() + "/chat", true);
    } finally {
      fleet.stop(STOP_WITHIN);
    }
  }

  /** The whole answer, head and body, as it came. */
  private static String ask(int port, String path, boolean stream) throws IOException {
    byte[] body =
        "{\"stream\":%s,\"max_tokens\":8,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}"
            .formatted(stream)
            .getBytes(StandardCharsets.UTF_8);
    String head =
        "POST "
            + path
            + " HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            + "connection: close\r\ncontent-length: "
            + body.length
            + "\r\n\r\n";
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(ANSWER_MILLIS);
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(body);
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!answer.startsWith("HTTP/1.1 200") || (stream && !answer.contains("data: [DONE]"))) {
        throw new IOException("an answer went wrong: " + answer);
      }
      return answer;
    }
  }
}
