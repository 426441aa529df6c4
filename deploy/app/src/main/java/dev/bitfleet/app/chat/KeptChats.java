package dev.bitfleet.app.chat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folder where this client keeps chats, so that one can be taken up again. */
final class KeptChats {
  private static final Logger log = LoggerFactory.getLogger(KeptChats.class);
  private static final DateTimeFormatter NAME = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss-SSS");
  private static final String SUFFIX = ".json";

  private final Path folder;
  private Path file;

  KeptChats(Path folder) {
    this.folder = folder;
    this.file = fresh();
  }

  private Path fresh() {
    return folder.resolve(NAME.format(LocalDateTime.now()) + SUFFIX);
  }

  /** Where the chat of now is kept. */
  Path file() {
    return file;
  }

  /** From now on it is another chat. */
  void begin() {
    file = fresh();
  }

  /** Keeps the chat as it is now. A full disk must not end a dialogue. */
  void keep(Chat chat) {
    try {
      chat.save(file);
    } catch (IOException e) {
      log.warn("the chat could not be kept in {}: {}", file, e.toString());
    }
  }

  /** The chat that was kept last, which goes on in its file. */
  Optional<Chat> latest() throws IOException, ChatException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    Optional<Path> newest;
    try (var files = Files.list(folder)) {
      newest =
          files
              .filter(each -> each.getFileName().toString().endsWith(SUFFIX))
              .max(Comparator.comparing(each -> each.getFileName().toString()));
    }
    if (newest.isEmpty()) {
      return Optional.empty();
    }
    file = newest.get();
    return Optional.of(Chat.load(file));
  }
}
