package dev.bitfleet.gateway.dialect.llamacpp;

import dev.bitfleet.gateway.completion.CompletionEvent;
import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ErrorJson;
import dev.bitfleet.gateway.dialect.JsonBytes;
import dev.bitfleet.gateway.dialect.StreamFormat;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The stream of llama.cpp's server: each choice ends with a chunk that has {@code stop} true. */
final class PlainChunks implements StreamFormat {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  /** A choice under way. */
  private static final class Choice {
    final CompletionEvent.Opened opened;
    int tokens;
    boolean newLine;

    Choice(CompletionEvent.Opened opened) {
      this.opened = opened;
    }
  }

  private final PlainFormat format;
  private final PlainStyle style;
  private final Map<Integer, Choice> choices = new HashMap<>();

  PlainChunks(PlainFormat format, PlainStyle style) {
    this.format = format;
    this.style = style;
  }

  private Choice choice(int index) {
    Choice choice = choices.get(index);
    if (choice == null) {
      throw new IllegalStateException("choice " + index + " was not opened");
    }
    return choice;
  }

  @Override
  public void opened(CompletionEvent.Opened event, JsonBytes out) {
    choices.put(event.choice(), new Choice(event));
  }

  @Override
  public void delta(CompletionEvent.Delta event, JsonBytes out) {
    Choice choice = choice(event.choice());
    choice.tokens += event.tokens().size();
    choice.newLine |= event.text().indexOf('\n') >= 0;
    out.raw("data: {\"index\":")
        .number(event.choice())
        .raw(",\"content\":")
        .string(event.text())
        .raw(",\"tokens\":[");
    PlainFormat.ids(event.tokens(), out);
    out.raw("],\"stop\":false,\"id_slot\":0,\"tokens_predicted\":")
        .number(choice.tokens)
        .raw(",\"tokens_evaluated\":")
        .number(choice.opened.promptTokens());
    if (style.probabilities()) {
      out.raw(",\"completion_probabilities\":")
          .raw(MAPPER.writeValueAsBytes(Probabilities.of(event.tokens())));
    }
    out.raw("}\n\n");
  }

  @Override
  public void finished(CompletionEvent.Finished event, JsonBytes out) {
    Choice choice = choice(event.choice());
    ObjectNode last = format.last(choice.opened, "", event);
    last.put("has_new_line", choice.newLine);
    out.raw("data: ")
        .raw(MAPPER.writeValueAsBytes(ResponseFields.select(last, style.fields())))
        .raw("\n\n");
  }

  @Override
  public void complete(JsonBytes out) {
    // llama.cpp ends with the chunk that has stop true.
  }

  @Override
  public void failed(ApiError error, JsonBytes out) {
    out.raw("data: {\"error\":").raw(MAPPER.writeValueAsBytes(ErrorJson.body(error))).raw("}\n\n");
  }
}
