package dev.bitfleet.app.cli;

import dev.bitfleet.app.BuildVersion;
import dev.bitfleet.app.bench.Bench;
import dev.bitfleet.app.bench.BenchException;
import dev.bitfleet.app.bench.BenchPlan;
import dev.bitfleet.app.bench.Contestant;
import dev.bitfleet.app.bench.EngineProgram;
import dev.bitfleet.app.bench.LlamaServer;
import dev.bitfleet.app.bench.Report;
import dev.bitfleet.app.bench.Results;
import dev.bitfleet.app.bench.ThisBitfleet;
import dev.bitfleet.app.bench.WeightCount;
import dev.bitfleet.app.config.KernelName;
import dev.bitfleet.app.config.ServeConfiguration;
import dev.bitfleet.app.model.BundledModel;
import dev.bitfleet.worker.home.ModelHome;
import dev.bitfleet.worker.home.ModelNotFoundException;
import dev.bitfleet.worker.model.GgufMetadata;
import dev.bitfleet.worker.model.ModelFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** {@code bitfleet bench}: how fast this machine serves a model, alone and beside a peer. */
final class BenchCommand implements BitfleetCommand.Command {
  private static final String MODEL = "--model";
  private static final String SHAPE = "--shape";
  private static final String THREADS = "--threads";
  private static final String KERNEL = "--kernel";
  private static final String STREAMS = "--streams";
  private static final String PROMPT = "--prompt";
  private static final String GENERATE = "--generate";
  private static final String ROUNDS = "--rounds";
  private static final String AGAINST = "--against";
  private static final String SERVE = "--serve-option";
  private static final String VS_LIMIT = "--vs-limit";
  private static final String BUSY = "--beside-busy";
  private static final String JSON = "--json";

  private static final Pattern PEER = Pattern.compile("([A-Za-z0-9._-]{1,40})=(.+)");
  private static final int MAX_THREADS = 1024;
  private static final int MAX_STREAMS = 256;
  private static final int MAX_TOKENS = 32_768;
  private static final int MAX_ROUNDS = 1000;
  private static final int MIN_VOCABULARY = 16;

  static CommandSpec spec() {
    CommandSpec spec =
        CommandSpec.wrapWithoutInspection(new BenchCommand()).mixinStandardHelpOptions(true);
    spec.usageMessage()
        .description(
            "Serves a model and times it from outside: prefill, decoding alone and of many streams",
            "together, time to the first token, memory, what a second turn computes anew.",
            "A model of random weights is made where none is named.")
        .footer(
            "",
            "A peer is measured in turn with this Bitfleet, in the same rounds: --against",
            "bitnet.cpp=/path/to/llama-server. Stop what else the machine does before you believe it.");
    option(
        spec,
        SHAPE,
        "NAME",
        "shape of the random model: 2b4t (when left out), large, llama8b, tiny");
    option(
        spec, MODEL, "MODEL", "a .gguf file or a name in the model home, in place of a random one");
    option(
        spec, THREADS, "N,…", "threads of the engine, each number a pass; all cores when left out");
    option(spec, KERNEL, "NAME", "kernels of the engine, as 'serve' has them; auto when left out");
    option(spec, STREAMS, "N,…", "how many at once; 1,2,4,8,16 when left out");
    option(spec, PROMPT, "N", "tokens of the long prompt; 512 when left out");
    option(spec, GENERATE, "N", "tokens each timed completion makes; 64 when left out");
    option(spec, ROUNDS, "N", "how often all is done, of which medians are told; 3 when left out");
    option(spec, JSON, "FILE", "writes the figures there too, as one JSON object");
    list(
        spec,
        AGAINST,
        "NAME=PROGRAM",
        "a llama-server to compare with; may be given several times");
    list(
        spec,
        SERVE,
        "NAME=VALUE",
        "a setting of 'serve' to measure with; may be given several times");
    flag(spec, VS_LIMIT, "measures what memory and processor can do, and tells the share reached");
    flag(spec, BUSY, "decodes once more beside a process that takes all it can get");
    FewSettings.MODEL_HOME.addTo(spec);
    return spec;
  }

  private static void option(CommandSpec spec, String name, String label, String description) {
    spec.addOption(
        OptionSpec.builder(name)
            .paramLabel(label)
            .type(String.class)
            .description(description)
            .build());
  }

  private static void list(CommandSpec spec, String name, String label, String description) {
    spec.addOption(
        OptionSpec.builder(name)
            .paramLabel(label)
            .type(List.class)
            .auxiliaryTypes(String.class)
            .arity("1")
            .description(description)
            .build());
  }

  private static void flag(CommandSpec spec, String name, String description) {
    spec.addOption(
        OptionSpec.builder(name).type(boolean.class).arity("0").description(description).build());
  }

  @Override
  public ExitCode run(ParseResult arguments, PrintWriter out, PrintWriter err) throws Exception {
    Optional<ServeConfiguration> configuration = FewSettings.MODEL_HOME.read(arguments, err);
    if (configuration.isEmpty()) {
      return ExitCode.CONFIGURATION;
    }
    List<Integer> threads =
        numbers(
            arguments,
            THREADS,
            Integer.toString(Runtime.getRuntime().availableProcessors()),
            MAX_THREADS);
    List<Integer> streams = numbers(arguments, STREAMS, "1,2,4,8,16", MAX_STREAMS);
    int prompt = number(arguments, PROMPT, 512, MAX_TOKENS);
    int generate = number(arguments, GENERATE, 64, MAX_TOKENS);
    int rounds = number(arguments, ROUNDS, 3, MAX_ROUNDS);
    List<Contestant> contestants = contestants(arguments);
    Optional<Path> json = reportFile(arguments);
    try {
      EngineProgram engine = EngineProgram.in(configuration.get().dataDir());
      Path model = model(arguments, configuration.get(), engine, err);
      GgufMetadata facts = GgufMetadata.readWithTensors(model);
      if (facts.tokens().size() < MIN_VOCABULARY) {
        err.println("bitfleet: " + model + " has no vocabulary to make prompts of");
        return ExitCode.BAD_MODEL;
      }
      Optional<EngineProgram.Limits> limits =
          arguments.hasMatchedOption(VS_LIMIT)
              ? Optional.of(engine.limits(threads.getLast(), kernel(arguments)))
              : Optional.empty();
      var plan =
          new BenchPlan(
              model,
              threads,
              streams,
              prompt,
              generate,
              rounds,
              arguments.hasMatchedOption(BUSY),
              engine.folder());
      Results results =
          new Bench(
                  plan,
                  contestants,
                  facts.tokens().size(),
                  line -> err.println("bitfleet: " + line))
              .run();
      var report =
          new Report(
              results,
              machine(),
              BuildVersion.current().toString(),
              ModelFile.defaultId(model),
              WeightCount.of(facts),
              limits,
              Instant.now());
      report.table().forEach(out::println);
      if (json.isPresent()) {
        Files.writeString(json.get(), report.json() + "\n");
      }
      return ExitCode.OK;
    } catch (ModelNotFoundException e) {
      err.println("bitfleet: " + e.getMessage());
      return ExitCode.NO_MODEL;
    } catch (BenchException e) {
      err.println("bitfleet: " + e.getMessage());
      return ExitCode.SOFTWARE;
    } catch (IOException e) {
      err.println("bitfleet: " + e);
      return ExitCode.SOFTWARE;
    }
  }

  private static List<Contestant> contestants(ParseResult arguments) {
    var contestants = new ArrayList<Contestant>();
    var settings = new ArrayList<String>();
    for (String each : arguments.matchedOptionValue(SERVE, List.<String>of())) {
      int equals = each.indexOf('=');
      if (equals < 1) {
        throw wrong(arguments, SERVE, each, "is no NAME=VALUE");
      }
      settings.add("--" + each.substring(0, equals));
      settings.add(each.substring(equals + 1));
    }
    settings.addAll(List.of(KERNEL, kernel(arguments)));
    contestants.add(new ThisBitfleet(settings));
    Set<String> names = new HashSet<>(Set.of(contestants.getFirst().name()));
    for (String each : arguments.matchedOptionValue(AGAINST, List.<String>of())) {
      var matcher = PEER.matcher(each);
      if (!matcher.matches()) {
        throw wrong(arguments, AGAINST, each, "is no NAME=PROGRAM");
      }
      Path program = Path.of(matcher.group(2)).toAbsolutePath();
      if (!Files.isExecutable(program) || Files.isDirectory(program)) {
        throw wrong(arguments, AGAINST, program.toString(), "cannot be run");
      }
      if (!names.add(matcher.group(1))) {
        throw wrong(arguments, AGAINST, matcher.group(1), "is the name of another one already");
      }
      contestants.add(new LlamaServer(matcher.group(1), program));
    }
    return contestants;
  }

  private static String kernel(ParseResult arguments) {
    String name = arguments.matchedOptionValue(KERNEL, "auto");
    for (KernelName each : KernelName.values()) {
      if (each.names().contains(name)) {
        return name;
      }
    }
    throw wrong(arguments, KERNEL, name, "is no name of kernels");
  }

  private static Optional<Path> reportFile(ParseResult arguments) {
    Optional<Path> file =
        Optional.ofNullable(arguments.matchedOptionValue(JSON, (String) null))
            .map(name -> Path.of(name).toAbsolutePath());
    // Found out now, not after an hour.
    if (file.isPresent()) {
      Path folder = file.get().getParent();
      if (Files.isDirectory(file.get()) || folder == null || !Files.isWritable(folder)) {
        throw wrong(arguments, JSON, file.get().toString(), "cannot be written");
      }
    }
    return file;
  }

  private static Path model(
      ParseResult arguments,
      ServeConfiguration configuration,
      EngineProgram engine,
      PrintWriter err)
      throws IOException, BenchException, InterruptedException, ModelNotFoundException {
    String name = arguments.matchedOptionValue(MODEL, (String) null);
    String shape = arguments.matchedOptionValue(SHAPE, "2b4t");
    if (name == null) {
      if (!EngineProgram.SHAPES.containsKey(shape)) {
        throw wrong(
            arguments,
            SHAPE,
            shape,
            "is none of " + String.join(", ", new TreeSet<>(EngineProgram.SHAPES.keySet())));
      }
      err.println("bitfleet: a model of random weights, " + EngineProgram.SHAPES.get(shape));
      return engine.randomModel(shape);
    }
    if (arguments.hasMatchedOption(SHAPE)) {
      throw wrong(arguments, SHAPE, shape, "cannot be given together with " + MODEL);
    }
    return new ModelHome(
            configuration.model().home(),
            BundledModel.extract(configuration.dataDir())
                .map(file -> Map.of(BundledModel.ID, file))
                .orElse(Map.of()))
        .find(name, Path.of("").toAbsolutePath());
  }

  private static List<Integer> numbers(
      ParseResult arguments, String option, String fallback, int most) {
    String text = arguments.matchedOptionValue(option, fallback);
    var numbers = new TreeSet<Integer>();
    for (String each : text.split(",", -1)) {
      numbers.add(number(arguments, option, each.strip(), most));
    }
    return List.copyOf(numbers);
  }

  private static int number(ParseResult arguments, String option, int fallback, int most) {
    return number(
        arguments, option, arguments.matchedOptionValue(option, Integer.toString(fallback)), most);
  }

  private static int number(ParseResult arguments, String option, String text, int most) {
    try {
      int number = Integer.parseInt(text);
      if (number >= 1 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw wrong(arguments, option, text, "is no whole number from 1 to " + most);
    }
    throw wrong(arguments, option, text, "is no whole number from 1 to " + most);
  }

  private static ParameterException wrong(
      ParseResult arguments, String option, String value, String why) {
    return new ParameterException(
        arguments.commandSpec().commandLine(), option + ": '" + value + "' " + why);
  }

  /** Processor and cores in words, for a reader of the figures. */
  private static String machine() {
    String processor = "";
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      processor =
          lines
              .filter(line -> line.startsWith("model name"))
              .map(line -> line.substring(line.indexOf(':') + 1).strip())
              .findFirst()
              .orElse("");
    } catch (IOException e) {
      processor = "unknown processor";
    }
    return (processor.isEmpty() ? System.getProperty("os.arch", "") : processor)
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " cores";
  }
}
