package dev.bitfleet.proto;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bitfleet.proto.fleet.v1.OpenGeneration;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageCodec;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The wire form of every message of the fleet protocol. */
class FleetCodecsTest {
  private static final Sampling SAMPLING =
      new Sampling(0.7, 40, 0.95, 0.05, 0.9, 1.1, 32, -2, 2, Map.of(0, -100f, 7, 1.5f), -1L);

  private static final Prompt.Chat TOOL_CHAT =
      new Prompt.Chat(
          List.of(
              new ChatMessage(Role.USER, "weather?"),
              new ChatMessage(
                  Role.ASSISTANT,
                  "",
                  "",
                  List.of(new ToolCall("call_1", "weather", "{\"city\":\"Köln\"}")),
                  ""),
              new ChatMessage(Role.TOOL, "rain", "weather", List.of(), "call_1")),
          List.of(new ToolDescription("weather", "of a city", "{\"type\":\"object\"}")));

  private static TokenDetail token(int id, byte[] bytes) {
    return new TokenDetail(id, bytes, OptionalDouble.empty(), List.of());
  }

  private static GenerationRequest request(Prompt prompt) {
    return new GenerationRequest(
        "s-1",
        BusAddresses.inbox("g"),
        "modèle",
        prompt,
        SAMPLING,
        12,
        List.of("\n\nUser:", "停"),
        true,
        OptionalInt.of(0),
        2048,
        Long.MIN_VALUE,
        "root ::= \"a\"",
        PromptScoring.WITH_COMPLETION,
        Priority.BACKGROUND,
        Optional.of(new Continuation(List.of(1, 300, 128_000), "", true, "f00d", -3)));
  }

  private static GenerationRequest plain() {
    return new GenerationRequest(
        "s-2",
        BusAddresses.inbox("g"),
        "m",
        new Prompt.Text("x"),
        SAMPLING,
        0,
        List.of(),
        false,
        OptionalInt.empty(),
        0,
        0,
        "",
        PromptScoring.NONE,
        Priority.INTERACTIVE,
        Optional.of(new Continuation(List.of(), "Grüße 🙂", false, "f", Long.MAX_VALUE)));
  }

  private static WorkerHeartbeat heartbeat(
      Optional<ModelDescription> model, WorkerHeartbeat.State state) {
    return new WorkerHeartbeat(
        "w",
        "n",
        Long.MAX_VALUE,
        ProtocolVersion.FLEET,
        state,
        model,
        8,
        3,
        "builtin",
        "1.2",
        "avx2",
        4,
        List.of(0, 3),
        123_456,
        "why",
        PrefixSummary.NONE);
  }

  static Stream<Arguments> messages() {
    TokenDetail detail =
        new TokenDetail(
            128_000,
            new byte[] {-1, 0, 5},
            OptionalDouble.of(-1.5),
            List.of(new TokenDetail.Alternative(1, new byte[] {65}, -0.25)));
    return Stream.of(
            Stream.of(
                    new Prompt.Chat(
                        List.of(
                            new ChatMessage(Role.SYSTEM, ""),
                            new ChatMessage(Role.DEVELOPER, "d"),
                            new ChatMessage(Role.USER, "Grüße 🙂\u0000", "Ann"),
                            new ChatMessage(Role.TOOL, "t"))),
                    new Prompt.Text(""),
                    new Prompt.Tokens(List.of(0, Integer.MAX_VALUE)))
                .map(prompt -> Arguments.of(GenerationRequest.class, request(prompt))),
            Stream.of(Arguments.of(GenerationRequest.class, plain())),
            Stream.of(Arguments.of(CancelGeneration.class, new CancelGeneration("s"))),
            Stream.of(
                    new OpenReply.Accepted(10, 4, "0123", -7),
                    new OpenReply.Busy("full"),
                    new OpenReply.Refused(
                        OpenReply.Code.CONTEXT_LENGTH_EXCEEDED, "long", "messages", 9000, 4096),
                    new OpenReply.Refused(OpenReply.Code.PROMPT_QUARANTINED, "no", ""))
                .map(reply -> Arguments.of(OpenReply.class, reply)),
            Stream.of(
                Arguments.of(
                    EmbedRequest.class,
                    new EmbedRequest(
                        "e-1",
                        "m",
                        List.of(new Prompt.Text("Grüße"), new Prompt.Tokens(List.of(1, 70_000))),
                        -5))),
            Stream.of(
                    new EmbedReply.Embedded(
                        List.of(
                            new Embedding(new float[] {0, -0.5f, Float.MIN_VALUE}, 3),
                            new Embedding(new float[0], 1)),
                        "f"),
                    new EmbedReply.Busy("full"),
                    new EmbedReply.Refused(
                        EmbedReply.Code.CONTEXT_LENGTH_EXCEEDED, "long", 7, 9000, 4096),
                    new EmbedReply.Refused(EmbedReply.Code.NOT_AN_EMBEDDING_MODEL, "no", 0),
                    new EmbedReply.Refused(EmbedReply.Code.PROMPT_QUARANTINED, "no", 1),
                    new EmbedReply.Refused(EmbedReply.Code.EMPTY_PROMPT, "no", 1),
                    new EmbedReply.Refused(EmbedReply.Code.INVALID, "no", 1))
                .map(reply -> Arguments.of(EmbedReply.class, reply)),
            Stream.concat(
                    Stream.of(
                        new GenerationEvent.Delta("s", 0, "", List.of(), true),
                        new GenerationEvent.Delta("s", 7, "Grüße", List.of(detail, detail), false)),
                    Stream.concat(
                        Arrays.stream(FinishReason.values())
                            .map(
                                reason ->
                                    new GenerationEvent.Finished(
                                        "s", 9, reason, "st", new Usage(1, 2, 3), 4, 5)),
                        Arrays.stream(FailureCause.values())
                            .map(cause -> new GenerationEvent.Failed("s", 1, cause, "m"))))
                .map(event -> Arguments.of(GenerationEvent.class, event)),
            Stream.of(
                    new TextRequest.Tokenize("m", "Grüße <|eot_id|>", true, false, true),
                    new TextRequest.Tokenize("", "", false, true, false),
                    new TextRequest.Detokenize("m", List.of(0, 128_000)),
                    new TextRequest.Render("m", TOOL_CHAT),
                    new TextRequest.Fit("m", TOOL_CHAT, 4096, 1, 512, true),
                    new TextRequest.Fit("m", new Prompt.Text("t"), 0, 0, 0, false),
                    new TextRequest.Fit("m", new Prompt.Tokens(List.of(7)), 1, 2, 3, false))
                .map(request -> Arguments.of(TextRequest.class, request)),
            Stream.of(
                    new TextReply.Tokens(List.of()),
                    new TextReply.Tokens(List.of(token(5, new byte[0]), token(6, new byte[0]))),
                    new TextReply.Tokens(
                        List.of(token(5, new byte[] {-1, 0}), token(0, new byte[0]))),
                    new TextReply.Text("停"),
                    new TextReply.Fit(10, 4096, 3, 77),
                    new TextReply.Busy("draining"),
                    new TextReply.Refused(
                        new OpenReply.Refused(
                            OpenReply.Code.CONTEXT_LENGTH_EXCEEDED, "long", "messages", 9, 8)))
                .map(reply -> Arguments.of(TextReply.class, reply)),
            Arrays.stream(WorkerHeartbeat.State.values())
                .flatMap(
                    state ->
                        Stream.of(
                            heartbeat(Optional.empty(), state),
                            heartbeat(
                                Optional.of(
                                    new ModelDescription(
                                        "m",
                                        "bitnet-b1.58",
                                        "f",
                                        4096,
                                        128_256,
                                        1L << 40,
                                        5,
                                        6,
                                        true,
                                        1024,
                                        "last",
                                        "I2_S",
                                        List.of("old", "älter"),
                                        3)),
                                state)))
                .map(beat -> Arguments.of(WorkerHeartbeat.class, beat)),
            Arrays.stream(PromptNote.Kind.values())
                .map(
                    kind ->
                        new PromptNote(
                            "w",
                            "f",
                            kind,
                            List.of(
                                new PromptNote.Prompt(-1, Long.MAX_VALUE, 0, true),
                                new PromptNote.Prompt(2, 3, 4096, false))))
                .map(note -> Arguments.of(PromptNote.class, note)),
            Arrays.stream(WorkerCall.values()).map(call -> Arguments.of(WorkerCall.class, call)),
            Stream.of(
                    ModelCommand.Load.replacing("me/modèle"),
                    new ModelCommand.Load(
                        "m",
                        Optional.of("a"),
                        Optional.of("i"),
                        false,
                        OptionalInt.of(0),
                        OptionalInt.of(3),
                        OptionalInt.of(0),
                        Optional.of(new ModelCommand.KeepAlive.Of(Duration.ZERO)),
                        Optional.of("f16"),
                        Optional.of("q8_0")),
                    new ModelCommand.Load(
                        "m",
                        Optional.of(""),
                        Optional.empty(),
                        true,
                        OptionalInt.empty(),
                        OptionalInt.empty(),
                        OptionalInt.of(2048),
                        Optional.of(new ModelCommand.KeepAlive.Forever()),
                        Optional.empty(),
                        Optional.empty()),
                    new ModelCommand.Unload("m"))
                .map(command -> Arguments.of(ModelCommand.class, command)),
            Stream.concat(
                    Stream.of(new ModelReply.Done("m", "")),
                    Arrays.stream(ModelReply.Code.values())
                        .map(code -> new ModelReply.Refused(code, "why", "model_dir")))
                .map(reply -> Arguments.of(ModelReply.class, reply)),
            Stream.of(
                    new RolloutCommand.Prepare(
                        "r",
                        ModelCommand.Load.replacing("me/modèle"),
                        List.of("a", "b"),
                        Duration.ofSeconds(15)),
                    new RolloutCommand.Renew("r"),
                    new RolloutCommand.Commit("r"),
                    new RolloutCommand.Abort("r"))
                .map(command -> Arguments.of(RolloutCommand.class, command)),
            Stream.of(
                    new RolloutReply.Prepared("m", "f", List.of(0, 128_255, -1)),
                    new RolloutReply.Prepared("m", "", List.of()),
                    new RolloutReply.Renewed(),
                    new RolloutReply.Committed(),
                    new RolloutReply.Aborted(),
                    new RolloutReply.Refused(
                        new ModelReply.Refused(ModelReply.Code.UNUSABLE, "why", "model")))
                .map(reply -> Arguments.of(RolloutReply.class, reply)))
        .flatMap(stream -> stream);
  }

  private static <T> T throughTheWire(Class<T> type, Object message) {
    MessageCodec<T, T> codec = FleetCodecs.of(type);
    Buffer buffer = Buffer.buffer("before");
    codec.encodeToWire(buffer, type.cast(message));
    buffer.appendString("after");
    return codec.decodeFromWire("before".length(), buffer);
  }

  @ParameterizedTest
  @MethodSource("messages")
  void each_message_survives_the_wire(Class<?> type, Object message) {
    assertThat(throughTheWire(type, message)).isEqualTo(message);
  }

  @ParameterizedTest
  @MethodSource("messages")
  void hostile_bytes_are_refused_and_never_more(Class<?> type, Object message) {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    MessageCodec<?, ?> codec = FleetCodecs.of(type);
    Buffer whole = Buffer.buffer();
    encode(type, message, whole);
    for (int round = 0; round < 500; round++) {
      byte[] bytes = whole.getBytes(Integer.BYTES, whole.length());
      for (int flips = random.nextInt(5); flips >= 0 && bytes.length > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(bytes.length + 1);
      Buffer damaged = Buffer.buffer().appendInt(length).appendBytes(Arrays.copyOf(bytes, length));
      try {
        assertThat((Object) codec.decodeFromWire(0, damaged)).as("seed %d", seed).isNotNull();
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).as("seed %d", seed).isNotNull();
      }
    }
  }

  private static <T> void encode(Class<T> type, Object message, Buffer buffer) {
    FleetCodecs.of(type).encodeToWire(buffer, type.cast(message));
  }

  @Test
  void unknown_fields_of_a_newer_side_are_ignored() throws Exception {
    Buffer buffer = Buffer.buffer();
    FleetCodecs.of(CancelGeneration.class).encodeToWire(buffer, new CancelGeneration("s"));
    byte[] newer = {'\n', 1, 's', (byte) 0xf8, 0x3f, 1};
    Buffer wire = Buffer.buffer().appendInt(newer.length).appendBytes(newer);

    assertThat(FleetCodecs.of(CancelGeneration.class).decodeFromWire(0, wire))
        .isEqualTo(new CancelGeneration("s"));
    assertThat(OpenGeneration.parseFrom(newer).getUnknownFields().asMap()).isNotEmpty();
  }

  @Test
  void within_a_jvm_the_record_itself_is_handed_over() {
    Vertx vertx = Vertx.vertx();
    try {
      FleetCodecs.register(vertx.eventBus());
      GenerationRequest sent = request(new Prompt.Text("x"));
      vertx
          .eventBus()
          .<GenerationRequest>consumer(
              "a", message -> message.reply(new OpenReply.Busy("" + (message.body() == sent))));

      assertThat(vertx.eventBus().<OpenReply>request("a", sent).await().body())
          .isEqualTo(new OpenReply.Busy("true"));
    } finally {
      vertx.close().await();
    }
  }

  @Test
  void addresses_carry_the_major_version() {
    assertThat(BusAddresses.open("w")).isEqualTo("bitfleet.v1.worker.w.open");
    assertThat(BusAddresses.embed("w")).isEqualTo("bitfleet.v1.worker.w.embed");
    assertThat(BusAddresses.cancel("w")).isEqualTo("bitfleet.v1.worker.w.cancel");
    assertThat(BusAddresses.text("w")).isEqualTo("bitfleet.v1.worker.w.text");
    assertThat(BusAddresses.inbox("g")).isEqualTo("bitfleet.v1.gateway.g.inbox");
    assertThat(BusAddresses.HEARTBEATS).isEqualTo("bitfleet.v1.heartbeats");
  }
}
