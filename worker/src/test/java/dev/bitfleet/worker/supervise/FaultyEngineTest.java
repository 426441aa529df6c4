package dev.bitfleet.worker.supervise;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.engine.v1.Ready;
import dev.bitfleet.proto.engine.v1.SequenceAccepted;
import dev.bitfleet.proto.engine.v1.SequenceFinished;
import dev.bitfleet.proto.engine.v1.TokenInfo;
import dev.bitfleet.proto.engine.v1.TokenPiece;
import dev.bitfleet.worker.engine.Emitted;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.EngineHarness;
import dev.bitfleet.worker.engine.SequenceRequest;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.engine.builtin.BuiltinLauncher;
import dev.bitfleet.worker.engine.process.ChildProcess;
import dev.bitfleet.worker.engine.process.LaunchWrapper;
import dev.bitfleet.worker.engine.process.ProcessSpawner;
import dev.bitfleet.worker.time.VertxTimers;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.AbstractList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Engines that misbehave: small scripts in the place of the binary. */
@Timeout(60)
class FaultyEngineTest {
  @TempDir Path folder;

  /** READY as the engine would write it, in octal for printf. */
  private static final String READY =
      octal(
          dev.bitfleet.proto.engine.v1.EngineEvent.newBuilder()
              .setReady(Ready.newBuilder().setProtocol(1).setSlots(1).setContextLength(64))
              .build());

  private static String octal(dev.bitfleet.proto.engine.v1.EngineEvent event) {
    byte[] frame = EngineFrames.encode(event);
    StringBuilder octal = new StringBuilder();
    for (byte b : frame) {
      octal.append("\\%03o".formatted(b & 0xff));
    }
    return octal.toString();
  }

  /** Is ready, and answers the first byte of a command with all of these at once. */
  private static String answering(
      String ready, dev.bitfleet.proto.engine.v1.EngineEvent... events) {
    StringBuilder answer = new StringBuilder();
    for (var event : events) {
      answer.append(octal(event));
    }
    return "printf '%s'; head -c 1 >/dev/null; printf '%s'; exec sleep 60".formatted(ready, answer);
  }

  private BuiltinLauncher launcher(Vertx vertx, String script) {
    try {
      Path file = folder.resolve("engine.sh");
      Files.writeString(file, "#!/bin/sh\n" + script + "\n");
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
      return new BuiltinLauncher(
          vertx,
          new LaunchWrapper(),
          file,
          new BuiltinLauncher.Settings(folder.resolve("m"), 1, 1, 64, List.of()));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private EngineEvent.Lost lost(String script) {
    try (EngineHarness engine = new EngineHarness(vertx -> launcher(vertx, script))) {
      return engine.next(EngineEvent.Lost.class);
    }
  }

  @Test
  void an_exit_is_told_with_its_status_and_last_words() {
    EngineEvent.Lost lost = lost("echo 'out of luck' >&2; exit 3");

    assertThat(lost.cause()).isEqualTo("exited with status 3");
    assertThat(lost.stderrTail()).containsExactly("out of luck");
  }

  @Test
  void garbage_on_stdout_ends_it() {
    assertThat(lost("echo 'Hello, world, I am an engine'; sleep 60").cause())
        .startsWith("engine frame of");
    assertThat(lost("printf '\\003\\000\\000\\000\\377\\377\\377'; sleep 60").cause())
        .contains("no message of the engine protocol");
  }

  @Test
  void a_cut_frame_is_no_event() {
    assertThat(lost("printf '\\100\\000\\000\\000abc'; exit 0").cause())
        .isEqualTo("exited with status 0");
  }

  @Test
  void events_of_sequences_nobody_opened_end_it() {
    // accepted { sequence_id: 5 }; piece { sequence_id: 5 }
    assertThat(lost("printf '\\004\\000\\000\\000\\042\\002\\010\\005'; sleep 60").cause())
        .contains("a sequence that is not open");
    assertThat(lost("printf '\\004\\000\\000\\000\\062\\002\\010\\005'; sleep 60").cause())
        .contains("a piece out of turn");
  }

  @Test
  void pieces_and_ends_of_sequences_it_has_not_accepted_end_it() {
    EngineFault piece =
        new EngineFault(
            dev.bitfleet.proto.engine.v1.EngineEvent.newBuilder()
                .setPiece(TokenPiece.newBuilder().setSequenceId(1))
                .build(),
            "a piece out of turn");
    EngineFault finished =
        new EngineFault(
            dev.bitfleet.proto.engine.v1.EngineEvent.newBuilder()
                .setFinished(
                    SequenceFinished.newBuilder()
                        .setSequenceId(1)
                        .setReason(
                            dev.bitfleet.proto.engine.v1.FinishReason.FINISH_REASON_STOP_TOKEN))
                .build(),
            "had not accepted");
    for (EngineFault fault : List.of(piece, finished)) {
      String script = answering(READY, fault.event());
      try (EngineHarness engine = new EngineHarness(vertx -> launcher(vertx, script))) {
        engine.next(EngineEvent.Ready.class);
        engine.onContext(e -> e.open(engine.text("x", 1)));

        assertThat(engine.next(EngineEvent.Lost.class).cause()).contains(fault.cause());
      }
    }
  }

  @Test
  void text_that_cannot_be_gone_on_after_ends_it_and_reaches_nobody() {
    TokenPiece.Builder piece =
        TokenPiece.newBuilder().setSequenceId(1).setText(ByteString.copyFromUtf8("x"));
    TokenInfo foreign = TokenInfo.newBuilder().setId(1 << 20).build();
    SequenceFinished.Builder empty =
        SequenceFinished.newBuilder()
            .setSequenceId(1)
            .setReason(dev.bitfleet.proto.engine.v1.FinishReason.FINISH_REASON_STOP_TOKEN);
    var event = dev.bitfleet.proto.engine.v1.EngineEvent.newBuilder();
    for (EngineFault fault :
        List.of(
            new EngineFault(event.setPiece(piece).build(), "text without its tokens"),
            new EngineFault(
                event.setPiece(piece.clone().addTokens(foreign)).build(),
                "a token that does not exist"),
            new EngineFault(event.setFinished(empty).build(), "fewer tokens than it sent"))) {
      String script =
          answering(
              READY,
              event.setAccepted(SequenceAccepted.newBuilder().setSequenceId(1)).build(),
              fault.event());
      try (EngineHarness engine = new EngineHarness(vertx -> launcher(vertx, script))) {
        engine.next(EngineEvent.Ready.class);
        SequenceRequest plain = engine.text("x", 5);
        SequenceRequest resumed =
            new SequenceRequest(
                plain.id(),
                plain.prompt(),
                true,
                plain.sampling(),
                5,
                List.of(),
                List.of(),
                true,
                plain.topLogprobs(),
                0,
                Emitted.of(List.of(3, 4)),
                0,
                "",
                plain.promptScoring(),
                plain.priority());
        engine.onContext(e -> e.open(resumed));

        engine.next(EngineEvent.Accepted.class);
        assertThat(engine.next(EngineEvent.Lost.class).cause()).contains(fault.cause());
      }
    }
  }

  @Test
  void an_end_that_contradicts_what_it_said_before_is_none() {
    SequenceFinished.Builder stopped =
        SequenceFinished.newBuilder()
            .setSequenceId(1)
            .setReason(dev.bitfleet.proto.engine.v1.FinishReason.FINISH_REASON_STOP_TOKEN);
    var event = dev.bitfleet.proto.engine.v1.EngineEvent.newBuilder();
    for (EngineFault fault :
        List.of(
            new EngineFault(
                event.setFinished(stopped.clone().setPromptTokens(4)).build(),
                "stopped without a token"),
            new EngineFault(
                event.setFinished(stopped.clone().setCompletionTokens(1)).build(),
                "another prompt"))) {
      String script =
          answering(
              READY,
              event
                  .setAccepted(SequenceAccepted.newBuilder().setSequenceId(1).setPromptTokens(4))
                  .build(),
              fault.event());
      try (EngineHarness engine = new EngineHarness(vertx -> launcher(vertx, script))) {
        engine.next(EngineEvent.Ready.class);
        engine.onContext(e -> e.open(engine.text("x", 5)));

        engine.next(EngineEvent.Accepted.class);
        assertThat(engine.next(EngineEvent.Lost.class).cause()).contains(fault.cause());
      }
    }
  }

  @Test
  void what_it_wrote_after_it_broke_the_protocol_is_not_believed() {
    var event = dev.bitfleet.proto.engine.v1.EngineEvent.newBuilder();
    TokenPiece.Builder piece =
        TokenPiece.newBuilder()
            .setSequenceId(1)
            .setText(ByteString.copyFromUtf8("x"))
            .addTokens(TokenInfo.newBuilder().setId(3));
    // All at once, as a fast engine writes it: the end is read before the process is dead.
    String script =
        answering(
            octal(
                event
                    .setReady(
                        Ready.newBuilder()
                            .setProtocol(1)
                            .setSlots(1)
                            .setContextLength(64)
                            .setVocabularySize(9))
                    .build()),
            event.setAccepted(SequenceAccepted.newBuilder().setSequenceId(1)).build(),
            event.setPiece(piece.clone()).build(),
            event.setPiece(piece.clone().setNumber(2)).build(),
            event
                .setFinished(
                    SequenceFinished.newBuilder()
                        .setSequenceId(1)
                        .setCompletionTokens(3)
                        .setReason(
                            dev.bitfleet.proto.engine.v1.FinishReason.FINISH_REASON_STOP_TOKEN))
                .build());
    try (EngineHarness engine = new EngineHarness(vertx -> launcher(vertx, script))) {
      engine.next(EngineEvent.Ready.class);
      engine.onContext(e -> e.open(engine.text("x", 5)));

      engine.next(EngineEvent.Accepted.class);
      engine.next(EngineEvent.Piece.class);
      assertThat(engine.next(EngineEvent.Lost.class).cause()).contains("a piece out of turn");
    }
  }

  private record EngineFault(dev.bitfleet.proto.engine.v1.EngineEvent event, String cause) {}

  @Test
  void an_error_while_spawning_does_not_end_the_thread_that_spawns() throws Exception {
    List<String> command =
        new AbstractList<>() {
          @Override
          public String get(int index) {
            throw new OutOfMemoryError("for the test");
          }

          @Override
          public int size() {
            return 1;
          }
        };

    assertThat(ProcessSpawner.spawn(new ProcessBuilder(command)))
        .failsWithin(Duration.ofSeconds(10))
        .withThrowableThat()
        .havingRootCause()
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(ProcessSpawner.spawn(new ProcessBuilder("true")).get(10, TimeUnit.SECONDS).waitFor())
        .isZero();
  }

  @Test
  void a_grandchild_that_holds_the_pipes_keeps_no_writer_waiting() throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    ChildProcess.start(
        "with-grandchild",
        new ProcessBuilder("sh", "-c", "sleep 8 & exit 4"),
        stdout -> stdout.transferTo(OutputStream.nullOutputStream()),
        (cause, stderr) -> {
          assertThat(cause).isEqualTo("exited with status 4");
          ended.countDown();
        });
    assertThat(ended.await(5, TimeUnit.SECONDS)).isTrue();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("with-grandchild-stdin")) {
        assertThat(thread.join(Duration.ofSeconds(3))).isTrue();
      }
    }
  }

  @Test
  void another_protocol_ends_it() {
    // loading { protocol: 2 }
    assertThat(lost("printf '\\004\\000\\000\\000\\012\\002\\010\\002'; sleep 60").cause())
        .contains("engine protocol 2");
  }

  @Test
  void closing_stdout_and_staying_ends_it() {
    assertThat(lost("exec >&-; sleep 60").cause()).isEqualTo("it closed its output and stayed");
  }

  @Test
  void a_program_that_is_not_there_is_told() {
    try (EngineHarness engine =
        new EngineHarness(
            vertx ->
                new BuiltinLauncher(
                    vertx,
                    new LaunchWrapper(name -> java.util.Optional.empty()),
                    Path.of("/nonexistent/engine"),
                    new BuiltinLauncher.Settings(folder, 1, 1, 64, List.of())))) {
      assertThat(engine.next(EngineEvent.Lost.class).cause()).contains("cannot be started");
    }
  }

  @Test
  void an_engine_that_stops_reading_is_killed_and_blocks_nobody() {
    try (EngineHarness engine =
        new EngineHarness(vertx -> launcher(vertx, "printf '" + READY + "'; exec sleep 60"))) {
      engine.next(EngineEvent.Ready.class);
      String big = "x".repeat(1_000_000);
      engine.onContext(
          e -> {
            for (int i = 0; i < 100; i++) {
              e.open(engine.text(big, 1));
            }
          });

      assertThat(engine.next(EngineEvent.Lost.class).cause())
          .isEqualTo("it stopped reading its commands");
    }
  }

  @Test
  void a_flood_of_stderr_is_bounded() {
    EngineEvent.Lost lost =
        lost("i=0; while [ $i -lt 3000 ]; do echo \"line $i\" >&2; i=$((i+1)); done; exit 1");

    assertThat(lost.stderrTail()).hasSizeLessThan(100).last().isEqualTo("line 2999");
  }

  /** What a supervisor tells while it deals with such an engine. */
  private final class Watched implements EngineSupervisor.Listener, AutoCloseable {
    private final Vertx vertx = Vertx.vertx();
    private final LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    private final EngineSupervisor supervisor;

    Watched(String script, SupervisionSettings settings) {
      supervisor =
          new EngineSupervisor(new VertxTimers(vertx), launcher(vertx, script), settings, this);
      vertx.runOnContext(ignored -> supervisor.start());
    }

    @Override
    public void changed() {
      told.add(supervisor.state() + " " + supervisor.detail());
    }

    @Override
    public void onSequence(EngineEvent.OfSequence event) {
      told.add("event " + event);
    }

    @Override
    public void onEmbedding(EngineEvent.OfEmbedding event) {
      told.add("event " + event);
    }

    @Override
    public void engineLost(String cause) {
      told.add("lost");
    }

    void await(String beginning) {
      try {
        while (true) {
          String next = told.poll(20, TimeUnit.SECONDS);
          assertThat(next).as("something like: %s", beginning).isNotNull();
          if (next.startsWith(beginning)) {
            return;
          }
        }
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void close() {
      vertx.runOnContext(ignored -> supervisor.stop());
      vertx.close().await();
    }
  }

  private static SupervisionSettings quick() {
    return new SupervisionSettings(
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        Duration.ofMillis(50),
        Duration.ofMillis(300),
        Duration.ofMillis(5),
        Duration.ofMillis(20),
        Duration.ofSeconds(10),
        4,
        Duration.ofMillis(50),
        Duration.ofMinutes(1),
        Duration.ofMinutes(1));
  }

  @Test
  void a_crash_loop_ends_in_failed_and_goes_on_being_tried() throws Exception {
    Path log = folder.resolve("starts");
    try (Watched watched = new Watched("echo x >> " + log + "; exit 9", quick())) {
      watched.await("RESTARTING exited with status 9");
      watched.await("FAILED exited with status 9");
      long starts = Files.readAllLines(log).size();
      watched.await("FAILED");
      watched.await("FAILED");

      assertThat(Files.readAllLines(log).size()).isGreaterThan((int) starts);
    }
  }

  @Test
  void an_engine_that_never_gets_ready_is_given_up_on() {
    try (Watched watched = new Watched("exec sleep 60", quick())) {
      watched.await("RESTARTING it was not ready within PT1S");
    }
  }

  @Test
  void an_engine_that_is_ready_but_computes_nothing_is_not_ready() {
    try (Watched watched = new Watched("printf '" + READY + "'; exec sleep 60", quick())) {
      watched.await("STARTING");
      watched.await("RESTARTING it computed no token within PT1S");
    }
  }

  @Test
  void the_engine_dies_with_the_jvm_that_spawned_it() throws Exception {
    Process jvm =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                OrphanMaker.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    long engine;
    try (var out = jvm.inputReader()) {
      engine = Long.parseLong(String.valueOf(out.readLine()));
    }
    ProcessHandle orphan = ProcessHandle.of(engine).orElseThrow();
    assertThat(orphan.isAlive()).isTrue();
    jvm.destroyForcibly();

    orphan.onExit().get(5, TimeUnit.SECONDS);
  }

  /** A JVM of its own that starts a process which would never end by itself. */
  static final class OrphanMaker {
    private OrphanMaker() {}

    public static void main(String[] args) throws Exception {
      Process sleep =
          ProcessSpawner.spawn(
                  new ProcessBuilder(
                      new LaunchWrapper().wrap(List.of("sleep", "600"), List.of(), false)))
              .get();
      System.out.println(sleep.pid());
      System.out.flush();
      Thread.currentThread().join();
    }
  }

  @Test
  void the_real_engine_ends_when_its_stdin_is_closed() throws Exception {
    Process engine =
        new ProcessBuilder(
                TestModels.engine().toString(), "serve", "--model", TestModels.tiny().toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    engine.getOutputStream().close();

    assertThat(engine.waitFor(10, TimeUnit.SECONDS)).isTrue();
  }
}
