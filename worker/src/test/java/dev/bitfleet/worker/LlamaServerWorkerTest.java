package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** A whole worker over a real llama-server: {@code -Dbitfleet.llama-server=PATH}. */
@EnabledIfSystemProperty(named = "bitfleet.llama-server", matches = ".+")
@Timeout(180)
class LlamaServerWorkerTest {

  private static WorkerBed ready(Path model) {
    WorkerBed bed =
        new WorkerBed(
            new WorkerOptions(
                "w1",
                "node1",
                WorkerBed.MODEL,
                model,
                EngineChoice.LLAMA_SERVER,
                Optional.of(Path.of(System.getProperty("bitfleet.llama-server"))),
                List.of(),
                1,
                2,
                512,
                TestModels.dataDir(),
                Duration.ofMillis(200),
                Duration.ofSeconds(2),
                SupervisionSettings.DEFAULTS));
    bed.awaitState(WorkerHeartbeat.State.READY);
    return bed;
  }

  private static void signal(long pid, String signal) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor())
        .isZero();
  }

  @Test
  void a_chat_is_answered() {
    try (WorkerBed bed = ready(TestModels.demo())) {
      GenerationRequest request =
          bed.request(
              new Prompt.Chat(
                  List.of(new ChatMessage(Role.USER, "What is the capital of France?"))),
              12);
      bed.accepted(request);

      assertThat(bed.text(request.streamId(), new ArrayList<>())).contains("Paris");
    }
  }

  @Test
  void a_killed_and_a_stopped_server_are_found_and_replaced() throws Exception {
    try (WorkerBed bed = ready(TestModels.slow())) {
      String[] signals = {"KILL", "STOP"};
      for (int life = 0; life < signals.length; life++) {
        int restarts = life;
        long pid =
            bed.awaitHeartbeat(
                    h ->
                        h.state() == WorkerHeartbeat.State.READY
                            && h.enginePid() > 0
                            && h.engineRestarts() == restarts)
                .enginePid();
        GenerationRequest request = bed.request(new Prompt.Text("Life " + life), 0);
        bed.accepted(request);
        bed.next(request.streamId());
        signal(pid, signals[life]);
        GenerationEvent.Failed failed = (GenerationEvent.Failed) bed.end(request.streamId());

        assertThat(failed.cause()).isEqualTo(FailureCause.ENGINE_LOST);
        assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
      }
      bed.awaitHeartbeat(h -> h.state() == WorkerHeartbeat.State.READY && h.engineRestarts() == 2);
    }
  }
}
