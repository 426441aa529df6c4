package dev.bitfleet.app.pull;

import dev.bitfleet.app.pull.PullException.Reason;
import dev.bitfleet.app.pull.Repository.RemoteFile;
import dev.bitfleet.worker.home.AdapterFolder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Which files of a repository a pull fetches. Pure. */
final class Choice {
  private static final String GGUF = ".gguf";
  private static final Pattern SPLIT = Pattern.compile(".*-\\d{5}-of-\\d{5}\\.gguf");

  /** More would not fit on a page; the rest is on the hub's. */
  private static final int MAX_SHOWN = 40;

  private Choice() {}

  /** The GGUF file that is meant, or both files of an adapter. */
  static List<RemoteFile> of(Repository repository, Wanted wanted) throws PullException {
    List<RemoteFile> usable =
        repository.files().stream().filter(file -> Wanted.safePath(file.path())).toList();
    List<RemoteFile> models =
        usable.stream()
            .filter(file -> file.path().toLowerCase(Locale.ROOT).endsWith(GGUF))
            .toList();
    List<RemoteFile> adapter = adapter(usable);
    if (wanted.file().isPresent()) {
      String asked = wanted.file().get();
      if (!adapter.isEmpty() && asked.equals(AdapterFolder.WEIGHTS)) {
        return adapter;
      }
      return List.of(whole(named(repository, models, asked)));
    }
    if (models.isEmpty()) {
      if (!adapter.isEmpty()) {
        return adapter;
      }
      throw new PullException(Reason.MISSING, withoutModel(repository));
    }
    if (models.size() > 1) {
      throw new PullException(
          Reason.UNCLEAR,
          repository.name() + " has several models; name one of" + choices(repository, models));
    }
    return List.of(whole(models.getFirst()));
  }

  private static RemoteFile named(Repository repository, List<RemoteFile> models, String asked)
      throws PullException {
    for (RemoteFile each : models) {
      if (each.path().equals(asked) || each.path().equals(asked + GGUF)) {
        return each;
      }
    }
    List<RemoteFile> alike =
        models.stream()
            .filter(each -> each.name().equals(asked) || each.name().equals(asked + GGUF))
            .toList();
    if (alike.size() == 1) {
      return alike.getFirst();
    }
    throw new PullException(
        Reason.MISSING,
        models.isEmpty()
            ? withoutModel(repository)
            : repository.name()
                + " has no '"
                + asked
                + "'; name one of"
                + choices(repository, models));
  }

  private static RemoteFile whole(RemoteFile file) throws PullException {
    if (SPLIT.matcher(file.path()).matches()) {
      throw new PullException(
          Reason.UNCLEAR,
          file.path()
              + " is one part of a model that is split over several files; join them with"
              + " llama-gguf-split --merge and put the result into the model home");
    }
    return file;
  }

  private static List<RemoteFile> adapter(List<RemoteFile> files) {
    var both = new ArrayList<RemoteFile>();
    for (String name : List.of(AdapterFolder.CONFIGURATION, AdapterFolder.WEIGHTS)) {
      Optional<RemoteFile> file =
          files.stream().filter(each -> each.path().equals(name)).findFirst();
      file.ifPresent(both::add);
    }
    return both.size() == 2 ? both : List.of();
  }

  private static String withoutModel(Repository repository) {
    boolean weights =
        repository.files().stream().anyMatch(file -> file.path().endsWith(".safetensors"));
    return repository.name()
        + " has no GGUF file"
        + (weights
            ? ": it holds weights in another form; look for a repository whose name ends in -gguf"
            : "");
  }

  private static String choices(Repository repository, List<RemoteFile> models) {
    var text = new StringBuilder();
    models.stream()
        .limit(MAX_SHOWN)
        .forEach(
            each ->
                text.append("\n  ")
                    .append(repository.name())
                    .append(':')
                    .append(each.path())
                    .append(each.bytes() < 0 ? "" : "  (" + Sizes.write(each.bytes()) + ")"));
    if (models.size() > MAX_SHOWN) {
      text.append("\n  and ").append(models.size() - MAX_SHOWN).append(" more");
    }
    return text.toString();
  }
}
