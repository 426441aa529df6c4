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
  CREATE_CHAT_COMPLETION("createChatCompletion", "POST", "/v1/chat/completions", Body.REQUIRED),
  CREATE_COMPLETION("createCompletion", "POST", "/v1/completions", Body.REQUIRED),
  CREATE_PLAIN_CHAT_COMPLETION(
      "createPlainChatCompletion", "POST", "/chat/completions", Body.REQUIRED),
  CREATE_API_CHAT_COMPLETION(
      "createApiChatCompletion", "POST", "/api/v1/chat/completions", Body.REQUIRED),
  CREATE_PLAIN_COMPLETION("createPlainCompletion", "POST", "/completion", Body.REQUIRED),
  CREATE_PLAIN_COMPLETIONS("createPlainCompletions", "POST", "/completions", Body.REQUIRED),
  GENERATE_TEXT("generateText", "POST", "/api/v1/generate", Body.REQUIRED),
  LIST_MODELS("listModels", "GET", "/v1/models", Body.NONE),
  RETRIEVE_MODEL("retrieveModel", "GET", "/v1/models/{model+}", Body.NONE),
  TOKENIZE("tokenize", "POST", "/tokenize", Body.REQUIRED),
  DETOKENIZE("detokenize", "POST", "/detokenize", Body.REQUIRED),
  APPLY_TEMPLATE("applyTemplate", "POST", "/apply-template", Body.REQUIRED),
  LIST_CHAT_COMPLETIONS("listChatCompletions", "GET", "/v1/chat/completions", Body.NONE),
  RETRIEVE_CHAT_COMPLETION(
      "retrieveChatCompletion", "GET", "/v1/chat/completions/{completion_id}", Body.NONE),
  UPDATE_CHAT_COMPLETION(
      "updateChatCompletion", "POST", "/v1/chat/completions/{completion_id}", Body.REQUIRED),
  DELETE_CHAT_COMPLETION(
      "deleteChatCompletion", "DELETE", "/v1/chat/completions/{completion_id}", Body.NONE),
  LIST_CHAT_COMPLETION_MESSAGES(
      "listChatCompletionMessages",
      "GET",
      "/v1/chat/completions/{completion_id}/messages",
      Body.NONE),
  CREATE_CONVERSATION("createConversation", "POST", "/v1/conversations", Body.OPTIONAL),
  LIST_CONVERSATIONS("listConversations", "GET", "/v1/conversations", Body.NONE),
  RETRIEVE_CONVERSATION(
      "retrieveConversation", "GET", "/v1/conversations/{conversation_id}", Body.NONE),
  UPDATE_CONVERSATION(
      "updateConversation", "POST", "/v1/conversations/{conversation_id}", Body.REQUIRED),
  DELETE_CONVERSATION(
      "deleteConversation", "DELETE", "/v1/conversations/{conversation_id}", Body.NONE),
  EXPORT_CONVERSATION(
      "exportConversation", "GET", "/v1/conversations/{conversation_id}/export", Body.NONE),
  CREATE_CONVERSATION_CHAT(
      "createConversationChat", "POST", "/v1/conversations/{conversation_id}/chat", Body.REQUIRED),
  CREATE_CONVERSATION_ITEMS(
      "createConversationItems",
      "POST",
      "/v1/conversations/{conversation_id}/items",
      Body.REQUIRED),
  LIST_CONVERSATION_ITEMS(
      "listConversationItems", "GET", "/v1/conversations/{conversation_id}/items", Body.NONE),
  RETRIEVE_CONVERSATION_ITEM(
      "retrieveConversationItem",
      "GET",
      "/v1/conversations/{conversation_id}/items/{item_id}",
      Body.NONE),
  DELETE_CONVERSATION_ITEM(
      "deleteConversationItem",
      "DELETE",
      "/v1/conversations/{conversation_id}/items/{item_id}",
      Body.NONE),
  CREATE_RESPONSE("createResponse", "POST", "/v1/responses", Body.REQUIRED),
  COUNT_RESPONSE_INPUT_TOKENS(
      "countResponseInputTokens", "POST", "/v1/responses/input_tokens", Body.REQUIRED),
  COMPACT_RESPONSE("compactResponse", "POST", "/v1/responses/compact", Body.REQUIRED),
  RETRIEVE_RESPONSE("retrieveResponse", "GET", "/v1/responses/{response_id}", Body.NONE),
  DELETE_RESPONSE("deleteResponse", "DELETE", "/v1/responses/{response_id}", Body.NONE),
  CANCEL_RESPONSE("cancelResponse", "POST", "/v1/responses/{response_id}/cancel", Body.OPTIONAL),
  LIST_RESPONSE_INPUT_ITEMS(
      "listResponseInputItems", "GET", "/v1/responses/{response_id}/input_items", Body.NONE),
  CREATE_EMBEDDINGS("createEmbeddings", "POST", "/v1/embeddings", Body.REQUIRED),
  CREATE_PLAIN_EMBEDDING("createPlainEmbedding", "POST", "/embedding", Body.REQUIRED),
  CREATE_PLAIN_EMBEDDINGS("createPlainEmbeddings", "POST", "/embeddings", Body.REQUIRED),
  GET_MODEL_INFO("getModelInfo", "GET", "/api/v1/model/info", Body.NONE),
  GET_API_HEALTH("getApiHealth", "GET", "/api/v1/health", Body.NONE),
  GET_PROPS("getProps", "GET", "/props", Body.NONE),
  LIST_SLOTS("listSlots", "GET", "/slots", Body.NONE),
  LOAD_MODEL("loadModel", "POST", "/v1/models/load", Body.REQUIRED),
  UNLOAD_MODEL("unloadModel", "POST", "/v1/models/unload", Body.REQUIRED),
  GET_HEALTH("getHealth", "GET", "/health", Body.NONE),
  GET_CONTRACT("getContract", "GET", "/openapi.json", Body.NONE);

  private final String id;
  private final String method;
  private final String path;
  private final Body body;

  /** Whether a request carries JSON. */
  public enum Body {
    NONE,
    /** May be absent, and then needs no content type either. */
    OPTIONAL,
    REQUIRED,
    /** Of any type, or absent: for routes that are none of ours. */
    ANYTHING
  }

  Operation(String id, String method, String path, Body body) {
    this.id = id;
    this.method = method;
    this.path = path;
    this.body = body;
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

  /** Whether a request carries JSON. */
  public Body body() {
    return body;
  }

  /** The operation of that id. */
  public static Optional<Operation> of(String id) {
    return Arrays.stream(values()).filter(operation -> operation.id.equals(id)).findFirst();
  }
}
