package dev.bitfleet.app.pull;

import java.util.List;
import java.util.Optional;

/**
 * What the hub says of a repository at one commit.
 *
 * @param commit 40 hexadecimal digits
 * @param licence as the model card names it
 * @param licenceLink where it can be read
 * @param baseModel what an adapter was trained on
 */
record Repository(
    String name,
    String commit,
    Optional<String> licence,
    Optional<String> licenceLink,
    Optional<String> baseModel,
    List<RemoteFile> files) {

  /**
   * One file.
   *
   * @param path inside the repository; may be anything a stranger can think of
   * @param bytes −1 when the hub does not say
   * @param sha256 of files in large file storage
   * @param gitBlob SHA-1 that git has for the others
   */
  record RemoteFile(String path, long bytes, Optional<String> sha256, Optional<String> gitBlob) {
    String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  Repository {
    files = List.copyOf(files);
  }
}
