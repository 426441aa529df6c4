package dev.bitfleet.gateway.dialect.tools;

import dev.bitfleet.gateway.contract.ApiError;
import dev.bitfleet.gateway.contract.ApiException;
import dev.bitfleet.gateway.dialect.fields.Fields;
import dev.bitfleet.gateway.grammar.Tool;
import dev.bitfleet.proto.ToolDescription;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads lists of tools in the forms that clients write them in. Bodies fit the contract. */
public final class ToolFields {
  private static final String FUNCTION = "function";
  private static final int MAX_NAME_LENGTH = 64;

  private ToolFields() {}

  /**
   * Chat's form: {@code {"type":"function","function":{name,description,parameters,strict}}}.
   *
   * @param path where the list stands in the request
   */
  public static List<OfferedTool> nested(@Nullable JsonNode tools, String path) {
    List<OfferedTool> read = new ArrayList<>();
    for (int i = 0; tools != null && i < tools.size(); i++) {
      String at = path + '[' + i + ']';
      Fields tool = new Fields(tools.get(i), Map.of());
      requireFunction(tool, at);
      JsonNode function = tool.given(FUNCTION);
      if (function == null) {
        throw new ApiException(ApiError.missingParameter(at + ".function"));
      }
      read.add(function(function, at + ".function", false));
    }
    return distinct(read, path, ".function");
  }

  /**
   * The form of responses: {@code {"type":"function",name,description,parameters,strict}}.
   *
   * @param strictByDefault what an absent {@code strict} means
   */
  public static List<OfferedTool> flat(
      @Nullable JsonNode tools, String path, boolean strictByDefault) {
    List<OfferedTool> read = new ArrayList<>();
    for (int i = 0; tools != null && i < tools.size(); i++) {
      String at = path + '[' + i + ']';
      requireFunction(new Fields(tools.get(i), Map.of()), at);
      read.add(function(tools.get(i), at, strictByDefault));
    }
    return distinct(read, path, "");
  }

  /** The old form: {@code {name,description,parameters}}. */
  public static List<OfferedTool> functions(@Nullable JsonNode functions, String path) {
    List<OfferedTool> read = new ArrayList<>();
    for (int i = 0; functions != null && i < functions.size(); i++) {
      read.add(function(functions.get(i), path + '[' + i + ']', false));
    }
    return distinct(read, path, "");
  }

  private static void requireFunction(Fields tool, String at) {
    String type = tool.text("type").orElse("");
    if (!type.equals(FUNCTION)) {
      throw Fields.unsupported(at + ".type", "only tools of type 'function' are available.");
    }
  }

  private static OfferedTool function(JsonNode function, String at, boolean strictByDefault) {
    Fields fields = new Fields(function, Map.of());
    String name = name(fields, at + ".name");
    JsonNode parameters = fields.given("parameters");
    boolean strict = fields.given("strict") == null ? strictByDefault : fields.flag("strict");
    return new OfferedTool(
        new Tool(name, Optional.ofNullable(parameters), strict, at + ".parameters"),
        new ToolDescription(
            name,
            fields.text("description").orElse(""),
            parameters == null ? "" : parameters.toString()));
  }

  /**
   * A name goes into the grammar and comes back from the model: nothing in it may need escaping.
   */
  private static String name(Fields fields, String path) {
    String name =
        fields.text("name").orElseThrow(() -> new ApiException(ApiError.missingParameter(path)));
    if (name.length() > MAX_NAME_LENGTH || !name.chars().allMatch(ToolFields::isNameCharacter)) {
      throw new ApiException(
          ApiError.invalidParameter(
              path,
              "Invalid '"
                  + path
                  + "': expected 1 to 64 letters, digits, underscores, dots or hyphens."));
    }
    return name;
  }

  private static boolean isNameCharacter(int c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c >= '0' && c <= '9'
        || c == '_'
        || c == '-'
        || c == '.';
  }

  private static List<OfferedTool> distinct(List<OfferedTool> tools, String path, String inside) {
    Set<String> names = new HashSet<>();
    for (int i = 0; i < tools.size(); i++) {
      if (!names.add(tools.get(i).name())) {
        String at = path + '[' + i + ']' + inside + ".name";
        throw new ApiException(
            ApiError.invalidParameter(
                at, "Invalid '" + at + "': another tool has that name already."));
      }
    }
    return tools;
  }
}
