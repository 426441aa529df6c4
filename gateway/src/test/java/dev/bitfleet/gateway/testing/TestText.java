package dev.bitfleet.gateway.testing;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.OpenReply;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.TokenDetail;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Collectors;

/** A tokenizer without a vocabulary: each character is a token, whose id is its code unit. */
final class TestText {
  private TestText() {}

  static TextReply answer(TextRequest request, int context) {
    return switch (request) {
      case TextRequest.Tokenize tokenize ->
          new TextReply.Tokens(
              tokenize
                  .text()
                  .chars()
                  .mapToObj(unit -> token(unit, tokenize.withPieces()))
                  .toList());
      case TextRequest.Detokenize detokenize ->
          new TextReply.Text(
              detokenize.ids().stream()
                  .map(id -> String.valueOf((char) (int) id))
                  .collect(Collectors.joining()));
      case TextRequest.Render render ->
          new TextReply.Text(
              render.chat().messages().stream()
                  .map(message -> message.role().wireName() + ": " + message.content())
                  .collect(Collectors.joining("\n")));
      case TextRequest.Fit fit -> fit(fit, context);
    };
  }

  private static TokenDetail token(int unit, boolean piece) {
    byte[] bytes =
        piece ? String.valueOf((char) unit).getBytes(StandardCharsets.UTF_8) : new byte[0];
    return new TokenDetail(unit, bytes, OptionalDouble.empty(), List.of());
  }

  private static TextReply fit(TextRequest.Fit fit, int own) {
    int context = fit.contextLimit() == 0 ? own : Math.min(own, fit.contextLimit());
    int whole = count(fit.prompt());
    if (fit.countOnly()) {
      return new TextReply.Fit(whole, context, 0, 0);
    }
    if (whole + (fit.dropTurns() ? fit.wantedRoom() : fit.room()) <= context) {
      return new TextReply.Fit(whole, context, 0, 0);
    }
    if (fit.dropTurns() && fit.prompt() instanceof Prompt.Chat chat) {
      for (int from = 1; from < chat.messages().size(); from++) {
        if (chat.messages().get(from).role() != Role.USER) {
          continue;
        }
        List<ChatMessage> kept = new ArrayList<>();
        for (int i = 0; i < chat.messages().size(); i++) {
          if (i >= from || chat.messages().get(i).role() == Role.SYSTEM) {
            kept.add(chat.messages().get(i));
          }
        }
        int rest = count(new Prompt.Chat(kept));
        if (rest + fit.wantedRoom() <= context) {
          return new TextReply.Fit(rest, context, from, whole - rest);
        }
      }
    }
    return new TextReply.Refused(
        new OpenReply.Refused(
            OpenReply.Code.CONTEXT_LENGTH_EXCEEDED, "too long", "prompt", whole, context));
  }

  private static int count(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Chat chat ->
          chat.messages().stream().mapToInt(message -> message.content().length()).sum();
      case Prompt.Text text -> text.text().length();
      case Prompt.Tokens tokens -> tokens.ids().size();
    };
  }
}
