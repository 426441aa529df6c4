package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.proto.ModelDescription;
import java.util.List;
import java.util.function.Predicate;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Models as OpenAI lists them, and under {@code meta} what else the model file says. */
public final class ModelJson {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private ModelJson() {}

  /**
   * One model.
   *
   * @param loaded whether it is in memory; else it is loaded when somebody asks for it
   */
  public static byte[] one(ModelDescription model, boolean loaded) {
    return MAPPER.writeValueAsBytes(tree(model, loaded));
  }

  /** {@code {"object":"list","data":[…]}}. */
  public static byte[] list(List<ModelDescription> models, Predicate<String> loaded) {
    ObjectNode list = MAPPER.createObjectNode();
    list.put("object", "list");
    ArrayNode data = list.putArray("data");
    models.forEach(model -> data.add(tree(model, loaded.test(model.id()))));
    return MAPPER.writeValueAsBytes(list);
  }

  private static ObjectNode tree(ModelDescription model, boolean loaded) {
    ObjectNode tree = MAPPER.createObjectNode();
    tree.put("id", model.id());
    tree.put("object", "model");
    tree.put("created", model.created());
    tree.put("owned_by", "local");
    ObjectNode meta = tree.putObject("meta");
    meta.put("architecture", model.architecture());
    meta.put("context_length", model.contextLength());
    meta.put("vocabulary_size", model.vocabularySize());
    meta.put("parameters", model.parameters());
    meta.put("size_bytes", model.bytes());
    meta.put("fingerprint", model.fingerprint());
    meta.put("chat", model.chat());
    meta.put("loaded", loaded);
    ArrayNode aliases = meta.putArray("aliases");
    model.aliases().forEach(aliases::add);
    return tree;
  }
}
