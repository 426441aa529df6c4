package dev.bitfleet.app.cli;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.pull.Endpoint;
import dev.bitfleet.app.pull.Pull;
import dev.bitfleet.app.pull.PullException;
import dev.bitfleet.app.pull.TerminalProgress;
import dev.bitfleet.app.pull.Wanted;
import dev.bitfleet.worker.home.AdapterFolder;
import dev.bitfleet.worker.home.ModelHome;
import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet pull}: a model from a hub into the model home. */
final class PullCommand implements BitfleetCommand.Command {
  private static final String REVISION = "--revision";
  private static final String ENDPOINT = "--endpoint";
  private static final String TOKEN_FILE = "--token-file";
  private static final long MAX_TOKEN_FILE_BYTES = 4096;

  static CommandSpec spec() {
    CommandSpec spec = Arguments.command(new PullCommand());
    spec.usageMessage()
        .description(
            "Fetches a model (a GGUF file) or a LoRA adapter from Hugging Face into the model home.",
            "Interrupted, it goes on where it stopped when it is run again.")
        .footer(
            "",
            "A token for gated and private repositories comes from --token-file or HF_TOKEN. It is",
            "sent to the endpoint alone, not to where the endpoint redirects.");
    Arguments.required(
        spec, "OWNER/REPO[:FILE]", "FILE is needed when the repository has several models");
    Arguments.option(spec, REVISION, "NAME", "branch, tag or commit; main when left out");
    Arguments.option(
        spec, ENDPOINT, "URL", "another hub or a mirror; HF_ENDPOINT, else " + Endpoint.DEFAULT);
    Arguments.option(spec, TOKEN_FILE, "FILE", "file that holds a token and nothing else");
    FewSettings.MODEL_HOME.addTo(spec);
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception {
    Optional<ServeConfiguration> configuration = FewSettings.MODEL_HOME.read(arguments, err);
    if (configuration.isEmpty()) {
      return ExitCode.CONFIGURATION;
    }
    var home = new ModelHome(configuration.get().model().home());
    var hook =
        new Thread(
            () ->
                err.println(
                    "\nbitfleet: interrupted. What has come is kept: the same command goes on"));
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      Wanted wanted =
          Wanted.parse(
              arguments.matchedPositionalValue(0, ""),
              arguments.matchedOptionValue(REVISION, "main"));
      Endpoint endpoint =
          Endpoint.of(
              arguments.matchedOptionValue(ENDPOINT, variable("HF_ENDPOINT", Endpoint.DEFAULT)),
              token(arguments));
      Console console = System.console();
      var pull =
          new Pull(
              endpoint,
              home.folder(),
              "bitfleet/" + BuildVersion.current().version(),
              new TerminalProgress(out, console != null && console.isTerminal(), System::nanoTime),
              Clock.systemUTC());
      List<Path> files = pull.run(wanted);
      Path last = files.getLast();
      boolean adapter = last.getFileName().toString().equals(AdapterFolder.WEIGHTS);
      String name = home.nameOf(adapter ? folderOf(last) : last);
      out.println(
          adapter
              ? "Pulled the adapter " + name + ": load it with \"adapter_dir\": \"" + name + "\""
              : "Pulled " + name + ": serve it with 'bitfleet serve " + name + "'");
      return ExitCode.OK;
    } catch (PullException e) {
      err.println("bitfleet: " + e.getMessage());
      return switch (e.reason()) {
        case UNCLEAR -> ExitCode.USAGE;
        case MISSING -> ExitCode.NO_MODEL;
        case FORBIDDEN -> ExitCode.FORBIDDEN;
        case UNREACHABLE -> ExitCode.UNREACHABLE;
        case DISK -> ExitCode.DISK;
        case CORRUPT -> ExitCode.BAD_MODEL;
      };
    } finally {
      disarm(hook);
    }
  }

  private static Path folderOf(Path file) {
    Path folder = file.getParent();
    return folder == null ? file : folder;
  }

  private static void disarm(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is going down already, and the hook has its say.
      return;
    }
  }

  private static Optional<String> token(ParseResult arguments) throws PullException {
    String file = arguments.matchedOptionValue(TOKEN_FILE, (String) null);
    if (file == null) {
      return Optional.of(variable("HF_TOKEN", "")).filter(text -> !text.isBlank());
    }
    try {
      Path path = Path.of(file);
      if (Files.size(path) > MAX_TOKEN_FILE_BYTES) {
        throw new IOException("it is too long for a token");
      }
      return Optional.of(Files.readString(path).strip());
    } catch (IOException e) {
      throw PullException.unclear("the token file " + file + " cannot be read: " + e.getMessage());
    }
  }

  private static String variable(String name, String fallback) {
    return Optional.ofNullable(System.getenv(name))
        .filter(text -> !text.isBlank())
        .orElse(fallback);
  }
}
