package dev.bitfleet.worker.model;

import dev.bitfleet.proto.ChatMessage;
import dev.bitfleet.proto.Prompt;
import dev.bitfleet.proto.Role;
import dev.bitfleet.proto.ToolCall;
import dev.bitfleet.proto.ToolDescription;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Tools told of in plain text, for templates that know none or have calls written in a way of their
 * own. Calls look the same for every model, so that one reader finds them in any output:
 *
 * <pre>
 * &lt;tool_call&gt;
 * {"name": "…", "arguments": {…}}
 * &lt;/tool_call&gt;
 * </pre>
 *
 * <p>Source: the form of NousResearch's Hermes models, which Qwen's took over.
 */
final class ToolText {
  static final String CALL_BEGIN = "<tool_call>\n";
  static final String CALL_END = "\n</tool_call>";
  private static final String RESPONSE_BEGIN = "<tool_response>\n";
  private static final String RESPONSE_END = "\n</tool_response>";

  private ToolText() {}

  /**
   * The same chat without tools, calls and results of calls: all of them said in text.
   *
   * @param style where the list of tools goes
   */
  static List<ChatMessage> flatten(Prompt.Chat chat, ToolStyle style) {
    List<ChatMessage> flat = new ArrayList<>();
    boolean answersBefore = false;
    for (ChatMessage message : chat.messages()) {
      boolean answers = message.role() == Role.TOOL || message.role() == Role.FUNCTION;
      if (answers) {
        String response = RESPONSE_BEGIN + message.content() + RESPONSE_END;
        if (answersBefore) {
          append(flat, response);
        } else {
          flat.add(new ChatMessage(Role.USER, response));
        }
      } else if (answersBefore && message.role() == Role.USER) {
        // Templates often insist that user and assistant take turns.
        append(flat, message.content());
        answersBefore = false;
        continue;
      } else if (!message.toolCalls().isEmpty()) {
        String calls =
            message.toolCalls().stream().map(ToolText::call).collect(Collectors.joining("\n"));
        flat.add(
            new ChatMessage(
                message.role(),
                message.content().isEmpty() ? calls : message.content() + "\n" + calls,
                message.name()));
      } else {
        flat.add(message);
      }
      answersBefore = answers;
    }
    return chat.tools().isEmpty() ? flat : tell(flat, chat.tools(), style);
  }

  private static void append(List<ChatMessage> flat, String text) {
    ChatMessage last = flat.removeLast();
    flat.add(new ChatMessage(last.role(), last.content() + "\n" + text, last.name()));
  }

  private static String call(ToolCall call) {
    Map<String, Object> written = new LinkedHashMap<>();
    written.put("name", call.name());
    written.put("arguments", ChatValues.arguments(call));
    return CALL_BEGIN + PythonJson.line(written) + CALL_END;
  }

  private static List<ChatMessage> tell(
      List<ChatMessage> flat, List<ToolDescription> tools, ToolStyle style) {
    String told = tell(tools);
    Role role = style == ToolStyle.SYSTEM_MESSAGE ? Role.SYSTEM : Role.USER;
    List<ChatMessage> telling = new ArrayList<>(flat);
    for (int i = 0; i < telling.size(); i++) {
      ChatMessage message = telling.get(i);
      boolean here =
          role == Role.USER
              ? message.role() == Role.USER
              : i == 0 && (message.role() == Role.SYSTEM || message.role() == Role.DEVELOPER);
      if (here) {
        String text =
            message.content().isEmpty()
                ? told
                : role == Role.USER
                    ? told + "\n\n" + message.content()
                    : message.content() + "\n\n" + told;
        telling.set(i, new ChatMessage(message.role(), text, message.name()));
        return telling;
      }
    }
    telling.addFirst(new ChatMessage(role, told));
    return telling;
  }

  private static String tell(List<ToolDescription> tools) {
    StringBuilder text = new StringBuilder();
    text.append(
        "# Tools\n\nYou may call one or more functions to help with the user's request.\n\n");
    text.append("You are given the signatures of the functions within <tools></tools>:\n<tools>\n");
    tools.forEach(tool -> text.append(PythonJson.line(ChatValues.tool(tool))).append('\n'));
    text.append(
        "</tools>\n\nFor each call of a function, write a JSON object with its name and its");
    text.append(" arguments within <tool_call></tool_call>:\n").append(CALL_BEGIN);
    text.append("{\"name\": <function name>, \"arguments\": <object of arguments>}");
    return text.append(CALL_END).toString();
  }
}
