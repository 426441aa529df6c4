package dev.bitfleet.app.cli;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.config.NodeRole;
import dev.bitfleet.app.config.Spelling;
import java.io.PrintWriter;
import java.util.ArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** The command line as a whole. */
public final class BitfleetCommand {
  private BitfleetCommand() {}

  /** Runs the command that the arguments name; returns the exit code. Never throws. */
  public static int run(String[] args, PrintWriter out, PrintWriter err) {
    return commandLine(out, err).execute(args);
  }

  static CommandLine commandLine(PrintWriter out, PrintWriter err) {
    CommandSpec root =
        CommandSpec.create()
            .name("bitfleet")
            .mixinStandardHelpOptions(true)
            .version("bitfleet " + BuildVersion.current());
    root.usageMessage()
        .description("Serves 1-bit language models through the OpenAI API, on ordinary CPUs.")
        .footer(
            "",
            "Exit codes: 0 done, 1 doctor found a blocker, 64 bad command line, 65 broken model,",
            "66 no such model, 69 port taken or server unavailable, 70 engine or internal failure, 73 disk full, 75 hub",
            "unreachable, 77 access denied, 78 bad configuration, 143 stopped with streams cut short.");
    root.addSubcommand("serve", ServeCommand.spec(NodeRole.BOTH));
    root.addSubcommand("gateway", ServeCommand.spec(NodeRole.GATEWAY));
    root.addSubcommand("worker", ServeCommand.spec(NodeRole.WORKER));
    root.addSubcommand("fleet", FleetCommand.spec());
    root.addSubcommand("pull", PullCommand.spec());
    root.addSubcommand("models", ModelsCommand.spec());
    root.addSubcommand("doctor", DoctorCommand.spec());
    root.addSubcommand("bench", BenchCommand.spec());
    root.addSubcommand("chat", ChatCommand.spec());
    root.addSubcommand("key", KeyCommand.spec());
    root.addSubcommand("version", VersionCommand.spec());
    root.addSubcommand("rehearse", RehearseCommand.spec());
    var line = new CommandLine(root);
    line.setOut(out);
    line.setErr(err);
    line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
    line.setUsageHelpAutoWidth(false);
    line.setExecutionStrategy(BitfleetCommand::execute);
    line.setParameterExceptionHandler(
        (e, arguments) -> {
          CommandSpec command = e.getCommandLine().getCommandSpec();
          err.println("bitfleet: " + e.getMessage() + suggestion(e, command));
          err.println("Try '" + command.qualifiedName() + " --help'.");
          return ExitCode.USAGE.number();
        });
    line.setExecutionExceptionHandler(
        (e, command, parsed) -> {
          Logger log = LoggerFactory.getLogger(BitfleetCommand.class);
          log.error("{} failed", command.getCommandName(), e);
          return ExitCode.SOFTWARE.number();
        });
    return line;
  }

  private static String suggestion(CommandLine.ParameterException e, CommandSpec command) {
    if (!(e instanceof CommandLine.UnmatchedArgumentException unmatched)
        || unmatched.getUnmatched().isEmpty()) {
      return "";
    }
    String word = unmatched.getUnmatched().getFirst().split("=", 2)[0];
    var known = new ArrayList<String>(command.optionsMap().keySet());
    known.addAll(command.subcommands().keySet());
    return Spelling.nearest(word, known)
        .map(nearest -> "; did you mean " + nearest + "?")
        .orElse("");
  }

  private static int execute(ParseResult parsed) {
    Integer helped = CommandLine.executeHelpRequest(parsed);
    if (helped != null) {
      return helped;
    }
    ParseResult command = parsed;
    while (command.hasSubcommand()) {
      command = command.subcommand();
    }
    PrintWriter out = command.commandSpec().commandLine().getOut();
    PrintWriter err = command.commandSpec().commandLine().getErr();
    if (!(command.commandSpec().userObject() instanceof Command runnable)) {
      command.commandSpec().commandLine().usage(err);
      return ExitCode.USAGE.number();
    }
    try {
      return runnable.run(command, out, err).number();
    } catch (CommandLine.ParameterException e) {
      throw e; // told as what the parser itself finds
    } catch (Exception e) {
      throw new CommandLine.ExecutionException(
          command.commandSpec().commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** What a subcommand does. */
  @FunctionalInterface
  interface Command {
    /** Runs to the end; for {@code serve} that is the end of service. */
    ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception;
  }
}
