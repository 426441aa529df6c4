package dev.bitfleet.app.cli;

import dev.bitfleet.app.fleet.FleetPage;
import dev.bitfleet.app.fleet.FleetQuestion;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.time.Duration;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** {@code bitfleet fleet}: nodes, workers, models and slots, as a running node sees them. */
final class FleetCommand implements BitfleetCommand.Command {
  private static final String URL = "--url";
  private static final String JSON = "--json";
  private static final String WATCH = "--watch";
  private static final String USUAL = "http://127.0.0.1:9090";
  private static final Duration EVERY = Duration.ofSeconds(1);
  private static final String CLEAR_SCREEN = "\u001b[H\u001b[2J";

  static CommandSpec spec() {
    CommandSpec spec = Arguments.command(new FleetCommand());
    spec.usageMessage().description("Shows the nodes, workers, models and slots of a fleet.");
    Arguments.option(spec, URL, "URL", "management address of any of its gateways; " + USUAL);
    Arguments.flag(spec, JSON, "one JSON object in place of tables");
    Arguments.flag(spec, WATCH, "shows it again every second, until it is interrupted");
    return spec;
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err)
      throws InterruptedException {
    var question = new FleetQuestion(address(arguments));
    boolean watch = arguments.hasMatchedOption(WATCH);
    try {
      do {
        ObjectNode fleet = question.ask();
        if (arguments.hasMatchedOption(JSON)) {
          out.println(JsonMapper.shared().writeValueAsString(fleet));
        } else {
          out.print(watch ? CLEAR_SCREEN : "");
          FleetPage.of(fleet).forEach(out::println);
        }
        out.flush();
        if (watch) {
          Thread.sleep(EVERY);
        }
      } while (watch);
      return ExitCode.OK;
    } catch (IOException e) {
      err.println("bitfleet: " + e.getMessage());
      return ExitCode.UNAVAILABLE;
    }
  }

  private static URI address(ParseResult arguments) {
    String text = Arguments.text(arguments, URL).orElse(USUAL);
    try {
      URI url = URI.create(text);
      if (url.getHost() != null
          && ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
        return url;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new ParameterException(
        arguments.commandSpec().commandLine(), "'" + text + "' is not a URL such as " + USUAL);
  }
}
