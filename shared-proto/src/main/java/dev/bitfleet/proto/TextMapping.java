package dev.bitfleet.proto;

import com.google.protobuf.ByteString;
import dev.bitfleet.proto.fleet.v1.DetokenizeTokens;
import dev.bitfleet.proto.fleet.v1.FitPrompt;
import dev.bitfleet.proto.fleet.v1.OpenBusy;
import dev.bitfleet.proto.fleet.v1.PromptFit;
import dev.bitfleet.proto.fleet.v1.TextTokens;
import dev.bitfleet.proto.fleet.v1.TokenPrompt;
import dev.bitfleet.proto.fleet.v1.TokenizeText;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** Questions about text and their answers as protobuf and back. */
final class TextMapping {
  private static final byte[] NO_BYTES = {};

  private TextMapping() {}

  static dev.bitfleet.proto.fleet.v1.TextRequest toProto(TextRequest request) {
    var proto = dev.bitfleet.proto.fleet.v1.TextRequest.newBuilder().setModel(request.model());
    switch (request) {
      case TextRequest.Tokenize tokenize ->
          proto.setTokenize(
              TokenizeText.newBuilder()
                  .setText(tokenize.text())
                  .setAddBeginToken(tokenize.addBeginToken())
                  .setParseControl(tokenize.parseControl())
                  .setWithPieces(tokenize.withPieces()));
      case TextRequest.Detokenize detokenize ->
          proto.setDetokenize(DetokenizeTokens.newBuilder().addAllIds(detokenize.ids()));
      case TextRequest.Render render -> proto.setRender(RequestMapping.toProto(render.chat()));
      case TextRequest.Fit fit -> proto.setFit(toProto(fit));
    }
    return proto.build();
  }

  private static FitPrompt toProto(TextRequest.Fit fit) {
    FitPrompt.Builder proto =
        FitPrompt.newBuilder()
            .setContextLimit(fit.contextLimit())
            .setRoom(fit.room())
            .setWantedRoom(fit.wantedRoom())
            .setDropTurns(fit.dropTurns())
            .setCountOnly(fit.countOnly());
    switch (fit.prompt()) {
      case Prompt.Chat chat -> proto.setChat(RequestMapping.toProto(chat));
      case Prompt.Text text -> proto.setText(text.text());
      case Prompt.Tokens tokens ->
          proto.setTokens(TokenPrompt.newBuilder().addAllIds(tokens.ids()));
    }
    return proto.build();
  }

  static TextRequest fromProto(dev.bitfleet.proto.fleet.v1.TextRequest proto) {
    return switch (proto.getAskCase()) {
      case TOKENIZE ->
          new TextRequest.Tokenize(
              proto.getModel(),
              proto.getTokenize().getText(),
              proto.getTokenize().getAddBeginToken(),
              proto.getTokenize().getParseControl(),
              proto.getTokenize().getWithPieces());
      case DETOKENIZE ->
          new TextRequest.Detokenize(proto.getModel(), proto.getDetokenize().getIdsList());
      case RENDER ->
          new TextRequest.Render(proto.getModel(), RequestMapping.fromProto(proto.getRender()));
      case FIT -> fromProto(proto.getModel(), proto.getFit());
      case ASK_NOT_SET -> throw new IllegalArgumentException("a question without a question");
    };
  }

  private static TextRequest.Fit fromProto(String model, FitPrompt fit) {
    Prompt prompt =
        switch (fit.getPromptCase()) {
          case CHAT -> RequestMapping.fromProto(fit.getChat());
          case TEXT -> new Prompt.Text(fit.getText());
          case TOKENS -> new Prompt.Tokens(fit.getTokens().getIdsList());
          case PROMPT_NOT_SET -> throw new IllegalArgumentException("a fit without a prompt");
        };
    return new TextRequest.Fit(
        model,
        prompt,
        fit.getContextLimit(),
        fit.getRoom(),
        fit.getWantedRoom(),
        fit.getDropTurns(),
        fit.getCountOnly());
  }

  static dev.bitfleet.proto.fleet.v1.TextReply toProto(TextReply reply) {
    var proto = dev.bitfleet.proto.fleet.v1.TextReply.newBuilder();
    switch (reply) {
      case TextReply.Tokens tokens -> proto.setTokens(toProto(tokens));
      case TextReply.Text text -> proto.setText(text.text());
      case TextReply.Fit fit ->
          proto.setFit(
              PromptFit.newBuilder()
                  .setPromptTokens(fit.promptTokens())
                  .setContextLength(fit.contextLength())
                  .setKeptFrom(fit.keptFrom())
                  .setDroppedTokens(fit.droppedTokens()));
      case TextReply.Busy busy -> proto.setBusy(OpenBusy.newBuilder().setReason(busy.reason()));
      case TextReply.Refused refused -> proto.setRefused(ReplyMapping.toProto(refused.refusal()));
    }
    return proto.build();
  }

  /** Pieces travel only where some token has one. */
  private static TextTokens toProto(TextReply.Tokens tokens) {
    TextTokens.Builder proto = TextTokens.newBuilder();
    tokens.tokens().forEach(token -> proto.addIds(token.id()));
    if (tokens.tokens().stream().anyMatch(token -> token.bytes().length > 0)) {
      tokens.tokens().forEach(token -> proto.addPieces(ByteString.copyFrom(token.bytes())));
    }
    return proto.build();
  }

  static TextReply fromProto(dev.bitfleet.proto.fleet.v1.TextReply proto) {
    return switch (proto.getReplyCase()) {
      case TOKENS -> fromProto(proto.getTokens());
      case TEXT -> new TextReply.Text(proto.getText());
      case FIT ->
          new TextReply.Fit(
              proto.getFit().getPromptTokens(),
              proto.getFit().getContextLength(),
              proto.getFit().getKeptFrom(),
              proto.getFit().getDroppedTokens());
      case BUSY -> new TextReply.Busy(proto.getBusy().getReason());
      case REFUSED -> new TextReply.Refused(ReplyMapping.fromProto(proto.getRefused()));
      case REPLY_NOT_SET -> throw new IllegalArgumentException("an empty reply");
    };
  }

  private static TextReply.Tokens fromProto(TextTokens proto) {
    if (proto.getPiecesCount() > 0 && proto.getPiecesCount() != proto.getIdsCount()) {
      throw new IllegalArgumentException("pieces for some tokens only");
    }
    List<TokenDetail> tokens = new ArrayList<>(proto.getIdsCount());
    for (int i = 0; i < proto.getIdsCount(); i++) {
      byte[] piece = proto.getPiecesCount() == 0 ? NO_BYTES : proto.getPieces(i).toByteArray();
      tokens.add(new TokenDetail(proto.getIds(i), piece, OptionalDouble.empty(), List.of()));
    }
    return new TextReply.Tokens(tokens);
  }
}
