package dev.bitfleet.worker.model;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.worker.engine.PromptSegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Turns a chat into what an engine takes: stretches of text, which can spell whatever they like,
 * and ids of control tokens, which the chat template alone puts there.
 *
 * <p>Not safe for use by several threads at once; see {@link ChatRenderer}.
 */
public final class PromptLayout {
  /** In no template by chance; lower case. */
  private static final String PROBE = "what is seven times 40961?";

  private final ControlTokens controls;
  private final ControlBeginnings beginnings;
  private final ChatTemplate template;
  // Longest first, so that <|end|> does not hide <|end|>x where both exist.
  private final Map<Character, List<String>> controlsByFirstUnit;

  public PromptLayout(ControlTokens controls, ChatTemplate template) {
    this.controls = controls;
    this.beginnings = new ControlBeginnings(controls.idOfText().keySet());
    this.template = template;
    this.controlsByFirstUnit =
        controls.idOfText().keySet().stream()
            .sorted(Comparator.comparingInt((String text) -> -text.length()))
            .collect(Collectors.groupingBy(text -> text.charAt(0)));
  }

  /**
   * The stretches of a chat, in order.
   *
   * @throws ChatTemplateException when the chat template turns the messages down
   */
  public List<PromptSegment> layOut(Prompt.Chat chat) throws ChatTemplateException {
    List<String> texts = new ArrayList<>();
    texts.add(template.source());
    for (ChatMessage message : chat.messages()) {
      texts.add(message.content());
      texts.add(message.name());
    }
    UserTextMask mask = UserTextMask.forRequest(beginnings, texts);
    List<ChatMessage> masked =
        chat.messages().stream()
            .map(
                message ->
                    new ChatMessage(
                        message.role(), mask.mask(message.content()), mask.mask(message.name())))
            .toList();
    return split(template.render(masked, controls), mask);
  }

  /**
   * Lays out a first chat, to see that what a user says is in the prompt; it also pays what only
   * the first chat costs.
   *
   * @throws ChatTemplateException when it is not, or the template lays out no chat at all
   */
  void probe() throws ChatTemplateException {
    ChatMessage user = new ChatMessage(Role.USER, PROBE);
    List<PromptSegment> laidOut;
    try {
      laidOut = layOut(new Prompt.Chat(List.of(user)));
    } catch (ChatTemplateException alone) {
      // Some templates insist on a system message, some on having none.
      laidOut = layOut(new Prompt.Chat(List.of(new ChatMessage(Role.SYSTEM, "Be brief."), user)));
    }
    StringBuilder texts = new StringBuilder();
    for (PromptSegment segment : laidOut) {
      if (segment instanceof PromptSegment.Text text) {
        texts.append(text.text());
      }
    }
    // A template may change the case, as some trim.
    if (!texts.toString().toLowerCase(Locale.ROOT).contains(PROBE)) {
      throw new ChatTemplateException("the model's chat template leaves out what the user says");
    }
  }

  private List<PromptSegment> split(String rendered, UserTextMask mask) {
    List<PromptSegment> segments = new ArrayList<>();
    int textFrom = 0;
    int at = 0;
    while (at < rendered.length()) {
      String control = controlAt(rendered, at);
      if (control.isEmpty()) {
        at++;
        continue;
      }
      if (at > textFrom) {
        segments.add(new PromptSegment.Text(mask.unmask(rendered.substring(textFrom, at))));
      }
      segments.add(new PromptSegment.Tokens(List.of(controls.idOfText().get(control))));
      at += control.length();
      textFrom = at;
    }
    if (textFrom < rendered.length()) {
      segments.add(new PromptSegment.Text(mask.unmask(rendered.substring(textFrom))));
    }
    return segments;
  }

  private String controlAt(String rendered, int at) {
    for (String control : controlsByFirstUnit.getOrDefault(rendered.charAt(at), List.of())) {
      if (rendered.startsWith(control, at)) {
        return control;
      }
    }
    return "";
  }
}
