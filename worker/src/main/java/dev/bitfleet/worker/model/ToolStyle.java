package dev.bitfleet.worker.model;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import java.util.List;

/** How a model's template is told of tools. Found out by laying out chats that have some. */
enum ToolStyle {
  /** By the template itself. */
  TEMPLATE,
  /** In the text of the system message. */
  SYSTEM_MESSAGE,
  /** In the text of the first user's message, as the template takes no system message. */
  FIRST_USER_MESSAGE;

  private static final ToolDescription TOOL =
      new ToolDescription(
          "probe_tool",
          "probe description",
          "{\"type\":\"object\",\"properties\":{\"probe_argument\":{\"type\":\"string\"}}}");
  private static final String CALL =
      ToolText.CALL_BEGIN
          + "{\"name\": \"probe_tool\", \"arguments\": {\"probe_argument\": \"probe value\"}}"
          + ToolText.CALL_END;
  private static final String RESULT = "probe result";
  private static final String SYSTEM = "probe system";

  /** Lays a chat out as text. */
  interface Rendering {
    String render(Prompt.Chat chat) throws ChatTemplateException;
  }

  /** Whether a chat has what templates without tools do not know. */
  static boolean needed(Prompt.Chat chat) {
    return !chat.tools().isEmpty()
        || chat.messages().stream()
            .anyMatch(
                message ->
                    !message.toolCalls().isEmpty()
                        || message.role() == Role.TOOL
                        || message.role() == Role.FUNCTION);
  }

  static ToolStyle of(Rendering template) {
    if (knowsTools(template)) {
      return TEMPLATE;
    }
    return takesSystemMessage(template) ? SYSTEM_MESSAGE : FIRST_USER_MESSAGE;
  }

  /**
   * Whether it tells of tools and of results, and writes calls in the form outputs are read in. A
   * model that is told another form writes another, which nobody would find.
   */
  private static boolean knowsTools(Rendering template) {
    try {
      String rendered =
          template.render(
              new Prompt.Chat(
                  List.of(
                      new ChatMessage(Role.USER, "probe question"),
                      new ChatMessage(
                          Role.ASSISTANT,
                          "",
                          "",
                          List.of(
                              new ToolCall(
                                  "probe0001",
                                  "probe_tool",
                                  "{\"probe_argument\":\"probe value\"}")),
                          ""),
                      new ChatMessage(Role.TOOL, RESULT, "probe_tool", List.of(), "probe0001")),
                  List.of(TOOL)));
      return rendered.contains(TOOL.description())
          && rendered.contains(CALL)
          && rendered.contains(RESULT);
    } catch (ChatTemplateException e) {
      return false;
    }
  }

  private static boolean takesSystemMessage(Rendering template) {
    try {
      return template
          .render(
              new Prompt.Chat(
                  List.of(
                      new ChatMessage(Role.SYSTEM, SYSTEM),
                      new ChatMessage(Role.USER, "probe question"))))
          .contains(SYSTEM);
    } catch (ChatTemplateException e) {
      return false;
    }
  }
}
