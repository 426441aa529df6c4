package dev.bitfleet.gateway.responses;

import static dev.bitfleet.gateway.responses.Calls.PATH;
import static dev.bitfleet.gateway.responses.Calls.await;
import static dev.bitfleet.gateway.responses.Calls.create;
import static dev.bitfleet.gateway.responses.Calls.frames;
import static dev.bitfleet.gateway.responses.Calls.id;
import static dev.bitfleet.gateway.responses.Calls.status;
import static dev.bitfleet.gateway.responses.Calls.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.gateway.store.StoreOptions;
import dev.bitfleet.gateway.testing.Await;
import dev.bitfleet.gateway.testing.Gateway;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What was acknowledged is done, whoever dies in between. */
class RecoveryTest {
  private static final String BODY = "{'input':'hi','background':true,'max_output_tokens':20}";

  @TempDir Path folder;

  private Gateway gateway() {
    return Gateway.bare(
        options -> options.store(StoreOptions.in(folder)).drainTimeout(Duration.ofMillis(100)));
  }

  @Test
  void an_interrupted_background_response_is_run_again_and_says_the_same() {
    JsonNode queued;
    String seed;
    try (Gateway first = gateway()) {
      first.worker("worker-1", 4);
      first.worker().pause();
      queued = create(first, BODY);
      Await.until("it is begun", () -> first.worker().open() == 1);
      seed = Long.toString(first.worker().seen().getFirst().sampling().seed());
      first.stop().join();
    }
    try (Gateway second = gateway()) {
      second.worker("worker-1", 4);
      JsonNode done = await(second, id(queued), "incomplete");
      assertThat(text(done)).isNotBlank();
      assertThat(done.path("created_at")).isEqualTo(queued.path("created_at"));
      assertThat(second.worker().seen().getFirst().sampling().seed())
          .isEqualTo(Long.parseLong(seed));
      List<String> frames = frames(second.get(PATH + "/" + id(queued) + "?stream=true").body());
      assertThat(Calls.data(frames.getLast()).path("response")).isEqualTo(done);
    }
  }

  /** One life of the server, which ends while the response is being made. */
  private String begunAndInterrupted(Optional<String> there) {
    try (Gateway gateway = gateway()) {
      gateway.worker("worker-1", 4);
      gateway.worker().pause();
      String id = there.orElseGet(() -> id(create(gateway, BODY)));
      Await.until("it is begun", () -> gateway.worker().open() == 1);
      gateway.stop().join();
      return id;
    }
  }

  @Test
  void a_response_that_outlived_too_many_servers_is_given_up() {
    String id = begunAndInterrupted(Optional.empty());
    begunAndInterrupted(Optional.of(id));
    begunAndInterrupted(Optional.of(id));
    try (Gateway last = gateway()) {
      last.worker("worker-1", 4);
      JsonNode failed = await(last, id, "failed");
      assertThat(failed.path("error").path("code").stringValue()).isEqualTo("server_error");
      assertThat(failed.path("error").path("message").stringValue()).contains("interrupted");
      assertThat(last.worker().seen()).isEmpty();
      assertThat(status(Gateway.json(last.get(PATH + "/" + id)))).isEqualTo("failed");
    }
  }

  @Test
  void what_was_answered_is_there_after_a_restart_with_its_events() {
    String id;
    List<String> frames;
    try (Gateway first = gateway()) {
      first.worker("worker-1", 4);
      frames = frames(first.post(PATH, "{\"input\":\"hi\",\"stream\":true}").body());
      id = id(Calls.data(frames.getFirst()).path("response"));
    }
    try (Gateway second = gateway()) {
      assertThat(frames(second.get(PATH + "/" + id + "?stream=true").body())).isEqualTo(frames);
    }
  }
}
