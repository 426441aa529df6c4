package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.grammar.ToolChoice;
import dev.bitfleet.gateway.grammar.ToolMode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads which tools the model may or must call. Without a choice it may call any tool that is
 * there. Bodies fit the contract: a choice is a text or an object.
 */
public final class ToolChoiceFields {
  private static final String FUNCTION = "function";
  private static final String ALLOWED_TOOLS = "allowed_tools";

  private ToolChoiceFields() {}

  /**
   * Chat's form: a word, {@code {"type":"function","function":{"name"}}} or {@code
   * {"type":"allowed_tools","allowed_tools":{"mode","tools"}}}.
   *
   * @param path where the choice stands in the request
   */
  public static ToolChoice nested(@Nullable JsonNode choice, String path, List<OfferedTool> tools) {
    return read(choice, path, tools, Form.NESTED);
  }

  /**
   * The form of responses: the same without the inner objects.
   *
   * @param path where the choice stands in the request
   */
  public static ToolChoice flat(@Nullable JsonNode choice, String path, List<OfferedTool> tools) {
    return read(choice, path, tools, Form.FLAT);
  }

  /** The old form: {@code none}, {@code auto} or {@code {"name"}}. */
  public static ToolChoice functionCall(
      @Nullable JsonNode choice, String path, List<OfferedTool> functions) {
    if (choice != null && choice.isObject()) {
      return ToolChoice.named(known(new Fields(choice, Map.of()), path, functions));
    }
    if (choice != null && choice.stringValue().equals("required")) {
      throw oneOf(path, "'none', 'auto' or an object with a name");
    }
    return read(choice, path, functions, Form.NESTED);
  }

  private enum Form {
    NESTED,
    FLAT
  }

  private static ToolChoice read(
      @Nullable JsonNode choice, String path, List<OfferedTool> tools, Form form) {
    if (choice == null) {
      return tools.isEmpty() ? ToolChoice.NONE : ToolChoice.AUTO;
    }
    if (choice.isString()) {
      return switch (choice.stringValue()) {
        case "none" -> ToolChoice.NONE;
        case "auto" -> tools.isEmpty() ? ToolChoice.NONE : ToolChoice.AUTO;
        case "required" -> {
          requireTools(path, tools);
          yield ToolChoice.REQUIRED;
        }
        default -> throw oneOf(path, "'none', 'auto', 'required' or an object");
      };
    }
    Fields fields = new Fields(choice, Map.of());
    String type = fields.text("type").orElse("");
    return switch (type) {
      case FUNCTION -> ToolChoice.named(function(fields, path, tools, form));
      case ALLOWED_TOOLS -> allowed(fields, path, tools, form);
      case "" -> throw new ApiException(ApiError.missingParameter(path + ".type"));
      default ->
          throw Fields.unsupported(
              path + ".type", "only 'function' and 'allowed_tools' are available.");
    };
  }

  private static String function(Fields choice, String path, List<OfferedTool> tools, Form form) {
    if (form == Form.FLAT) {
      return known(choice, path, tools);
    }
    return known(inner(choice, FUNCTION, path), path + '.' + FUNCTION, tools);
  }

  private static ToolChoice allowed(
      Fields choice, String path, List<OfferedTool> tools, Form form) {
    String at = form == Form.NESTED ? path + '.' + ALLOWED_TOOLS : path;
    Fields allowed = form == Form.NESTED ? inner(choice, ALLOWED_TOOLS, path) : choice;
    ToolMode mode =
        switch (allowed.text("mode").orElse("")) {
          case "auto" -> ToolMode.AUTO;
          case "required" -> ToolMode.REQUIRED;
          default -> throw oneOf(at + ".mode", "'auto' or 'required'");
        };
    JsonNode list = allowed.given("tools");
    if (list == null || list.isEmpty()) {
      throw new ApiException(ApiError.missingParameter(at + ".tools"));
    }
    Set<String> names = new LinkedHashSet<>();
    for (int i = 0; i < list.size(); i++) {
      String each = at + ".tools[" + i + ']';
      Fields tool = new Fields(list.get(i), Map.of());
      if (tool.text("type").filter(type -> !type.equals(FUNCTION)).isPresent()) {
        throw Fields.unsupported(each + ".type", "only tools of type 'function' are available.");
      }
      names.add(function(tool, each, tools, form));
    }
    return ToolChoice.allowed(mode, names);
  }

  private static Fields inner(Fields outer, String name, String path) {
    JsonNode value = outer.given(name);
    if (value == null) {
      throw new ApiException(ApiError.missingParameter(path + '.' + name));
    }
    return new Fields(value, Map.of());
  }

  private static String known(Fields function, String path, List<OfferedTool> tools) {
    String at = path + ".name";
    String name =
        function.text("name").orElseThrow(() -> new ApiException(ApiError.missingParameter(at)));
    if (tools.stream().noneMatch(tool -> tool.name().equals(name))) {
      throw new ApiException(
          ApiError.invalidParameter(at, "Invalid '" + at + "': no tool of that name is given."));
    }
    return name;
  }

  private static void requireTools(String path, List<OfferedTool> tools) {
    if (tools.isEmpty()) {
      throw new ApiException(
          ApiError.invalidParameter(path, "Invalid '" + path + "': no tools are given."));
    }
  }

  private static ApiException oneOf(String path, String what) {
    return new ApiException(
        ApiError.invalidParameter(path, "Invalid '" + path + "': expected " + what + "."));
  }
}
