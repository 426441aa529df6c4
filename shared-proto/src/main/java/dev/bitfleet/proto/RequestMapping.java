package dev.bitfleet.proto;

import dev.bitfleet.proto.fleet.v1.ChatPrompt;
import dev.bitfleet.proto.fleet.v1.OpenGeneration;
import dev.bitfleet.proto.fleet.v1.SamplingParameters;
import dev.bitfleet.proto.fleet.v1.TokenPrompt;
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
            .addAllEmitted(request.emitted())
            .setCacheScope(request.cacheScope());
    request.topLogprobs().ifPresent(proto::setTopLogprobs);
    switch (request.prompt()) {
      case Prompt.Chat chat -> {
        ChatPrompt.Builder messages = ChatPrompt.newBuilder();
        for (ChatMessage message : chat.messages()) {
          messages.addMessages(
              dev.bitfleet.proto.fleet.v1.ChatMessage.newBuilder()
                  .setRole(message.role().wireName())
                  .setContent(message.content())
                  .setName(message.name()));
        }
        proto.setChat(messages);
      }
      case Prompt.Text text -> proto.setText(text.text());
      case Prompt.Tokens tokens ->
          proto.setTokens(TokenPrompt.newBuilder().addAllIds(tokens.ids()));
    }
    return proto.build();
  }

  static GenerationRequest fromProto(OpenGeneration proto) {
    Prompt prompt =
        switch (proto.getPromptCase()) {
          case CHAT ->
              new Prompt.Chat(
                  proto.getChat().getMessagesList().stream()
                      .map(m -> new ChatMessage(Role.of(m.getRole()), m.getContent(), m.getName()))
                      .toList());
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
        proto.getEmittedList(),
        proto.getCacheScope());
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
