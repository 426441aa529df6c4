package dev.bitfleet.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Continuation;
import dev.bitfleet.proto.FailureCause;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.GenerationEvent;
import dev.bitfleet.proto.GenerationRequest;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Priority;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.PromptNote;
import dev.bitfleet.proto.PromptScoring;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.worker.engine.PromptSegment;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.supervise.PromptHash;
import dev.bitfleet.worker.supervise.SupervisionSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A worker with the real engine and the demo model, over a real bus. */
@Timeout(120)
class WorkerVerticleTest {
  private static final Prompt PROMPT = new Prompt.Text("User: Count to ten.");

  private static Prompt user(String text) {
    return new Prompt.Chat(List.of(new ChatMessage(Role.USER, text)));
  }

  private static void kill(long pid, String signal) {
    try {
      assertThat(new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor())
          .isZero();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void a_chat_is_laid_out_and_answered() {
    try (WorkerBed bed = WorkerBed.ready()) {
      WorkerHeartbeat ready = bed.awaitHeartbeat(h -> h.model().filter(m -> m.chat()).isPresent());
      GenerationRequest request = bed.request(user("What is the capital of France?"), 40);
      GenerationRequest natural =
          new GenerationRequest(
              request.streamId(),
              request.inbox(),
              request.model(),
              request.prompt(),
              request.sampling(),
              40,
              List.of(),
              false,
              request.topLogprobs(),
              0,
              1,
              "",
              PromptScoring.NONE,
              Priority.INTERACTIVE,
              Optional.empty());
      OpenReply.Accepted accepted = bed.accepted(natural);
      List<GenerationEvent.Terminal> end = new ArrayList<>();

      assertThat(bed.text(natural.streamId(), end)).contains("Paris");
      GenerationEvent.Finished finished = (GenerationEvent.Finished) end.getFirst();
      assertThat(finished.reason()).isEqualTo(FinishReason.STOP_TOKEN);
      assertThat(finished.usage().promptTokens()).isEqualTo(accepted.promptTokens());
      assertThat(accepted.fingerprint()).isEqualTo(ready.model().orElseThrow().fingerprint());
    }
  }

  @Test
  void its_heartbeats_say_what_it_is() {
    try (WorkerBed bed = WorkerBed.ready()) {
      WorkerHeartbeat first = bed.awaitHeartbeat(h -> h.enginePid() > 0);
      WorkerHeartbeat second = bed.awaitHeartbeat(h -> true);

      assertThat(second.number()).isGreaterThan(first.number());
      assertThat(second.workerId()).isEqualTo("w1");
      assertThat(second.engine()).isEqualTo("builtin");
      assertThat(second.slots()).isEqualTo(2);
      assertThat(second.model().orElseThrow().contextLength()).isEqualTo(512);
      assertThat(second.model().orElseThrow().id()).isEqualTo(WorkerBed.MODEL);
      assertThat(second.kernel()).isNotEmpty();
      assertThat(ProcessHandle.of(second.enginePid())).isPresent();
    }
  }

  @Test
  void another_model_and_a_full_table_are_busy_and_a_doubled_open_has_one_answer() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      GenerationRequest other = bed.request(PROMPT, 1);
      assertThat(
              bed.open(
                  new GenerationRequest(
                      other.streamId(),
                      other.inbox(),
                      "another",
                      other.prompt(),
                      other.sampling(),
                      1,
                      List.of(),
                      false,
                      other.topLogprobs(),
                      0,
                      1,
                      "",
                      PromptScoring.NONE,
                      Priority.INTERACTIVE,
                      Optional.empty())))
          .isEqualTo(new OpenReply.Busy("other model"));
      GenerationRequest first = bed.request(PROMPT, 0);
      OpenReply accepted = bed.accepted(first);
      assertThat(bed.open(first)).isEqualTo(accepted);
      bed.accepted(bed.request(PROMPT, 0));
      assertThat(bed.open(bed.request(PROMPT, 0))).isEqualTo(new OpenReply.Busy("no slot free"));
    }
  }

  @Test
  void an_open_that_comes_again_after_the_end_opens_nothing() {
    try (WorkerBed bed = WorkerBed.ready()) {
      GenerationRequest request = bed.request(PROMPT, 1);
      OpenReply accepted = bed.accepted(request);
      bed.end(request.streamId());

      assertThat(bed.open(request)).isEqualTo(accepted);
      bed.accepted(bed.request(PROMPT, 0));
      bed.accepted(bed.request(PROMPT, 0));
      assertThat(bed.silent(request.streamId())).isTrue();
    }
  }

  @Test
  void a_slot_that_a_cancel_frees_is_told_at_once() {
    // Its regular heartbeats are too far apart to be the ones seen here.
    try (WorkerBed bed = WorkerBed.readyAndSlow(Duration.ofMinutes(5))) {
      GenerationEvent.Terminal end;
      do {
        GenerationRequest first = bed.request(PROMPT, 0);
        bed.accepted(first);
        bed.cancel(first.streamId());
        end = bed.end(first.streamId());
        // On a busy machine it may have come to the end of its context before the cancel came. That
        // is no news: nobody gave it up, and the worker was not full.
      } while (((GenerationEvent.Finished) end).reason() != FinishReason.CANCELLED);
      bed.awaitHeartbeat(h -> h.state() == WorkerHeartbeat.State.READY && h.openSequences() == 0);

      // First the one that lasts, so that both are there at once.
      bed.accepted(bed.request(PROMPT, 0));
      GenerationRequest brief = bed.request(PROMPT, 20);
      bed.accepted(brief);
      bed.end(brief.streamId());
      // The other one may have come to its end meanwhile.
      bed.awaitHeartbeat(h -> h.openSequences() < 2);
    }
  }

  @Test
  void what_a_caller_must_change_is_refused_with_the_field() {
    try (WorkerBed bed = WorkerBed.ready()) {
      OpenReply.Refused refused =
          (OpenReply.Refused) bed.open(bed.request(user("word ".repeat(2000)), 4));
      assertThat(refused.code()).isEqualTo(OpenReply.Code.CONTEXT_LENGTH_EXCEEDED);
      assertThat(refused.contextLength()).isEqualTo(512);

      assertThat(bed.open(bed.request(new Prompt.Tokens(List.of(1, 99_999)), 4)))
          .isInstanceOf(OpenReply.Refused.class);
      assertThat(bed.open(bed.request(new Prompt.Tokens(List.of()), 4)))
          .isInstanceOfSatisfying(
              OpenReply.Refused.class,
              empty -> assertThat(empty.code()).isEqualTo(OpenReply.Code.EMPTY_PROMPT));
      bed.accepted(bed.request(PROMPT, 1));
    }
  }

  @Test
  void streams_of_a_gateway_that_is_gone_free_their_slots() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      GenerationRequest one = bed.request(PROMPT, 0);
      bed.accepted(one);
      bed.nodeLeft("another");
      bed.accepted(bed.request(PROMPT, 0));
      bed.awaitHeartbeat(h -> h.openSequences() == 2);
      bed.nodeLeft(WorkerBed.GATEWAY);
      bed.awaitHeartbeat(h -> h.openSequences() == 0);
    }
  }

  @Test
  void cancelling_frees_the_slot_soon() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      GenerationRequest one = bed.request(PROMPT, 0);
      GenerationRequest two = bed.request(PROMPT, 0);
      bed.accepted(one);
      bed.accepted(two);
      bed.next(one.streamId());
      bed.cancel(one.streamId());
      long before = System.nanoTime();
      GenerationEvent event = bed.next(one.streamId());
      while (event instanceof GenerationEvent.Delta) {
        event = bed.next(one.streamId());
      }
      Duration took = Duration.ofNanos(System.nanoTime() - before);

      assertThat(((GenerationEvent.Finished) event).reason()).isEqualTo(FinishReason.CANCELLED);
      assertThat(took).isLessThan(Duration.ofMillis(1000));
      bed.accepted(bed.request(PROMPT, 1));
      bed.cancel(one.streamId());
      bed.cancel("nobody");
    }
  }

  @Test
  void a_killed_engine_fails_its_streams_and_is_back_within_two_seconds() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      long pid = bed.awaitHeartbeat(h -> h.enginePid() > 0).enginePid();
      GenerationRequest one = bed.request(PROMPT, 0);
      bed.accepted(one);
      bed.next(one.streamId());
      long before = System.nanoTime();
      kill(pid, "KILL");
      WorkerHeartbeat back =
          bed.awaitHeartbeat(
              h -> h.state() == WorkerHeartbeat.State.READY && h.engineRestarts() == 1);
      Duration took = Duration.ofNanos(System.nanoTime() - before);

      GenerationEvent.Failed failed = (GenerationEvent.Failed) bed.end(one.streamId());
      assertThat(failed.cause()).isEqualTo(FailureCause.ENGINE_LOST);
      assertThat(failed.message()).contains("signal 9");
      assertThat(took).isLessThan(Duration.ofSeconds(2));
      assertThat(back.enginePid()).isNotEqualTo(pid);
      assertThat(bed.silent(one.streamId())).isTrue();
      bed.accepted(bed.request(PROMPT, 1));
    }
  }

  @Test
  void a_stopped_engine_is_found_and_replaced() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      long pid = bed.awaitHeartbeat(h -> h.enginePid() > 0).enginePid();
      GenerationRequest one = bed.request(PROMPT, 0);
      bed.accepted(one);
      bed.next(one.streamId());
      long before = System.nanoTime();
      kill(pid, "STOP");
      GenerationEvent.Terminal end = bed.end(one.streamId());
      Duration took = Duration.ofNanos(System.nanoTime() - before);

      assertThat(((GenerationEvent.Failed) end).message()).contains("stood still");
      assertThat(took).isBetween(Duration.ofSeconds(1), Duration.ofMillis(2500));
      bed.awaitHeartbeat(h -> h.state() == WorkerHeartbeat.State.READY && h.engineRestarts() == 1);
      assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
    }
  }

  @Test
  void a_prompt_that_was_there_at_two_deaths_is_refused() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      for (int death = 1; death <= 2; death++) {
        int deaths = death;
        long pid =
            bed.awaitHeartbeat(
                    h ->
                        h.enginePid() > 0
                            && h.engineRestarts() == deaths - 1
                            && h.state() == WorkerHeartbeat.State.READY)
                .enginePid();
        GenerationRequest poison = bed.request(user("die"), 0);
        bed.accepted(poison);
        kill(pid, "KILL");
        bed.end(poison.streamId());
      }
      bed.awaitHeartbeat(h -> h.state() == WorkerHeartbeat.State.READY && h.engineRestarts() == 2);

      assertThat(bed.open(bed.request(user("die"), 1)))
          .isInstanceOfSatisfying(
              OpenReply.Refused.class,
              refused -> assertThat(refused.code()).isEqualTo(OpenReply.Code.PROMPT_QUARANTINED));
      bed.accepted(bed.request(user("live"), 1));
    }
  }

  @Test
  void what_killed_engines_elsewhere_is_refused_here() {
    try (WorkerBed bed = WorkerBed.ready()) {
      GenerationRequest poison = bed.request(new Prompt.Text("poison"), 1);
      PromptHash hash = PromptHash.of(List.of(new PromptSegment.Text("poison")));
      OpenReply.Accepted before = bed.accepted(poison);
      bed.end(poison.streamId());
      assertThat(before.promptHash()).isEqualTo(hash.high());

      bed.note(note("elsewhere", "another model", hash));
      bed.note(note("elsewhere", "another model", hash));
      bed.note(note("w1", before.fingerprint(), hash));
      bed.note(note("elsewhere", before.fingerprint(), hash));
      GenerationRequest suspect = bed.request(new Prompt.Text("poison"), 1);
      bed.accepted(suspect);
      bed.end(suspect.streamId());
      // It has ended well, so there is nothing against it any more.
      bed.note(note("elsewhere", before.fingerprint(), hash));
      bed.note(note("other", before.fingerprint(), hash));

      assertThat(bed.open(bed.request(new Prompt.Text("poison"), 1)))
          .isInstanceOfSatisfying(
              OpenReply.Refused.class,
              refused -> assertThat(refused.code()).isEqualTo(OpenReply.Code.PROMPT_QUARANTINED));
    }
  }

  private static PromptNote note(String worker, String fingerprint, PromptHash prompt) {
    return new PromptNote(
        worker,
        fingerprint,
        PromptNote.Kind.ENGINE_LOST,
        List.of(new PromptNote.Prompt(prompt.high(), prompt.low(), 0, true)));
  }

  @Test
  void a_stream_goes_on_where_the_same_model_drew_it_and_nowhere_else() {
    try (WorkerBed bed = WorkerBed.ready()) {
      GenerationRequest whole = bed.request(new Prompt.Text("one two three"), 12);
      OpenReply.Accepted accepted = bed.accepted(whole);
      List<Integer> tokens = bed.tokens(whole.streamId());
      assertThat(tokens).hasSize(12);

      GenerationRequest rest =
          bed.goingOn(
              whole,
              new Continuation(
                  tokens.subList(0, 5), "", false, accepted.fingerprint(), accepted.promptHash()));
      bed.accepted(rest);
      assertThat(bed.tokens(rest.streamId())).isEqualTo(tokens.subList(5, 12));

      for (Continuation other :
          List.of(
              new Continuation(tokens, "", false, "another", accepted.promptHash()),
              new Continuation(tokens, "", false, accepted.fingerprint(), 1))) {
        assertThat(bed.open(bed.goingOn(whole, other))).isInstanceOf(OpenReply.Busy.class);
      }
    }
  }

  @Test
  void scores_of_the_prompt_come_before_the_completion() {
    try (WorkerBed bed = WorkerBed.ready()) {
      GenerationRequest plain = bed.request(new Prompt.Text("one two three"), 2);
      bed.accepted(
          new GenerationRequest(
              plain.streamId(),
              plain.inbox(),
              plain.model(),
              plain.prompt(),
              plain.sampling(),
              2,
              List.of(),
              true,
              OptionalInt.of(1),
              0,
              1,
              "",
              PromptScoring.WITH_COMPLETION,
              Priority.INTERACTIVE,
              Optional.empty()));

      assertThat(bed.next(plain.streamId()))
          .isInstanceOfSatisfying(
              GenerationEvent.PromptScored.class,
              scored -> {
                assertThat(scored.tokens().getFirst().logprob()).isEmpty();
                assertThat(scored.tokens().getLast().logprob()).isPresent();
                assertThat(scored.tokens().getLast().top()).hasSize(1);
              });
      assertThat(bed.end(plain.streamId())).isInstanceOf(GenerationEvent.Finished.class);
    }
  }

  @Test
  void a_stopping_worker_drains_refuses_and_kills_its_engine() {
    try (WorkerBed bed = WorkerBed.readyAndSlow()) {
      long pid = bed.awaitHeartbeat(h -> h.enginePid() > 0).enginePid();
      GenerationRequest endless = bed.request(PROMPT, 0);
      bed.accepted(endless);
      Thread stopping = Thread.ofVirtual().start(bed::undeploy);
      bed.awaitState(WorkerHeartbeat.State.DRAINING);
      bed.end(endless.streamId());
      try {
        assertThat(stopping.join(Duration.ofSeconds(10))).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
      assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
    }
  }

  @Test
  void a_broken_model_file_makes_a_failed_worker_that_says_why(@TempDir Path folder)
      throws Exception {
    byte[] whole = Files.readAllBytes(TestModels.demo());
    Path cutInTensors =
        Files.write(folder.resolve("a.gguf"), Arrays.copyOf(whole, whole.length / 2));
    Path cutInMetadata = Files.write(folder.resolve("b.gguf"), Arrays.copyOf(whole, 1000));
    for (Path file : List.of(cutInTensors, cutInMetadata, folder.resolve("none.gguf"))) {
      try (WorkerBed bed =
          new WorkerBed(WorkerBed.options(file, Optional.empty(), SupervisionSettings.DEFAULTS))) {
        WorkerHeartbeat failed = bed.awaitState(WorkerHeartbeat.State.FAILED);

        assertThat(failed.detail()).isNotBlank();
        assertThat(bed.open(bed.request(PROMPT, 1))).isInstanceOf(OpenReply.Busy.class);
      }
    }
  }
}
