package dev.bitfleet.acceptance.bench;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.engine.v1.CancelSequence;
import dev.bitfleet.proto.engine.v1.Detokenize;
import dev.bitfleet.proto.engine.v1.Detokenized;
import dev.bitfleet.proto.engine.v1.Embed;
import dev.bitfleet.proto.engine.v1.EmbedError;
import dev.bitfleet.proto.engine.v1.Embedded;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.EngineEvent;
import dev.bitfleet.proto.engine.v1.FinishReason;
import dev.bitfleet.proto.engine.v1.Loading;
import dev.bitfleet.proto.engine.v1.OpenSequence;
import dev.bitfleet.proto.engine.v1.Pong;
import dev.bitfleet.proto.engine.v1.PromptSegment;
import dev.bitfleet.proto.engine.v1.Ready;
import dev.bitfleet.proto.engine.v1.Rejection;
import dev.bitfleet.proto.engine.v1.SequenceAccepted;
import dev.bitfleet.proto.engine.v1.SequenceFinished;
import dev.bitfleet.proto.engine.v1.SequenceRejected;
import dev.bitfleet.proto.engine.v1.TokenInfo;
import dev.bitfleet.proto.engine.v1.TokenPiece;
import dev.bitfleet.proto.engine.v1.Tokenize;
import dev.bitfleet.proto.engine.v1.Tokenized;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An engine that computes nothing: each token of a sequence comes a fixed time after the one
 * before, whatever else there is to do. So any number of them share a machine without being in one
 * another's way, and what is missing from their tokens per second was lost between them and the
 * client.
 *
 * <p>It speaks the engine protocol as a worker wants it: slots, one answer to every open, pieces
 * numbered, cancelling, questions about text (each byte is a token). A token's text is the moment
 * it was written, by the clock that all processes of a machine share ({@link System#nanoTime} is
 * CLOCK_MONOTONIC on Linux): whoever reads it knows how long it was under way.
 */
final class FixedCostEngine {
  private static final int BYTES = 256;

  private final long nanosPerToken;
  private final int slots;
  private final int contextLength;
  private final OutputStream out;
  private final LinkedBlockingQueue<EngineCommand> commands = new LinkedBlockingQueue<>();
  private final Map<Long, Sequence> open = new HashMap<>();
  private final PriorityQueue<Sequence> due =
      new PriorityQueue<>(Comparator.comparingLong((Sequence each) -> each.dueNanos));
  private long tokens;

  private static final class Sequence {
    private final long id;
    private final int promptTokens;
    private final int emitted;
    private final int most;
    private long dueNanos;
    private int pieces;

    Sequence(long id, int promptTokens, int emitted, int most, long dueNanos) {
      this.id = id;
      this.promptTokens = promptTokens;
      this.emitted = emitted;
      this.most = most;
      this.dueNanos = dueNanos;
    }

    int completionTokens() {
      return emitted + pieces;
    }
  }

  private FixedCostEngine(long nanosPerToken, int slots, int contextLength, OutputStream out) {
    this.nanosPerToken = nanosPerToken;
    this.slots = slots;
    this.contextLength = contextLength;
    this.out = out;
  }

  /** Writes a program that runs it, for {@code engine-bin}. */
  static Path program(Path folder, int millisPerToken) throws Exception {
    var classes = new ArrayList<String>();
    for (Class<?> each : List.of(FixedCostEngine.class, EngineFrames.class, ByteString.class)) {
      classes.add(
          Path.of(each.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    Path program = folder.resolve("fixed-cost-engine-" + millisPerToken);
    Files.writeString(
        program,
        """
        #!/bin/sh
        exec '%s' -XX:+UseSerialGC -Xmx128m -XX:TieredStopAtLevel=1 -cp '%s' %s %d "$@"
        """
            .formatted(
                Path.of(System.getProperty("java.home"), "bin", "java"),
                String.join(":", classes),
                FixedCostEngine.class.getName(),
                millisPerToken));
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    return program;
  }

  /**
   * Runs until stdin closes.
   *
   * @param args milliseconds of a token, then what a worker gives its engine
   */
  public static void main(String[] args) throws Exception {
    List<String> flags = List.of(args);
    var engine =
        new FixedCostEngine(
            TimeUnit.MILLISECONDS.toNanos(Long.parseLong(flags.getFirst())),
            Integer.parseInt(flags.get(flags.indexOf("--slots") + 1)),
            Integer.parseInt(flags.get(flags.indexOf("--ctx-size") + 1)),
            System.out);
    Thread.ofPlatform().daemon().start(engine::readCommands);
    engine.run();
  }

  private void readCommands() {
    try {
      while (true) {
        commands.add(EngineCommand.parseFrom(EngineFrames.read(System.in)));
      }
    } catch (EOFException e) {
      System.exit(0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void run() throws IOException, InterruptedException {
    say(EngineEvent.newBuilder().setLoading(Loading.newBuilder().setProtocol(1)));
    say(
        EngineEvent.newBuilder()
            .setReady(
                Ready.newBuilder()
                    .setProtocol(1)
                    .setEngineVersion("fixed-cost")
                    .setKernel("scalar")
                    .setThreads(1)
                    .setSlots(slots)
                    .setContextLength(contextLength)
                    .setArchitecture("bitnet-b1.58")
                    .setVocabularySize(BYTES)
                    .setFingerprint("f1dedc057f1dedc0")));
    while (true) {
      Sequence next = due.peek();
      EngineCommand command =
          next == null
              ? commands.take()
              : commands.poll(next.dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (command != null) {
        obey(command);
      } else if (next != null) {
        draw(due.remove());
      }
    }
  }

  private void draw(Sequence sequence) throws IOException {
    ByteString text = ByteString.copyFrom(System.nanoTime() + " ", StandardCharsets.US_ASCII);
    say(
        EngineEvent.newBuilder()
            .setPiece(
                TokenPiece.newBuilder()
                    .setSequenceId(sequence.id)
                    .setNumber(sequence.pieces++)
                    .setText(text)
                    .addTokens(
                        TokenInfo.newBuilder().setId((int) (tokens++ % BYTES)).setText(text))));
    if (sequence.completionTokens() >= sequence.most) {
      finish(sequence, FinishReason.FINISH_REASON_LENGTH);
    } else {
      sequence.dueNanos += nanosPerToken;
      due.add(sequence);
    }
  }

  private void finish(Sequence sequence, FinishReason reason) throws IOException {
    open.remove(sequence.id);
    say(
        EngineEvent.newBuilder()
            .setFinished(
                SequenceFinished.newBuilder()
                    .setSequenceId(sequence.id)
                    .setReason(reason)
                    .setPromptTokens(sequence.promptTokens)
                    .setCompletionTokens(sequence.completionTokens())));
  }

  private void obey(EngineCommand command) throws IOException {
    switch (command.getCommandCase()) {
      case OPEN -> open(command.getOpen());
      case CANCEL -> cancel(command.getCancel());
      case TOKENIZE -> tokenize(command.getTokenize());
      case DETOKENIZE -> detokenize(command.getDetokenize());
      case PING ->
          say(
              EngineEvent.newBuilder()
                  .setPong(
                      Pong.newBuilder()
                          .setRequestId(command.getPing().getRequestId())
                          .setSteps(tokens)
                          .setOpenSequences(open.size())
                          .setGeneratedTokens(tokens)));
      case EMBED -> refuse(command.getEmbed());
      case CANCEL_EMBED, COMMAND_NOT_SET -> {}
    }
  }

  private void open(OpenSequence wanted) throws IOException {
    int prompt = bytes(wanted.getPromptList()).size();
    int room = contextLength - prompt;
    if (open.size() >= slots || room <= 0) {
      say(
          EngineEvent.newBuilder()
              .setRejected(
                  SequenceRejected.newBuilder()
                      .setSequenceId(wanted.getSequenceId())
                      .setCode(
                          room <= 0
                              ? Rejection.REJECTION_CONTEXT_LENGTH_EXCEEDED
                              : Rejection.REJECTION_BUSY)
                      .setPromptTokens(prompt)
                      .setContextLength(contextLength)));
      return;
    }
    var sequence =
        new Sequence(
            wanted.getSequenceId(),
            prompt,
            wanted.getEmittedCount(),
            wanted.getMaxTokens() == 0 ? room : Math.min(room, wanted.getMaxTokens()),
            System.nanoTime() + nanosPerToken);
    open.put(sequence.id, sequence);
    due.add(sequence);
    say(
        EngineEvent.newBuilder()
            .setAccepted(
                SequenceAccepted.newBuilder().setSequenceId(sequence.id).setPromptTokens(prompt)));
  }

  private void cancel(CancelSequence unwanted) throws IOException {
    Sequence sequence = open.get(unwanted.getSequenceId());
    if (sequence != null) {
      due.remove(sequence);
      finish(sequence, FinishReason.FINISH_REASON_CANCELLED);
    }
  }

  private void tokenize(Tokenize question) throws IOException {
    var answer = Tokenized.newBuilder().setRequestId(question.getRequestId());
    for (byte each : bytes(question.getPromptList())) {
      answer.addIds(Byte.toUnsignedInt(each));
      if (question.getWithPieces()) {
        answer.addPieces(ByteString.copyFrom(new byte[] {each}));
      }
    }
    say(EngineEvent.newBuilder().setTokenized(answer));
  }

  private void detokenize(Detokenize question) throws IOException {
    say(
        EngineEvent.newBuilder()
            .setDetokenized(
                Detokenized.newBuilder()
                    .setRequestId(question.getRequestId())
                    .setText(ofIds(question.getIdsList()))));
  }

  private void refuse(Embed text) throws IOException {
    say(
        EngineEvent.newBuilder()
            .setEmbedded(
                Embedded.newBuilder()
                    .setRequestId(text.getRequestId())
                    .setError(EmbedError.EMBED_ERROR_UNSUPPORTED)
                    .setMessage("an engine of fixed cost makes no embeddings")));
  }

  private static ByteString bytes(List<PromptSegment> prompt) {
    ByteString all = ByteString.EMPTY;
    for (PromptSegment each : prompt) {
      all = all.concat(each.hasText() ? each.getText() : ofIds(each.getTokens().getIdsList()));
    }
    return all;
  }

  private static ByteString ofIds(List<Integer> ids) {
    byte[] bytes = new byte[ids.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = ids.get(i).byteValue();
    }
    return ByteString.copyFrom(bytes);
  }

  private void say(EngineEvent.Builder event) throws IOException {
    out.write(EngineFrames.encode(event.build()));
    out.flush();
  }
}
