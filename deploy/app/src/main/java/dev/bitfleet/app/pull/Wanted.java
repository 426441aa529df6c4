package dev.bitfleet.app.pull;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a pull asks for, written {@code OWNER/REPO} or {@code OWNER/REPO:FILE}.
 *
 * @param file path inside the repository, with or without its ending
 * @param revision branch, tag or commit
 */
public record Wanted(String owner, String repository, Optional<String> file, String revision) {
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,95}");
  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._/-]{0,254}");

  /** Reads the written form. */
  public static Wanted parse(String text, String revision) throws PullException {
    String[] nameAndFile = text.strip().split(":", 2);
    String[] parts = nameAndFile[0].split("/", -1);
    boolean named =
        parts.length == 2
            && PART.matcher(parts[0]).matches()
            && PART.matcher(parts[1]).matches()
            && !nameAndFile[0].contains("..");
    if (!named) {
      throw new PullException(
          PullException.Reason.UNCLEAR,
          "'"
              + text
              + "' is no repository: write OWNER/REPO or OWNER/REPO:FILE, such as"
              + " microsoft/bitnet-b1.58-2B-4T-gguf");
    }
    if (!REVISION.matcher(revision).matches() || revision.contains("..")) {
      throw new PullException(
          PullException.Reason.UNCLEAR, "'" + revision + "' is no branch, tag or commit");
    }
    Optional<String> file =
        nameAndFile.length == 2 ? Optional.of(nameAndFile[1]) : Optional.empty();
    if (file.isPresent() && !safePath(file.get())) {
      throw new PullException(
          PullException.Reason.UNCLEAR, "'" + file.get() + "' is no path of a repository");
    }
    return new Wanted(parts[0], parts[1], file, revision);
  }

  /** The repository as {@code OWNER/REPO}. */
  public String name() {
    return owner + "/" + repository;
  }

  /**
   * Whether a path of a repository may become one of this machine: relative, not deep, nothing
   * hidden, nothing that climbs.
   */
  static boolean safePath(String path) {
    String[] parts = path.split("/", -1);
    if (parts.length > 2 || path.length() > 255) {
      return false;
    }
    for (String part : parts) {
      if (part.isEmpty()
          || part.startsWith(".")
          || part.chars().anyMatch(c -> c < ' ' || c == '\\' || c == ':' || c == 0x7f)) {
        return false;
      }
    }
    return true;
  }
}
