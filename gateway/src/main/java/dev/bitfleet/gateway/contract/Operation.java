package dev.bitfleet.gateway.contract;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Every operation of the API. The ids, methods and paths are those of {@code openapi.yaml}, and a
 * test holds the two together. A path's {@code {name}} takes one segment, a trailing {@code
 * {name+}} takes the rest, slashes included; the document cannot say the latter and writes {@code
 * {name}}.
 */
public enum Operation {
  CREATE_CHAT_COMPLETION("createChatCompletion", "POST", "/v1/chat/completions", true),
  CREATE_COMPLETION("createCompletion", "POST", "/v1/completions", true),
  CREATE_PLAIN_CHAT_COMPLETION("createPlainChatCompletion", "POST", "/chat/completions", true),
  CREATE_PLAIN_COMPLETION("createPlainCompletion", "POST", "/completion", true),
  LIST_MODELS("listModels", "GET", "/v1/models", false),
  RETRIEVE_MODEL("retrieveModel", "GET", "/v1/models/{model+}", false),
  GET_HEALTH("getHealth", "GET", "/health", false),
  GET_CONTRACT("getContract", "GET", "/openapi.json", false);

  private final String id;
  private final String method;
  private final String path;
  private final boolean completes;

  Operation(String id, String method, String path, boolean completes) {
    this.id = id;
    this.method = method;
    this.path = path;
    this.completes = completes;
  }

  /** The operationId. */
  public String id() {
    return id;
  }

  /** The HTTP method's name. */
  public String method() {
    return method;
  }

  /** Segments of the path, without the leading slash. */
  public List<String> segments() {
    return Arrays.asList(path.substring(1).split("/"));
  }

  /** The path as the document writes it. */
  public String documentPath() {
    return path.replace("+}", "}");
  }

  /** Whether it generates tokens. */
  public boolean completes() {
    return completes;
  }

  /** The operation of that id. */
  public static Optional<Operation> of(String id) {
    return Arrays.stream(values()).filter(operation -> operation.id.equals(id)).findFirst();
  }
}
