package dev.bitfleet.app.chat;

import dev.bitfleet.worker.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What was said, in order, and the system prompt over it. One thread. */
final class Chat {
  private static final long LARGEST_FILE = 64 << 20;

  private Optional<String> system = Optional.empty();
  private final List<Message> messages = new ArrayList<>();

  Optional<String> system() {
    return system;
  }

  /** Empty text takes it away. */
  void system(String text) {
    system = text.isBlank() ? Optional.empty() : Optional.of(text);
  }

  void add(Message message) {
    messages.add(message);
  }

  /** Without the system prompt. */
  List<Message> messages() {
    return Collections.unmodifiableList(messages);
  }

  /** All that a server which keeps nothing has to be sent. */
  List<Message> whole() {
    List<Message> all = new ArrayList<>();
    system.ifPresent(text -> all.add(new Message("system", text)));
    all.addAll(messages);
    return all;
  }

  void clear() {
    messages.clear();
  }

  /** Takes the last question and all that came after it back; gives the question. */
  Optional<String> takeBack() {
    for (int i = messages.size() - 1; i >= 0; i--) {
      Message message = messages.get(i);
      if (message.role().equals("user")) {
        messages.subList(i, messages.size()).clear();
        return Optional.of(message.content());
      }
    }
    return Optional.empty();
  }

  /** Writes it as {@code {"messages":[…]}}, whole or not at all, for its owner's eyes alone. */
  void save(Path file) throws IOException {
    ObjectNode tree = JsonMapper.shared().createObjectNode();
    ArrayNode list = tree.putArray("messages");
    whole().forEach(m -> list.addObject().put("role", m.role()).put("content", m.content()));
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException(file + " is no file");
    }
    Path unused =
        WholeFile.put(
            folder,
            partial -> {
              Files.write(
                  partial,
                  JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(tree));
              return target.getFileName().toString();
            });
  }

  /** Reads what {@link #save} wrote, or a bare list of messages. */
  static Chat load(Path file) throws IOException, ChatException {
    if (Files.size(file) > LARGEST_FILE) {
      throw new ChatException(file + " is too large for a chat");
    }
    JsonNode tree;
    try {
      tree = JsonMapper.shared().readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw new ChatException(file + " is not JSON", e);
    }
    Chat chat = new Chat();
    for (JsonNode each : tree.isArray() ? tree : tree.path("messages")) {
      String role = each.path("role").asString("");
      String content = each.path("content").asString("");
      if (role.isEmpty()) {
        throw new ChatException(file + " is not a chat: a message has no role");
      }
      if (role.equals("system") && chat.messages.isEmpty() && chat.system.isEmpty()) {
        chat.system(content);
      } else {
        chat.add(new Message(role, content));
      }
    }
    if (chat.whole().isEmpty()) {
      throw new ChatException(file + " holds no messages");
    }
    return chat;
  }
}
