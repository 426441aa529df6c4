package dev.bitfleet.gateway.contract;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.path.PathType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The OpenAPI document and what is made of it: the bytes that are served, a compiled schema for
 * each operation with a body, and the defaults that it declares. Immutable; may be used from any
 * thread.
 *
 * <p>Compiling takes some hundred milliseconds in a fresh JVM, so it is done once.
 */
public final class Contract {
  /** One file for each part of the API; the first has what all share. */
  private static final List<String> PARTS =
      List.of(
          "openapi.yaml",
          "openapi-tools.yaml",
          "openapi-generate.yaml",
          "openapi-text.yaml",
          "openapi-conversations.yaml",
          "openapi-responses.yaml",
          "openapi-models.yaml");

  private static final String DOCUMENT = "https://bitfleet.dev/openapi.json";

  private final JsonNode document;
  private final byte[] json;
  private final Map<Operation, Schema> bodies = new EnumMap<>(Operation.class);
  private final SchemaRegistry registry;

  private Contract(JsonNode document) {
    this.document = document;
    this.json = JsonMapper.shared().writeValueAsBytes(document);
    // Without fail-fast a body of a million wrong items would make a million errors.
    this.registry =
        SchemaRegistry.withDialect(
            Dialects.getOpenApi31(),
            builder ->
                builder
                    .schemas(Map.of(DOCUMENT, new String(json, StandardCharsets.UTF_8)))
                    .schemaRegistryConfig(
                        SchemaRegistryConfig.builder()
                            .failFast(true)
                            .pathType(PathType.JSON_POINTER)
                            .preloadSchema(true)
                            .cacheRefs(true)
                            .build()));
    for (Operation operation : Operation.values()) {
      JsonNode body = bodySchema(operation);
      if (!body.isMissingNode()) {
        Schema schema = schema(nameOf(body));
        schema.initializeValidators();
        bodies.put(operation, schema);
      }
    }
  }

  /** The contract this build was made with. */
  public static Contract load() {
    ObjectNode whole = part(PARTS.getFirst());
    for (String name : PARTS.subList(1, PARTS.size())) {
      merge(part(name), whole, name);
    }
    return new Contract(whole);
  }

  private static ObjectNode part(String name) {
    try (InputStream in = Contract.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the class path");
      }
      return (ObjectNode) YAMLMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Paths and components of a part join the whole; nothing may be said twice. */
  private static void merge(ObjectNode part, ObjectNode whole, String name) {
    for (Map.Entry<String, JsonNode> entry : part.properties()) {
      JsonNode there = whole.get(entry.getKey());
      switch (there) {
        case null -> whole.set(entry.getKey(), entry.getValue());
        case ObjectNode object when entry.getValue() instanceof ObjectNode added ->
            merge(added, object, name + " " + entry.getKey());
        case ArrayNode array when entry.getValue() instanceof ArrayNode added ->
            array.addAll(added);
        default -> throw new IllegalStateException("said twice: " + name + " " + entry.getKey());
      }
    }
  }

  /** The document as JSON, as it is served. Not to be changed. */
  @SuppressWarnings("EI_EXPOSE_REP")
  public byte[] json() {
    return json;
  }

  /** The document as a tree. Not to be changed. */
  public JsonNode document() {
    return document;
  }

  /**
   * Holds a body against its operation's schema.
   *
   * @throws ApiException naming the first field that is wrong
   */
  public void check(Operation operation, JsonNode body) {
    Schema schema = bodies.get(operation);
    if (schema == null) {
      throw new IllegalArgumentException(operation + " has no body");
    }
    List<Error> errors = schema.validate(body);
    if (!errors.isEmpty()) {
      throw new ApiException(Violations.describe(errors.getFirst(), body));
    }
  }

  /** The compiled schema of that name under {@code #/components/schemas}. */
  Schema schema(String name) {
    return registry.getSchema(SchemaLocation.of(DOCUMENT + "#/components/schemas/" + name));
  }

  /** The defaults that the operation's body declares, its own before those it takes over. */
  public Map<String, JsonNode> defaults(Operation operation) {
    Map<String, JsonNode> defaults = new HashMap<>();
    collectDefaults(nameOf(bodySchema(operation)), defaults);
    return Map.copyOf(defaults);
  }

  private void collectDefaults(String name, Map<String, JsonNode> into) {
    JsonNode schema = document.at("/components/schemas/" + name);
    for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
      JsonNode value = property.getValue().path("default");
      if (!value.isMissingNode()) {
        into.putIfAbsent(property.getKey(), value);
      }
    }
    for (JsonNode inherited : schema.path("allOf")) {
      collectDefaults(nameOf(inherited), into);
    }
  }

  private JsonNode bodySchema(Operation operation) {
    return document
        .path("paths")
        .path(operation.documentPath())
        .path(operation.method().toLowerCase(Locale.ROOT))
        .path("requestBody")
        .path("content")
        .path("application/json")
        .path("schema");
  }

  private static String nameOf(JsonNode reference) {
    String ref = reference.path("$ref").asString();
    return ref.substring(ref.lastIndexOf('/') + 1);
  }
}
