package dev.bitfleet.app.pull;

import dev.bitfleet.app.pull.PullException.Reason;
import dev.bitfleet.app.pull.Repository.RemoteFile;
import dev.bitfleet.worker.home.ModelOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One pull, from the name of a repository to files in the model home. Blocks. */
public final class Pull {
  private final Hub hub;
  private final Path home;
  private final Patience patience;
  private final Progress progress;
  private final Clock clock;

  /**
   * @param home is created when it is missing
   * @param userAgent how we introduce ourselves
   */
  public Pull(Endpoint endpoint, Path home, String userAgent, Progress progress, Clock clock) {
    this(endpoint, home, userAgent, progress, clock, Patience.USUAL);
  }

  Pull(
      Endpoint endpoint,
      Path home,
      String userAgent,
      Progress progress,
      Clock clock,
      Patience patience) {
    this.hub = new Hub(endpoint, patience.head(), userAgent);
    this.home = home;
    this.patience = patience;
    this.progress = progress;
    this.clock = clock;
  }

  /**
   * Fetches what is wanted; what is there already and right is left alone.
   *
   * @return the files, in the home
   */
  public List<Path> run(Wanted wanted) throws PullException, InterruptedException {
    Repository repository = ask(wanted);
    List<RemoteFile> files = Choice.of(repository, wanted);
    introduce(repository);
    var pulled = new ArrayList<Path>();
    for (RemoteFile file : files) {
      pulled.add(one(wanted, repository, file));
    }
    return List.copyOf(pulled);
  }

  private Repository ask(Wanted wanted) throws PullException, InterruptedException {
    var pause = patience.pause();
    for (int attempt = 1; ; attempt++) {
      try {
        return hub.repository(wanted);
      } catch (IOException e) {
        String problem = Optional.ofNullable(e.getMessage()).orElseGet(e::toString);
        if (attempt >= patience.attempts()) {
          throw new PullException(Reason.UNREACHABLE, "the hub cannot be reached: " + problem);
        }
        progress.say("Trying again in " + Math.max(1, pause.toSeconds()) + " s: " + problem);
        Thread.sleep(pause);
        pause =
            pause.multipliedBy(2).compareTo(patience.longestPause()) < 0
                ? pause.multipliedBy(2)
                : patience.longestPause();
      }
    }
  }

  private void introduce(Repository repository) {
    progress.say(repository.name() + " at " + repository.commit().substring(0, 12));
    progress.say(
        "Licence: "
            + repository.licence().orElse("the model card names none")
            + repository.licenceLink().map(link -> " (" + link + ")").orElse(""));
    repository.baseModel().ifPresent(base -> progress.say("Made from: " + base));
  }

  private Path one(Wanted wanted, Repository repository, RemoteFile file)
      throws PullException, InterruptedException {
    Path target = home.resolve(wanted.owner()).resolve(wanted.repository()).resolve(file.path());
    String key =
        file.sha256()
            .or(file::gitBlob)
            .orElseThrow(
                () ->
                    new PullException(
                        Reason.UNREACHABLE,
                        "the hub names no checksum for "
                            + file.path()
                            + ", so what comes could not be told from something else"));
    try {
      Files.createDirectories(home);
      if (present(target, file)) {
        progress.say(file.path() + " is here already");
        return target;
      }
      try (PartialFile partial =
          PartialFile.open(
              home,
              file,
              key,
              () -> progress.say("Another pull fetches " + file.path() + "; waiting for it"))) {
        // Whoever held it before may have done the work.
        if (present(target, file)) {
          progress.say(file.path() + " is here already");
          return target;
        }
        new Download(hub, wanted, repository.commit(), file, partial, patience, progress).run(home);
        var origin =
            new ModelOrigin(
                repository.name(),
                repository.commit(),
                partial.sha256(),
                partial.size(),
                repository.licence(),
                clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
        partial.moveTo(target);
        origin.write(target);
      }
      return target;
    } catch (IOException e) {
      throw new PullException(Reason.DISK, "the model home cannot be written: " + e);
    }
  }

  private static boolean present(Path target, RemoteFile file) throws IOException {
    if (!Files.isRegularFile(target)) {
      return false;
    }
    if (file.sha256().isPresent()) {
      return ModelOrigin.of(target)
          .filter(origin -> origin.sha256().equals(file.sha256().get()))
          .filter(origin -> origin.bytes() == size(target))
          .isPresent();
    }
    // Small ones are fetched again rather than trusted.
    return false;
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      return -1;
    }
  }
}
