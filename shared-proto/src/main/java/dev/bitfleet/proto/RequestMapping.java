package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.ChatPrompt;
import dev.bitfleet.proto.fleet.v1.OpenGeneration;
import dev.bitfleet.proto.fleet.v1.SamplingParameters;
import dev.bitfleet.proto.fleet.v1.TokenPrompt;
import java.util.Optional;
import java.util.OptionalInt;

/** Requests as protobuf and back. */
final class RequestMapping {
  private RequestMapping() {}

  static OpenGeneration toProto(GenerationRequest request) {
    OpenGeneration.Builder proto =
        OpenGeneration.newBuilder()
            .setStreamId(request.streamId())
            .setInbox(request.inbox())
            .setModel(request.model())
            .setSampling(toProto(request.sampling()))
            .setMaxTokens(request.maxTokens())
            .addAllStopStrings(request.stopStrings())
            .setIgnoreEndTokens(request.ignoreEndTokens())
            .setContextLimit(request.contextLimit())
            .setCacheScope(request.cacheScope())
            .setGrammar(request.grammar())
            .setPromptScoring(
                switch (request.promptScoring()) {
                  case NONE -> OpenGeneration.PromptScoring.PROMPT_SCORING_NONE;
                  case WITH_COMPLETION ->
                      OpenGeneration.PromptScoring.PROMPT_SCORING_WITH_COMPLETION;
                  case ALONE -> OpenGeneration.PromptScoring.PROMPT_SCORING_ALONE;
                })
            .setPriority(
                switch (request.priority()) {
                  case INTERACTIVE -> OpenGeneration.Priority.PRIORITY_INTERACTIVE;
                  case BACKGROUND -> OpenGeneration.Priority.PRIORITY_BACKGROUND;
                });
    request.topLogprobs().ifPresent(proto::setTopLogprobs);
    request.continuation().map(RequestMapping::toProto).ifPresent(proto::setContinuation);
    switch (request.prompt()) {
      case Prompt.Chat chat -> proto.setChat(toProto(chat));
      case Prompt.Text text -> proto.setText(text.text());
      case Prompt.Tokens tokens ->
          proto.setTokens(TokenPrompt.newBuilder().addAllIds(tokens.ids()));
    }
    return proto.build();
  }

  static GenerationRequest fromProto(OpenGeneration proto) {
    Prompt prompt =
        switch (proto.getPromptCase()) {
          case CHAT -> fromProto(proto.getChat());
          case TEXT -> new Prompt.Text(proto.getText());
          case TOKENS -> new Prompt.Tokens(proto.getTokens().getIdsList());
          case PROMPT_NOT_SET -> throw new IllegalArgumentException("a request without a prompt");
        };
    return new GenerationRequest(
        proto.getStreamId(),
        proto.getInbox(),
        proto.getModel(),
        prompt,
        fromProto(proto.getSampling()),
        proto.getMaxTokens(),
        proto.getStopStringsList(),
        proto.getIgnoreEndTokens(),
        proto.hasTopLogprobs() ? OptionalInt.of(proto.getTopLogprobs()) : OptionalInt.empty(),
        proto.getContextLimit(),
        proto.getCacheScope(),
        proto.getGrammar(),
        switch (proto.getPromptScoring()) {
          case PROMPT_SCORING_NONE -> PromptScoring.NONE;
          case PROMPT_SCORING_WITH_COMPLETION -> PromptScoring.WITH_COMPLETION;
          case PROMPT_SCORING_ALONE -> PromptScoring.ALONE;
          case UNRECOGNIZED -> throw new IllegalArgumentException("an unknown prompt scoring");
        },
        switch (proto.getPriority()) {
          // One that only a newer gateway knows is no reason to refuse.
          case PRIORITY_INTERACTIVE, UNRECOGNIZED -> Priority.INTERACTIVE;
          case PRIORITY_BACKGROUND -> Priority.BACKGROUND;
        },
        proto.hasContinuation()
            ? Optional.of(fromProto(proto.getContinuation()))
            : Optional.empty());
  }

  private static dev.bitfleet.proto.fleet.v1.Continuation toProto(Continuation continuation) {
    return dev.bitfleet.proto.fleet.v1.Continuation.newBuilder()
        .addAllEmitted(continuation.emitted())
        .setEmittedText(continuation.emittedText())
        .setShortened(continuation.shortened())
        .setFingerprint(continuation.fingerprint())
        .setPromptHash(continuation.promptHash())
        .build();
  }

  private static Continuation fromProto(dev.bitfleet.proto.fleet.v1.Continuation proto) {
    return new Continuation(
        proto.getEmittedList(),
        proto.getEmittedText(),
        proto.getShortened(),
        proto.getFingerprint(),
        proto.getPromptHash());
  }

  static ChatPrompt toProto(Prompt.Chat chat) {
    ChatPrompt.Builder proto = ChatPrompt.newBuilder();
    for (ChatMessage message : chat.messages()) {
      var written =
          dev.bitfleet.proto.fleet.v1.ChatMessage.newBuilder()
              .setRole(message.role().wireName())
              .setContent(message.content())
              .setName(message.name())
              .setToolCallId(message.toolCallId());
      for (ToolCall call : message.toolCalls()) {
        written.addToolCalls(
            dev.bitfleet.proto.fleet.v1.ToolCall.newBuilder()
                .setId(call.id())
                .setName(call.name())
                .setArguments(call.arguments()));
      }
      proto.addMessages(written);
    }
    for (ToolDescription tool : chat.tools()) {
      proto.addTools(
          dev.bitfleet.proto.fleet.v1.ToolDescription.newBuilder()
              .setName(tool.name())
              .setDescription(tool.description())
              .setParameters(tool.parameters()));
    }
    return proto.build();
  }

  static Prompt.Chat fromProto(ChatPrompt proto) {
    return new Prompt.Chat(
        proto.getMessagesList().stream()
            .map(
                message ->
                    new ChatMessage(
                        Role.of(message.getRole()),
                        message.getContent(),
                        message.getName(),
                        message.getToolCallsList().stream()
                            .map(c -> new ToolCall(c.getId(), c.getName(), c.getArguments()))
                            .toList(),
                        message.getToolCallId()))
            .toList(),
        proto.getToolsList().stream()
            .map(t -> new ToolDescription(t.getName(), t.getDescription(), t.getParameters()))
            .toList());
  }

  static dev.bitfleet.proto.fleet.v1.CancelGeneration toProto(CancelGeneration cancel) {
    return dev.bitfleet.proto.fleet.v1.CancelGeneration.newBuilder()
        .setStreamId(cancel.streamId())
        .build();
  }

  static CancelGeneration fromProto(dev.bitfleet.proto.fleet.v1.CancelGeneration proto) {
    return new CancelGeneration(proto.getStreamId());
  }

  private static SamplingParameters toProto(Sampling sampling) {
    return SamplingParameters.newBuilder()
        .setTemperature(sampling.temperature())
        .setTopK(sampling.topK())
        .setTopP(sampling.topP())
        .setMinP(sampling.minP())
        .setTypicalP(sampling.typicalP())
        .setRepeatPenalty(sampling.repeatPenalty())
        .setRepeatLastN(sampling.repeatLastN())
        .setPresencePenalty(sampling.presencePenalty())
        .setFrequencyPenalty(sampling.frequencyPenalty())
        .putAllLogitBias(sampling.logitBias())
        .setSeed(sampling.seed())
        .build();
  }

  private static Sampling fromProto(SamplingParameters proto) {
    return new Sampling(
        proto.getTemperature(),
        proto.getTopK(),
        proto.getTopP(),
        proto.getMinP(),
        proto.getTypicalP(),
        proto.getRepeatPenalty(),
        proto.getRepeatLastN(),
        proto.getPresencePenalty(),
        proto.getFrequencyPenalty(),
        proto.getLogitBiasMap(),
        proto.getSeed());
  }
}
