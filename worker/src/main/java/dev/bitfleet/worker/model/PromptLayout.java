package dev.bitfleet.worker.model;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolDescription;
import dev.bitfleet.worker.engine.PromptSegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Turns a chat into what an engine takes: stretches of text, which can spell whatever they like,
 * and ids of control tokens, which the chat template alone puts there.
 *
 * <p>Tools go to the template where it tells of them and writes calls in the one form that outputs
 * are read in; to all other templates they are told in the text of messages ({@link ToolText}).
 *
 * <p>Not safe for use by several threads at once; see {@link ChatRenderer}.
 */
public final class PromptLayout {
  /** In no template by chance; lower case. */
  private static final String PROBE = "what is seven times 40961?";

  private final ControlTokens controls;
  private final ControlBeginnings beginnings;
  private final ChatTemplate template;
  private final ControlSplit split;

  /** What the model calls whom OpenAI calls developer. */
  private final String developer;

  private @Nullable ToolStyle toolStyle;

  public PromptLayout(ControlTokens controls, ChatTemplate template) {
    this.controls = controls;
    this.beginnings = new ControlBeginnings(controls.idOfText().keySet());
    this.template = template;
    this.split = new ControlSplit(controls);
    // Templates leave out messages whose role they do not know.
    this.developer =
        template.source().contains(Role.DEVELOPER.wireName())
            ? Role.DEVELOPER.wireName()
            : Role.SYSTEM.wireName();
  }

  /**
   * The stretches of a chat, in order.
   *
   * @throws ChatTemplateException when the chat template turns the messages down
   */
  public List<PromptSegment> layOut(Prompt.Chat chat) throws ChatTemplateException {
    if (ToolStyle.needed(chat)) {
      ToolStyle style = toolStyle();
      if (style != ToolStyle.TEMPLATE) {
        return layOut(ToolText.flatten(chat, style), List.of());
      }
    }
    return layOut(chat.messages(), chat.tools());
  }

  private List<PromptSegment> layOut(List<ChatMessage> messages, List<ToolDescription> tools)
      throws ChatTemplateException {
    List<String> texts = new ArrayList<>();
    texts.add(template.source());
    ChatValues.of(
        messages,
        tools,
        developer,
        text -> {
          texts.add(text);
          return text;
        });
    UserTextMask mask = UserTextMask.forRequest(beginnings, texts);
    ChatValues masked = ChatValues.of(messages, tools, developer, mask::mask);
    return split.split(template.render(masked, controls), mask::unmask);
  }

  private ToolStyle toolStyle() {
    ToolStyle known = toolStyle;
    if (known == null) {
      known =
          ToolStyle.of(
              chat ->
                  template.render(
                      ChatValues.of(
                          chat.messages(), chat.tools(), developer, UnaryOperator.identity()),
                      controls));
      toolStyle = known;
    }
    return known;
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
    toolStyle();
  }
}
