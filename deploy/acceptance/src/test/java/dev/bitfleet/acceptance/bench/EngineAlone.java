package dev.bitfleet.acceptance.bench;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.EngineFrames;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.EngineEvent;
import dev.bitfleet.proto.engine.v1.OpenSequence;
import dev.bitfleet.proto.engine.v1.PromptSegment;
import dev.bitfleet.proto.engine.v1.Sampling;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;

/** The engine's process with nothing in front of it: what the gateway is measured against. */
final class EngineAlone implements AutoCloseable {
  private final Process process;
  private final OutputStream commands;
  private final InputStream events;
  private long sequences;

  EngineAlone(Path binary, Path model, int threads) throws IOException {
    process =
        new ProcessBuilder(
                binary.toString(),
                "serve",
                "--model",
                model.toString(),
                "--slots",
                "4",
                "--threads",
                String.valueOf(threads))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    commands = process.getOutputStream();
    events = new BufferedInputStream(process.getInputStream());
    EngineEvent event = next();
    while (!event.hasReady()) {
      if (event.hasLoadFailed()) {
        throw new IOException(event.getLoadFailed().getMessage());
      }
      event = next();
    }
  }

  /** Times of one greedy completion. */
  Timing complete(String prompt, int tokens) throws IOException {
    long id = ++sequences;
    long began = System.nanoTime();
    commands.write(
        EngineFrames.encode(
            EngineCommand.newBuilder()
                .setOpen(
                    OpenSequence.newBuilder()
                        .setSequenceId(id)
                        .addPrompt(
                            PromptSegment.newBuilder().setText(ByteString.copyFromUtf8(prompt)))
                        .setSampling(
                            Sampling.newBuilder().setTopP(1).setTypicalP(1).setRepeatPenalty(1))
                        .setMaxTokens(tokens)
                        .setIgnoreEndTokens(true)
                        .setAddBeginToken(true)
                        .setCacheScope(id))
                .build()));
    commands.flush();
    long first = 0;
    while (true) {
      EngineEvent event = next();
      if (event.hasPiece() && first == 0) {
        first = System.nanoTime();
      } else if (event.hasRejected()) {
        throw new IOException(event.getRejected().getMessage());
      } else if (event.hasFinished()) {
        return new Timing(
            first - began, System.nanoTime() - first, event.getFinished().getCompletionTokens());
      }
    }
  }

  private EngineEvent next() throws IOException {
    return EngineEvent.parseFrom(EngineFrames.read(events));
  }

  @Override
  public void close() throws IOException {
    commands.close();
    process.destroy();
    List.of(process.onExit()).forEach(java.util.concurrent.CompletableFuture::join);
  }

  /**
   * How long one completion took.
   *
   * @param toFirst from the request to the first token
   * @param rest from the first token to the end
   */
  record Timing(long toFirst, long rest, int tokens) {}
}
