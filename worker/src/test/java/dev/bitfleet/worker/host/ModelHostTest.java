package dev.bitfleet.worker.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.BusAddresses;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.EmbedRequest;
import dev.bitfleet.proto.FleetCodecs;
import dev.bitfleet.proto.ModelCommand;
import dev.bitfleet.proto.ModelReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.WorkerCall;
import dev.bitfleet.proto.WorkerHeartbeat;
import dev.bitfleet.proto.WorkerHeartbeat.State;
import dev.bitfleet.worker.engine.TestModels;
import dev.bitfleet.worker.lora.PeftFolders;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands over a real bus, to real engines. */
class ModelHostTest {
  private static final Duration WINDOW = Duration.ofSeconds(30);

  @TempDir Path home;

  private final Map<String, WorkerHeartbeat> heard = new ConcurrentHashMap<>();
  private final Vertx vertx = Vertx.vertx();

  @BeforeEach
  void start() throws Exception {
    Files.createDirectories(home.resolve("me/tiny"));
    Files.copy(TestModels.tiny(), home.resolve("me/tiny/model.gguf"));
    Files.writeString(home.resolve("broken.gguf"), "GGUF and nothing else");
    byte[] cut = Files.readAllBytes(TestModels.tiny());
    Files.write(home.resolve("cut.gguf"), java.util.Arrays.copyOf(cut, cut.length / 2));
    FleetCodecs.register(vertx.eventBus());
    vertx
        .eventBus()
        .<WorkerHeartbeat>localConsumer(
            BusAddresses.HEARTBEATS,
            message -> heard.put(message.body().workerId(), message.body()));
    vertx.deployVerticle(new ModelHost(DemoHost.plan("n", home, Optional.empty()))).await();
    await("n-0", beat -> beat.state() == State.READY);
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  @Test
  void a_model_takes_the_place_of_another_and_its_id() {
    long old = await("n-0", beat -> beat.state() == State.READY).enginePid();

    assertThat(send(ModelCommand.Load.replacing("me/tiny")))
        .isEqualTo(new ModelReply.Done("tiny", ""));

    WorkerHeartbeat now = await("n-1", beat -> beat.state() == State.READY);
    assertThat(now.model().orElseThrow().id()).isEqualTo("tiny");
    assertThat(now.model().orElseThrow().aliases()).containsExactly("bitfleet-demo");
    assertThat(now.model().orElseThrow().rank()).isZero();
    assertThat(now.slots()).as("as the replaced one has it").isEqualTo(2);
    await("n-0", beat -> beat.state() == State.DRAINING);
    awaitGone(old);

    assertThat(send(new ModelCommand.Unload("bitfleet-demo")))
        .as("the old name is an alias to whoever unloads, too")
        .isEqualTo(new ModelReply.Done("tiny", ""));
  }

  @Test
  void a_load_that_fails_changes_nothing() {
    long pid = await("n-0", beat -> beat.state() == State.READY).enginePid();
    long began = System.nanoTime();
    refused("me/none", ModelReply.Code.NOT_FOUND, "model");
    refused("../../etc/passwd", ModelReply.Code.NOT_FOUND, "model");
    refused("broken", ModelReply.Code.UNUSABLE, "model");
    refused("cut", ModelReply.Code.UNUSABLE, "model");
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));

    WorkerHeartbeat still = await("n-0", beat -> beat.number() > 2);
    assertThat(still.state()).isEqualTo(State.READY);
    assertThat(still.enginePid()).isEqualTo(pid);
    await("n-1", beat -> beat.enginePid() == 0);
  }

  @Test
  void one_beside_the_other_needs_an_id_of_its_own() {
    ModelCommand.Load twin = beside("bitfleet-demo", Optional.empty());
    assertThat(send(twin))
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(ModelReply.Code.INVALID);
              assertThat(refused.param()).isEqualTo("id");
            });

    assertThat(send(beside("bitfleet-demo", Optional.of("twin"))))
        .isEqualTo(new ModelReply.Done("twin", ""));
    assertThat(await("n-1", beat -> beat.state() == State.READY).model().orElseThrow().rank())
        .isEqualTo(1);
    assertThat(await("n-0", beat -> beat.number() > 1).state()).isEqualTo(State.READY);
  }

  @Test
  void what_is_unloaded_is_gone_and_may_come_back() {
    assertThat(send(new ModelCommand.Unload("nobody")))
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> assertThat(refused.message()).contains("[bitfleet-demo]"));

    long pid = await("n-0", beat -> beat.state() == State.READY).enginePid();
    assertThat(send(new ModelCommand.Unload("bitfleet-demo")))
        .isEqualTo(new ModelReply.Done("bitfleet-demo", ""));
    assertThat(ProcessHandle.of(pid).filter(ProcessHandle::isAlive)).isEmpty();

    assertThat(send(ModelCommand.Load.replacing("bitfleet-demo")))
        .isEqualTo(new ModelReply.Done("bitfleet-demo", ""));
    await("n-1", beat -> beat.state() == State.READY);
  }

  @Test
  void of_two_commands_at_once_one_is_turned_down() {
    var first =
        vertx
            .eventBus()
            .<ModelReply>request(BusAddresses.models("n"), ModelCommand.Load.replacing("me/tiny"));
    ModelReply second = send(new ModelCommand.Unload("bitfleet-demo"));

    assertThat(second)
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> assertThat(refused.code()).isEqualTo(ModelReply.Code.IN_PROGRESS));
    assertThat(first.await().body()).isEqualTo(new ModelReply.Done("tiny", ""));
  }

  @Test
  void a_model_nobody_uses_gives_its_engine_back_and_wakes_when_it_is_called() {
    ModelReply loaded =
        send(
            new ModelCommand.Load(
                "me/tiny",
                Optional.empty(),
                Optional.empty(),
                true,
                OptionalInt.empty(),
                OptionalInt.empty(),
                OptionalInt.empty(),
                Optional.of(new ModelCommand.KeepAlive.Of(Duration.ofMillis(1200))),
                Optional.empty(),
                Optional.empty()));
    assertThat(loaded).isEqualTo(new ModelReply.Done("tiny", ""));
    long pid = await("n-1", beat -> beat.state() == State.READY).enginePid();

    WorkerHeartbeat idle = await("n-1", beat -> beat.state() == State.IDLE);
    assertThat(idle.model().orElseThrow().id()).isEqualTo("tiny");
    assertThat(idle.enginePid()).isZero();
    // Told to stop when the worker says so; the system may take a moment to bury it.
    assertThat(ProcessHandle.of(pid).map(ProcessHandle::onExit))
        .satisfiesAnyOf(
            gone -> assertThat(gone).isEmpty(),
            ending -> assertThat(ending.orElseThrow()).succeedsWithin(Duration.ofSeconds(5)));

    assertThat(
            vertx
                .eventBus()
                .<TextReply>request(
                    BusAddresses.text("n-1"),
                    new TextRequest.Tokenize("another", "hello", false, false, false))
                .await()
                .body())
        .isEqualTo(new TextReply.Busy("other model"));
    assertThat(
            vertx
                .eventBus()
                .<EmbedReply>request(
                    BusAddresses.embed("n-1"),
                    new EmbedRequest("e", "another", List.of(new Prompt.Text("hello")), 0))
                .await()
                .body())
        .isEqualTo(new EmbedReply.Busy("other model"));
    assertThat(await("n-1", beat -> beat.number() > idle.number()).state())
        .as("after questions about another model")
        .isEqualTo(State.IDLE);

    vertx.eventBus().request(BusAddresses.call("n-1"), WorkerCall.WAKE).await();
    assertThat(await("n-1", beat -> beat.state() == State.READY).enginePid()).isPositive();
  }

  @Test
  void an_adapter_and_rounding_are_kept_until_something_else_is_said() throws Exception {
    Path gguf = PeftFolders.random(TestModels.demo(), home.resolve("me/random.gguf"), "f16");
    PeftFolders.twin(gguf, home.resolve("me/peft"), 0, 0);
    String demo = "bitfleet-demo";
    String plain = fingerprint("n-0");

    loaded(demo, Optional.of("me/random"), Optional.empty(), Optional.empty());
    String adapted = fingerprint("n-1");
    assertThat(adapted).isNotEqualTo(plain);

    loaded(demo, Optional.of("me/peft"), Optional.empty(), Optional.of("int8"));
    String rounded = fingerprint("n-2");
    assertThat(rounded).isNotIn(plain, adapted);

    loaded(demo, Optional.empty(), Optional.empty(), Optional.empty());
    assertThat(fingerprint("n-3")).as("null keeps").isEqualTo(rounded);

    loaded(demo, Optional.empty(), Optional.of("int8"), Optional.of("none"));
    assertThat(fingerprint("n-4")).isNotIn(plain, adapted, rounded);

    loaded(demo, Optional.of("me/random"), Optional.of("none"), Optional.empty());
    assertThat(fingerprint("n-5")).isEqualTo(adapted);

    loaded(demo, Optional.of(""), Optional.empty(), Optional.empty());
    assertThat(fingerprint("n-6")).as("the empty name is none").isEqualTo(plain);

    loaded(demo, Optional.of("me/random"), Optional.empty(), Optional.empty());
    assertThat(send(ModelCommand.Load.replacing("me/tiny")))
        .as("an adapter does not pass to another model")
        .isEqualTo(new ModelReply.Done("tiny", ""));
  }

  @Test
  void an_adapter_that_does_not_fit_leaves_the_old_model_serving() throws Exception {
    long pid = await("n-0", beat -> beat.state() == State.READY).enginePid();
    byte[] adapter =
        Files.readAllBytes(
            PeftFolders.random(TestModels.demo(), home.resolve("me/random.gguf"), "f32"));
    Files.write(home.resolve("me/cut.gguf"), java.util.Arrays.copyOf(adapter, adapter.length / 2));
    PeftFolders.random(
        TestModels.random(
            "wide-demo",
            List.of(
                ("--arch bitnet-b1.58 --layers 1 --embd 512 --heads 4 --kv-heads 4 --ff 512"
                        + " --vocab 320 --seed 2")
                    .split(" "))),
        home.resolve("me/wide.gguf"),
        "f32");
    Path outside = Files.createTempDirectory("outside");
    PeftFolders.twin(home.resolve("me/random.gguf"), outside, 0, 0);
    Files.createDirectories(home.resolve("me/linked"));
    for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
      Files.createSymbolicLink(home.resolve("me/linked").resolve(file), outside.resolve(file));
    }
    PeftFolders.twin(home.resolve("me/random.gguf"), home.resolve("me/dora"), 0, 0);
    Files.writeString(
        home.resolve("me/dora/adapter_config.json"),
        "{\"peft_type\":\"LORA\",\"r\":4,\"lora_alpha\":6,\"use_dora\":true}");

    refusedAdapter("me/none", ModelReply.Code.NOT_FOUND, "no adapter 'me/none'");
    refusedAdapter("../../etc", ModelReply.Code.NOT_FOUND, "no adapter");
    refusedAdapter("me/linked", ModelReply.Code.NOT_FOUND, "no adapter");
    refusedAdapter("me/tiny", ModelReply.Code.UNUSABLE, "it is a model");
    refusedAdapter("me/dora", ModelReply.Code.UNUSABLE, "use_dora");
    refusedAdapter("me/cut", ModelReply.Code.UNUSABLE, "the adapter: ");
    refusedAdapter("me/wide", ModelReply.Code.UNUSABLE, "the adapter: ");
    refusedQuant(Optional.of("f16"), Optional.empty(), "adapter_type");
    refusedQuant(Optional.of("int8"), Optional.empty(), "adapter_type");
    refusedQuant(Optional.empty(), Optional.of("q9"), "head_type");

    WorkerHeartbeat now = await("n-0", beat -> beat.number() > 2);
    assertThat(now.state()).isEqualTo(State.READY);
    assertThat(now.enginePid()).isEqualTo(pid);
  }

  private String fingerprint(String worker) {
    return await(worker, beat -> beat.state() == State.READY).model().orElseThrow().fingerprint();
  }

  private static ModelCommand.Load with(
      String model,
      Optional<String> adapter,
      Optional<String> adapterType,
      Optional<String> headType) {
    return new ModelCommand.Load(
        model,
        adapter,
        Optional.empty(),
        true,
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Optional.empty(),
        adapterType,
        headType);
  }

  private void loaded(
      String model,
      Optional<String> adapter,
      Optional<String> adapterType,
      Optional<String> headType) {
    assertThat(send(with(model, adapter, adapterType, headType)))
        .isEqualTo(new ModelReply.Done(model, ""));
  }

  private void refusedAdapter(String adapter, ModelReply.Code code, String part) {
    assertThat(
            send(with("bitfleet-demo", Optional.of(adapter), Optional.empty(), Optional.empty())))
        .as(adapter)
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> {
              assertThat(refused.message()).contains(part);
              assertThat(refused.code()).isEqualTo(code);
              assertThat(refused.param()).isEqualTo("adapter");
            });
  }

  private void refusedQuant(Optional<String> adapterType, Optional<String> headType, String param) {
    assertThat(send(with("bitfleet-demo", Optional.empty(), adapterType, headType)))
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(ModelReply.Code.INVALID);
              assertThat(refused.param()).isEqualTo(param);
            });
  }

  private static ModelCommand.Load beside(String model, Optional<String> id) {
    return new ModelCommand.Load(
        model,
        Optional.empty(),
        id,
        false,
        OptionalInt.empty(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private void refused(String model, ModelReply.Code code, String param) {
    assertThat(send(ModelCommand.Load.replacing(model)))
        .as(model)
        .isInstanceOfSatisfying(
            ModelReply.Refused.class,
            refused -> {
              assertThat(refused.code()).as(refused.message()).isEqualTo(code);
              assertThat(refused.param()).isEqualTo(param);
            });
  }

  private ModelReply send(ModelCommand command) {
    return vertx
        .eventBus()
        .<ModelReply>request(BusAddresses.models("n"), command)
        .map(message -> message.body())
        .await();
  }

  private static void awaitGone(long pid) {
    long deadline = System.nanoTime() + WINDOW.toNanos();
    while (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()) {
      assertThat(System.nanoTime()).as("engine %s lives", pid).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }

  private WorkerHeartbeat await(String worker, Predicate<WorkerHeartbeat> wanted) {
    long deadline = System.nanoTime() + WINDOW.toNanos();
    while (true) {
      WorkerHeartbeat beat = heard.get(worker);
      if (beat != null && wanted.test(beat)) {
        return beat;
      }
      assertThat(System.nanoTime()).as("the last of %s was %s", worker, beat).isLessThan(deadline);
      Thread.onSpinWait();
    }
  }
}
