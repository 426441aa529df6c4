package dev.bitfleet.app.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** The kinds of arguments that commands have, and how they are read. */
final class Arguments {
  private Arguments() {}

  /** A command that does something itself. */
  static CommandSpec command(BitfleetCommand.Command work) {
    return CommandSpec.wrapWithoutInspection(work).mixinStandardHelpOptions(true);
  }

  /** An option with a text after it. */
  static void option(CommandSpec spec, String name, String label, String description) {
    option(spec, name, label, String.class, description);
  }

  /**
   * An option with a value after it.
   *
   * @param type what the value is read as; what cannot be is told by the parser
   */
  static void option(
      CommandSpec spec, String name, String label, Class<?> type, String description) {
    spec.addOption(
        OptionSpec.builder(name)
            .type(type)
            .arity("1")
            .paramLabel(label)
            .description(description)
            .build());
  }

  /** An option that is there or not. */
  static void flag(CommandSpec spec, String name, String description) {
    spec.addOption(
        OptionSpec.builder(name).type(boolean.class).arity("0").description(description).build());
  }

  /** The one argument that has to be there. */
  static void required(CommandSpec spec, String label, String description) {
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("1")
            .paramLabel(label)
            .type(String.class)
            .description(description)
            .build());
  }

  /** Any number of arguments. */
  static void several(CommandSpec spec, String label, String description) {
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("0..*")
            .paramLabel(label)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .description(description)
            .build());
  }

  /** The text of an option, when it was given. */
  static Optional<String> text(ParseResult arguments, String option) {
    return Optional.ofNullable(arguments.matchedOptionValue(option, (String) null));
  }
}
