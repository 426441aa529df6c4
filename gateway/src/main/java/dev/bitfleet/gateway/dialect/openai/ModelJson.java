package dev.bitfleet.gateway.dialect.openai;

import dev.bitfleet.proto.ModelDescription;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Models as OpenAI lists them, and under {@code meta} what else the model file says. */
public final class ModelJson {
  private static final JsonMapper MAPPER = JsonMapper.shared();

  private ModelJson() {}

  /** One model. */
  public static byte[] one(ModelDescription model) {
    return MAPPER.writeValueAsBytes(tree(model));
  }

  /** {@code {"object":"list","data":[…]}}. */
  public static byte[] list(List<ModelDescription> models) {
    ObjectNode list = MAPPER.createObjectNode();
    list.put("object", "list");
    ArrayNode data = list.putArray("data");
    models.forEach(model -> data.add(tree(model)));
    return MAPPER.writeValueAsBytes(list);
  }

  private static ObjectNode tree(ModelDescription model) {
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
    return tree;
  }
}
