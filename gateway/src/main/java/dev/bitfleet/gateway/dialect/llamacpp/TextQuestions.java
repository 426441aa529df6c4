package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionRequest;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.routing.ModelWish;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.TextReply;
import dev.bitfleet.proto.TextRequest;
import dev.bitfleet.proto.TokenDetail;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;

/**
 * What llama-server is asked about text, and its answers. Stateless; may be used from any thread.
 */
public final class TextQuestions {
  private final Map<String, JsonNode> tokenizeDefaults;

  /**
   * A question that was understood.
   *
   * @param model the model asked for
   * @param question for a model id
   * @param pieces whether the answer has each token's text
   */
  public record Asked(ModelWish model, Function<String, TextRequest> question, boolean pieces) {}

  /**
   * @param tokenizeDefaults what the contract declares for {@code /tokenize}
   */
  public TextQuestions(Map<String, JsonNode> tokenizeDefaults) {
    this.tokenizeDefaults = tokenizeDefaults;
  }

  /** Reads the body of {@code /tokenize}. */
  public Asked tokenize(JsonNode body) {
    Fields fields = new Fields(body, tokenizeDefaults);
    String content = body.path("content").stringValue();
    boolean addSpecial = fields.flag("add_special");
    boolean parseSpecial = fields.flag("parse_special");
    boolean pieces = fields.flag("with_pieces");
    return new Asked(
        ModelWish.of(fields.text("model")),
        model -> new TextRequest.Tokenize(model, content, addSpecial, parseSpecial, pieces),
        pieces);
  }

  /** Reads the body of {@code /detokenize}. */
  public Asked detokenize(JsonNode body) {
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : body.path("tokens")) {
      ids.add((int) id.doubleValue());
    }
    return new Asked(
        ModelWish.of(new Fields(body, Map.of()).text("model")),
        model -> new TextRequest.Detokenize(model, ids),
        false);
  }

  /** Asks how a chat is laid out. */
  public static Asked render(CompletionRequest chat) {
    if (!(chat.prompts().getFirst() instanceof Prompt.Chat prompt)) {
      throw new IllegalArgumentException("only chats are laid out");
    }
    return new Asked(chat.model(), model -> new TextRequest.Render(model, prompt), false);
  }

  /** {@code {"tokens":[…]}}. */
  public static byte[] tokens(TextReply.Tokens reply, boolean pieces) {
    JsonBytes out = new JsonBytes(16 + 8 * reply.tokens().size());
    out.raw("{\"tokens\":[");
    String separator = "";
    for (TokenDetail token : reply.tokens()) {
      out.raw(separator);
      if (pieces) {
        out.raw("{\"id\":").number(token.id()).raw(",\"piece\":");
        piece(token.bytes(), out);
        out.raw("}");
      } else {
        out.number(token.id());
      }
      separator = ",";
    }
    return out.raw("]}").toByteArray();
  }

  /** A text where the bytes are one, else the bytes: half a character has no text. */
  private static void piece(byte[] bytes, JsonBytes out) {
    try {
      out.string(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)));
    } catch (CharacterCodingException e) {
      String separator = "";
      out.raw("[");
      for (byte each : bytes) {
        out.raw(separator).number(each & 0xFF);
        separator = ",";
      }
      out.raw("]");
    }
  }

  /** {@code {"content":…}}. */
  public static byte[] content(TextReply.Text reply) {
    return field("{\"content\":", reply);
  }

  /** {@code {"prompt":…}}. */
  public static byte[] prompt(TextReply.Text reply) {
    return field("{\"prompt\":", reply);
  }

  private static byte[] field(String head, TextReply.Text reply) {
    return new JsonBytes(32 + reply.text().length())
        .raw(head)
        .string(reply.text())
        .raw("}")
        .toByteArray();
  }
}
