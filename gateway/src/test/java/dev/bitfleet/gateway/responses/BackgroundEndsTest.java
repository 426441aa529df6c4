package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.cancel;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.data;
import static dev.bitfleet.gateway.responses.Calls.delete;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.quoted;
import static dev.bitfleet.gateway.responses.Calls.refused;
import static dev.bitfleet.gateway.responses.Calls.status;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import dev.bitfleet.gateway.testing.RawConnection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** However a background response ends, it ends once, and stays ended. */
class BackgroundEndsTest {
  private static final Pattern ID = Pattern.compile("resp_[0-9a-f]{32}");

  @TempDir Path folder;

  private Gateway gateway(UnaryOperator<StoreOptions> store) {
    Gateway gateway =
        Gateway.bare(
            options ->
                options
                    .store(store.apply(StoreOptions.in(folder)))
                    .drainTimeout(Duration.ofMillis(100)));
    gateway.worker("worker-1", 8);
    return gateway;
  }

  private Gateway gateway() {
    return gateway(UnaryOperator.identity());
  }

  private static String conversation(Gateway gateway) {
    return Gateway.json(gateway.post("/v1/conversations", "{}")).path("id").stringValue();
  }

  /** Lets the next life of the server take up what is left; gives the prompts it ran. */
  private void nothingIsRunAgainBut(String other) {
    try (Gateway next = gateway()) {
      await(next, other, "completed");
      assertThat(next.worker().seen()).hasSize(1);
    }
  }

  @Test
  void a_deleted_one_is_not_run_again_at_the_next_start() {
    String kept;
    try (Gateway first = gateway()) {
      first.worker().pause();
      String deleted = id(create(first, "{'input':'one','background':true}"));
      kept = id(create(first, "{'input':'two','background':true}"));
      Await.until("both are begun", () -> first.worker().open() == 2);
      assertThat(delete(first, PATH + "/" + deleted).statusCode()).isEqualTo(200);
      first.stop().join();
    }
    nothingIsRunAgainBut(kept);
  }

  @Test
  void one_that_waits_for_its_next_life_can_be_deleted_and_called_off() {
    String deleted;
    String called;
    String kept;
    try (Gateway first = gateway()) {
      first.worker().pause();
      deleted = id(create(first, "{'input':'one','background':true}"));
      called = id(create(first, "{'input':'two','background':true}"));
      kept = id(create(first, "{'input':'three','background':true}"));
      Await.until("all are begun", () -> first.worker().open() == 3);
      first.stop().join();
    }
    try (Gateway second = Gateway.bare(options -> options.store(StoreOptions.in(folder)))) {
      // Nothing is taken up while there is no worker.
      assertThat(delete(second, PATH + "/" + deleted).statusCode()).isEqualTo(200);
      assertThat(status(Gateway.json(cancel(second, called)))).isEqualTo("cancelled");
      refused(second.get(PATH + "/" + deleted), 404, "response_not_found", "-");
      second.stop().join();
    }
    nothingIsRunAgainBut(kept);
    try (Gateway last = gateway()) {
      assertThat(status(Gateway.json(last.get(PATH + "/" + called)))).isEqualTo("cancelled");
    }
  }

  @Test
  void one_whose_conversation_is_deleted_meanwhile_fails_and_stays_failed() {
    String failed;
    String other;
    try (Gateway first = gateway()) {
      String conversation = conversation(first);
      first.worker().pause();
      failed =
          id(
              create(
                  first, "{'input':'hi','background':true,'conversation':'" + conversation + "'}"));
      Await.until("it is begun", () -> first.worker().open() == 1);
      delete(first, "/v1/conversations/" + conversation);
      first.worker().resume();
      JsonNode ended = await(first, failed, "failed");
      assertThat(ended.path("error").path("message").stringValue()).contains(conversation);
      List<String> frames = frames(first.get(PATH + "/" + failed + "?stream=true").body());
      assertThat(data(frames.getLast()).path("response")).isEqualTo(ended);
      first.worker().pause();
      other = id(create(first, "{'input':'two','background':true}"));
      Await.until("the other is begun", () -> first.worker().open() == 1);
      first.stop().join();
    }
    nothingIsRunAgainBut(other);
    try (Gateway last = gateway()) {
      assertThat(status(Gateway.json(last.get(PATH + "/" + failed)))).isEqualTo("failed");
    }
  }

  @Test
  void one_for_whose_output_there_is_no_room_fails_without_it() {
    try (Gateway gateway = gateway(store -> store.bounded(10, 100, 1 << 20, 1 << 20, 200 << 10))) {
      gateway.worker().flood(50, 20);
      String id = id(create(gateway, "{'input':'hi','background':true,'max_output_tokens':3000}"));
      JsonNode ended = await(gateway, id, "failed");
      assertThat(ended.path("error").path("message").stringValue()).contains("full");
      // Until that is kept, the server that ran it still knows what it said.
      Await.until(
          "it is kept without its output",
          () -> Gateway.json(gateway.get(PATH + "/" + id)).path("output").isEmpty());
      assertThat(delete(gateway, PATH + "/" + id).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void one_that_waits_for_its_turn_can_be_called_off_and_holds_up_nobody() {
    try (Gateway gateway = gateway()) {
      String conversation = conversation(gateway);
      String body = "{'input':'hi','background':true,'conversation':'" + conversation + "'}";
      gateway.worker().pause();
      String first = id(create(gateway, body));
      Await.until("it is begun", () -> gateway.worker().open() == 1);
      String second = id(create(gateway, body));
      assertThat(status(Gateway.json(cancel(gateway, second)))).isEqualTo("cancelled");
      gateway.worker().resume();
      await(gateway, first, "completed");
      await(gateway, id(create(gateway, body)), "completed");
      assertThat(status(Gateway.json(gateway.get(PATH + "/" + second)))).isEqualTo("cancelled");
    }
  }

  @Test
  void what_is_deleted_while_its_end_is_being_kept_is_gone() {
    try (Gateway gateway = gateway()) {
      for (int i = 0; i < 40; i++) {
        boolean background = i % 2 == 0;
        try (RawConnection client = new RawConnection(gateway.port())) {
          String begun =
              client
                  .post(
                      PATH, quoted("{'input':'hi','stream':true,'background':" + background + "}"))
                  .readUntil("event: response.output_item.done");
          Matcher id = ID.matcher(begun);
          assertThat(id.find()).isTrue();
          assertThat(delete(gateway, PATH + "/" + id.group()).statusCode()).isEqualTo(200);
          client.readUntil("\r\n0\r\n");
          refused(gateway.get(PATH + "/" + id.group()), 404, "response_not_found", "-");
        }
      }
    }
  }
}
