package dev.bitfleet.worker.engine.builtin;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.EmbedReply;
import dev.bitfleet.proto.Embedding;
import dev.bitfleet.proto.FinishReason;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.TokenDetail;
import dev.bitfleet.proto.Usage;
import dev.bitfleet.proto.engine.v1.Embed;
import dev.bitfleet.proto.engine.v1.EmbedError;
import dev.bitfleet.proto.engine.v1.Embedded;
import dev.bitfleet.proto.engine.v1.EngineCommand;
import dev.bitfleet.proto.engine.v1.OpenSequence;
import dev.bitfleet.proto.engine.v1.Priority;
import dev.bitfleet.proto.engine.v1.PromptScored;
import dev.bitfleet.proto.engine.v1.PromptScoring;
import dev.bitfleet.proto.engine.v1.PromptSegment;
import dev.bitfleet.proto.engine.v1.Ready;
import dev.bitfleet.proto.engine.v1.Sampling;
import dev.bitfleet.proto.engine.v1.SequenceFinished;
import dev.bitfleet.proto.engine.v1.SequenceRejected;
import dev.bitfleet.proto.engine.v1.TokenIds;
import dev.bitfleet.proto.engine.v1.TokenInfo;
import dev.bitfleet.proto.engine.v1.TokenPiece;
import dev.bitfleet.worker.engine.EmbeddingRequest;
import dev.bitfleet.worker.engine.EngineDescription;
import dev.bitfleet.worker.engine.EngineEvent;
import dev.bitfleet.worker.engine.SequenceRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalDouble;

/** The worker's values as messages of the engine protocol, and back. */
public final class EngineMessages {
  private EngineMessages() {}

  /** The command that opens that sequence. */
  public static EngineCommand open(SequenceRequest request) {
    OpenSequence.Builder open =
        OpenSequence.newBuilder()
            .setSequenceId(request.id())
            .addAllPrompt(segments(request.prompt()))
            .setSampling(sampling(request.sampling()))
            .setMaxTokens(request.maxTokens())
            .addAllStopTokens(request.stopTokens())
            .addAllStopStrings(request.stopStrings())
            .setIgnoreEndTokens(request.ignoreEndTokens())
            .setContextLimit(request.contextLimit())
            .addAllEmitted(request.emitted().tokens())
            .setEmittedShortened(request.emitted().shortened())
            .setCacheScope(request.cacheScope())
            .setAddBeginToken(request.addBeginToken())
            .setGrammar(request.grammar())
            .setPromptScoring(promptScoring(request.promptScoring()))
            .setPriority(priority(request.priority()));
    request.topLogprobs().ifPresent(open::setTopLogprobs);
    return EngineCommand.newBuilder().setOpen(open).build();
  }

  private static PromptScoring promptScoring(dev.bitfleet.proto.PromptScoring scoring) {
    return switch (scoring) {
      case NONE -> PromptScoring.PROMPT_SCORING_NONE;
      case WITH_COMPLETION -> PromptScoring.PROMPT_SCORING_WITH_COMPLETION;
      case ALONE -> PromptScoring.PROMPT_SCORING_ALONE;
    };
  }

  private static Priority priority(dev.bitfleet.proto.Priority priority) {
    return switch (priority) {
      case INTERACTIVE -> Priority.PRIORITY_INTERACTIVE;
      case BACKGROUND -> Priority.PRIORITY_BACKGROUND;
    };
  }

  /** Stretches of a prompt as the protocol has them. */
  public static List<PromptSegment> segments(
      List<dev.bitfleet.worker.engine.PromptSegment> prompt) {
    return prompt.stream()
        .map(
            segment ->
                switch (segment) {
                  case dev.bitfleet.worker.engine.PromptSegment.Text text ->
                      PromptSegment.newBuilder()
                          // A lone surrogate becomes '?': the engine gets valid UTF-8, always.
                          .setText(
                              ByteString.copyFrom(text.text().getBytes(StandardCharsets.UTF_8)))
                          .build();
                  case dev.bitfleet.worker.engine.PromptSegment.Tokens tokens ->
                      PromptSegment.newBuilder()
                          .setTokens(TokenIds.newBuilder().addAllIds(tokens.ids()))
                          .build();
                })
        .toList();
  }

  private static Sampling sampling(dev.bitfleet.proto.Sampling sampling) {
    return Sampling.newBuilder()
        .setTemperature((float) sampling.temperature())
        .setTopK(sampling.topK())
        .setTopP(positive(sampling.topP()))
        .setMinP((float) sampling.minP())
        .setTypicalP(positive(sampling.typicalP()))
        .setRepeatPenalty(positive(sampling.repeatPenalty()))
        .setRepeatLastN(sampling.repeatLastN())
        .setPresencePenalty((float) sampling.presencePenalty())
        .setFrequencyPenalty((float) sampling.frequencyPenalty())
        .putAllLogitBias(sampling.logitBias())
        .setSeed(sampling.seed())
        .build();
  }

  /** A double that is above 0 may round to 0 as a float, which would mean something else. */
  private static float positive(double value) {
    return Math.max((float) value, Float.MIN_NORMAL);
  }

  static EngineDescription description(Ready ready) {
    return new EngineDescription(
        ready.getEngineVersion(),
        ready.getKernel(),
        ready.getThreads(),
        ready.getSlots(),
        ready.getContextLength(),
        ready.getArchitecture(),
        ready.getVocabularySize(),
        ready.getFingerprint(),
        ready.getParameters(),
        ready.getModelBytes(),
        ready.getAssumptionsList(),
        new EngineDescription.Embeddings(
            ready.getEmbeddingSize(), ready.getPooling(), ready.getEmbedsOnly()));
  }

  /** Why a sequence was not opened. */
  public static EngineEvent rejected(SequenceRejected rejected) throws IOException {
    long id = rejected.getSequenceId();
    return switch (rejected.getCode()) {
      case REJECTION_BUSY -> new EngineEvent.Busy(id, rejected.getMessage());
      case REJECTION_INVALID -> refused(rejected, OpenReply.Code.INVALID);
      case REJECTION_CONTEXT_LENGTH_EXCEEDED ->
          refused(rejected, OpenReply.Code.CONTEXT_LENGTH_EXCEEDED);
      case REJECTION_EMPTY_PROMPT -> refused(rejected, OpenReply.Code.EMPTY_PROMPT);
      case REJECTION_UNSPECIFIED, UNRECOGNIZED ->
          throw new IOException("it rejected a sequence without a known code");
    };
  }

  private static EngineEvent.Refused refused(SequenceRejected rejected, OpenReply.Code code) {
    return new EngineEvent.Refused(
        rejected.getSequenceId(),
        new OpenReply.Refused(
            code,
            rejected.getMessage(),
            rejected.getParam(),
            rejected.getPromptTokens(),
            rejected.getContextLength()));
  }

  static EngineEvent.Piece piece(TokenPiece piece) throws IOException {
    List<TokenInfo> infos = piece.getTokensList();
    List<TokenDetail> tokens =
        infos.size() == 1
            ? List.of(token(infos.getFirst()))
            : infos.stream().map(EngineMessages::token).toList();
    return new EngineEvent.Piece(
        piece.getSequenceId(), utf8(piece.getText()), tokens, piece.getShortened());
  }

  static EngineCommand embed(EmbeddingRequest request) {
    return EngineCommand.newBuilder()
        .setEmbed(
            Embed.newBuilder()
                .setRequestId(request.id())
                .addAllPrompt(segments(request.prompt()))
                .setAddBeginToken(request.addSpecialTokens())
                .setCacheScope(request.cacheScope()))
        .build();
  }

  static EngineEvent.OfEmbedding embedded(Embedded embedded) throws IOException {
    long id = embedded.getRequestId();
    EmbedReply.Code code =
        switch (embedded.getError()) {
          case EMBED_ERROR_NONE, EMBED_ERROR_BUSY -> null;
          case EMBED_ERROR_UNSUPPORTED -> EmbedReply.Code.NOT_AN_EMBEDDING_MODEL;
          case EMBED_ERROR_INVALID, EMBED_ERROR_FAILED -> EmbedReply.Code.INVALID;
          case EMBED_ERROR_CONTEXT_LENGTH_EXCEEDED -> EmbedReply.Code.CONTEXT_LENGTH_EXCEEDED;
          case EMBED_ERROR_EMPTY -> EmbedReply.Code.EMPTY_PROMPT;
          case UNRECOGNIZED -> throw new IOException("it refused to embed without a known reason");
        };
    if (embedded.getError() == EmbedError.EMBED_ERROR_BUSY) {
      return new EngineEvent.NotEmbedded(id, new EmbedReply.Busy(embedded.getMessage()));
    }
    if (code != null) {
      return new EngineEvent.NotEmbedded(
          id,
          new EmbedReply.Refused(
              code,
              embedded.getMessage(),
              0,
              embedded.getPromptTokens(),
              embedded.getContextLength()));
    }
    float[] values = new float[embedded.getValuesCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = embedded.getValues(i);
    }
    return new EngineEvent.Embedded(id, new Embedding(values, embedded.getPromptTokens()));
  }

  static EngineEvent.PromptScored promptScored(PromptScored scored) {
    return new EngineEvent.PromptScored(
        scored.getSequenceId(),
        scored.getTokensList().stream().map(EngineMessages::token).toList());
  }

  static EngineEvent.EndOfSequence finished(SequenceFinished finished) throws IOException {
    long id = finished.getSequenceId();
    FinishReason reason =
        switch (finished.getReason()) {
          case FINISH_REASON_STOP_TOKEN -> FinishReason.STOP_TOKEN;
          case FINISH_REASON_STOP_STRING -> FinishReason.STOP_STRING;
          case FINISH_REASON_LENGTH -> FinishReason.LENGTH;
          case FINISH_REASON_CANCELLED -> FinishReason.CANCELLED;
          case FINISH_REASON_FAILED -> null;
          case FINISH_REASON_UNSPECIFIED, UNRECOGNIZED ->
              throw new IOException("it finished a sequence without a known reason");
        };
    if (reason == null) {
      return new EngineEvent.Failed(id, finished.getMessage());
    }
    return new EngineEvent.Finished(
        id,
        reason,
        finished.getMatchedStop(),
        new Usage(
            finished.getPromptTokens(), finished.getCachedTokens(), finished.getCompletionTokens()),
        finished.getPrefillMicros(),
        finished.getDecodeMicros());
  }

  private static TokenDetail token(TokenInfo info) {
    return new TokenDetail(
        info.getId(),
        info.getText().toByteArray(),
        info.hasLogprob() ? OptionalDouble.of(info.getLogprob()) : OptionalDouble.empty(),
        info.getTopList().stream()
            .map(
                top ->
                    new TokenDetail.Alternative(
                        top.getId(), top.getText().toByteArray(), top.getLogprob()))
            .toList());
  }

  /** The text, which the protocol promises to be whole UTF-8. */
  private static String utf8(ByteString bytes) throws IOException {
    if (!bytes.isValidUtf8()) {
      throw new IOException("it sent a piece that is not UTF-8");
    }
    return bytes.toStringUtf8();
  }
}
