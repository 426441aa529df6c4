package dev.bitfleet.worker.model;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.el.JinjavaProcessors;
import com.hubspot.jinjava.el.ext.ExtendedParser;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.OutputTooBigException;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.tree.Node;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A model's chat template, rendered by Jinjava with everything switched off that a template does
 * not need. The template comes from a model file, so it is untrusted too: it sees maps, lists and
 * strings, never a Java object; its output, its loops and its time are bounded.
 *
 * <p>Rendered as Hugging Face's transformers do: trim_blocks and lstrip_blocks on, {@code
 * messages}, {@code tools}, {@code bos_token}, {@code eos_token} and {@code add_generation_prompt}
 * given, {@code raise_exception}, {@code strftime_now}, {@code tojson} and Python's string methods
 * there. The user's strings are data and are never evaluated.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class ChatTemplate {
  /** Of the rendering thread's own computing. */
  static final Duration MAX_RENDER_TIME = Duration.ofSeconds(1);

  /** UTF-16 units that a chat may have when it is laid out. */
  public static final long MAX_OUTPUT_CHARS = 8L * 1024 * 1024;

  private static final int MAX_TEMPLATE_CHARS = 1024 * 1024;
  private static final int MAX_LIST = PythonStrings.MAX_PARTS;
  private static final int MAX_MAP = 1_000;
  private static final int MAX_RANGE = 1_000;
  private static final int MAX_DEPTH = 20;

  private static final Pattern CLASS_NAME =
      Pattern.compile("\\b(?:[a-z][a-z0-9]*\\.)*[A-Z][A-Za-z]*(?:Exception|Error)\\b:? ?");

  private final String source;
  private final Jinjava jinjava;
  private final JinjavaConfig config;
  private final Node root;
  private final Clock clock;

  private ChatTemplate(
      String source, Jinjava jinjava, JinjavaConfig config, Node root, Clock clock) {
    this.source = source;
    this.jinjava = jinjava;
    this.config = config;
    this.root = root;
    this.clock = clock;
  }

  /**
   * The file's own template, or a default by its vocabulary's turn marks.
   *
   * @throws ChatTemplateException when it is not a template
   */
  public static ChatTemplate of(ModelFile file) throws ChatTemplateException {
    String source =
        file.chatTemplate().orElseGet(() -> DefaultTemplates.forVocabulary(file.controlTokens()));
    return parse(source, Clock.systemDefaultZone());
  }

  /**
   * @throws ChatTemplateException when {@code source} is not a template
   */
  static ChatTemplate parse(String source, Clock clock) throws ChatTemplateException {
    if (source.length() > MAX_TEMPLATE_CHARS) {
      throw new ChatTemplateException(
          "the model's chat template is longer than " + MAX_TEMPLATE_CHARS + " characters");
    }
    if (source.contains(ExtendedParser.INTERPRETER)) {
      // The name under which Jinjava's own syntax tree finds the interpreter object.
      throw new ChatTemplateException("the model's chat template names Jinjava's interpreter");
    }
    JinjavaConfig config = config();
    Jinjava jinjava = new Jinjava(config);
    TemplateLibrary.installIn(jinjava.getGlobalContext());
    JinjavaInterpreter interpreter =
        new JinjavaInterpreter(jinjava, new Context(jinjava.getGlobalContext()), config);
    String adapted = TemplateSource.adapt(source);
    Node root;
    JinjavaInterpreter.pushCurrent(interpreter);
    try {
      root = interpreter.parse(adapted);
      // Jinjava only warns of a tag that is not closed, and takes what follows for text.
      throwFirstError(interpreter, false);
    } catch (RuntimeException e) {
      throw new ChatTemplateException(
          "the model's chat template cannot be read: " + e.getMessage());
    } finally {
      JinjavaInterpreter.popCurrent();
    }
    return new ChatTemplate(source, jinjava, config, root, clock);
  }

  /** The template's own text. */
  String source() {
    return source;
  }

  /**
   * The prompt text of a chat, the generation prompt at its end.
   *
   * @throws ChatTemplateException when the template raises an exception, fails, or is over a bound
   */
  String render(ChatValues chat, ControlTokens controls) throws ChatTemplateException {
    Map<String, Object> variables = new HashMap<>();
    // Copies that a template may append to.
    variables.put("messages", new ArrayList<>(chat.messages()));
    if (!chat.tools().isEmpty()) {
      variables.put("tools", new ArrayList<>(chat.tools()));
    }
    variables.put("bos_token", controls.beginText());
    variables.put("eos_token", controls.endText());
    variables.put("add_generation_prompt", true);
    // Templates ask whether these are defined, and Jinjava looks for variables only.
    variables.put("strftime_now", true);
    variables.put("raise_exception", true);
    Context context = new Context(jinjava.getGlobalContext(), variables);
    JinjavaInterpreter interpreter = new JinjavaInterpreter(jinjava, context, config);
    JinjavaInterpreter.pushCurrent(interpreter);
    RenderScope scope = RenderScope.enter(clock, MAX_RENDER_TIME);
    try {
      String rendered = interpreter.render(root);
      scope.throwIfRaised();
      throwFirstError(interpreter, true);
      return rendered;
    } catch (RenderScope.Abort e) {
      scope.throwIfRaised();
      throw new ChatTemplateException("the model's chat template " + e.getMessage());
    } catch (RuntimeException e) {
      scope.throwIfRaised();
      for (Throwable at = e; at != null; at = at.getCause()) {
        if (at instanceof OutputTooBigException) {
          throw new PromptTooLongException();
        }
      }
      throw new ChatTemplateException("the model's chat template failed: " + plain(e.getMessage()));
    } catch (StackOverflowError e) {
      throw new ChatTemplateException("the model's chat template is nested too deeply");
    } finally {
      RenderScope.leave();
      JinjavaInterpreter.popCurrent();
    }
  }

  private static void throwFirstError(JinjavaInterpreter interpreter, boolean fatalOnly)
      throws ChatTemplateException {
    for (TemplateError error : interpreter.getErrorsCopy()) {
      if (!fatalOnly || error.getSeverity() == TemplateError.ErrorType.FATAL) {
        if (fatalOnly && error.getReason() == TemplateError.ErrorReason.OUTPUT_TOO_BIG) {
          throw new PromptTooLongException();
        }
        throw new ChatTemplateException(
            "the model's chat template failed"
                + (error.getLineno() > 0 ? " at line " + error.getLineno() : "")
                + ": "
                + plain(error.getMessage()));
      }
    }
  }

  /** Jinjava puts the names of its classes into what it says; no caller has a use for them. */
  private static String plain(@Nullable String message) {
    return CLASS_NAME.matcher(String.valueOf(message)).replaceAll("");
  }

  private static JinjavaConfig config() {
    return JinjavaConfig.newBuilder()
        .withNestedInterpretationEnabled(false)
        .withTrimBlocks(true)
        .withLstripBlocks(true)
        .withMaxOutputSize(MAX_OUTPUT_CHARS)
        .withMaxStringLength(MAX_OUTPUT_CHARS)
        .withMaxListSize(MAX_LIST)
        .withMaxMapSize(MAX_MAP)
        .withRangeLimit(MAX_RANGE)
        .withMaxRenderDepth(MAX_DEPTH)
        .withMaxMacroRecursionDepth(MAX_DEPTH)
        .withEnableRecursiveMacroCalls(false)
        .withReadOnlyResolver(true)
        .withElResolver(new TemplateValueResolver())
        .withDisabled(
            Map.of(
                Context.Library.TAG,
                Set.of("include", "import", "from", "extends", "block", "cycle", "ifchanged"),
                Context.Library.FILTER,
                TemplateLibrary.DISABLED_FILTERS,
                Context.Library.FUNCTION,
                TemplateLibrary.DISABLED_FUNCTIONS))
        .withProcessors(
            JinjavaProcessors.newBuilder()
                .withNodePreProcessor((node, interpreter) -> RenderScope.current().check())
                .build())
        .withLegacyOverrides(
            LegacyOverrides.newBuilder()
                .withEvaluateMapKeys(true)
                .withIterateOverMapKeys(true)
                // Its mapper would write a NUL that a user sent as six characters.
                .withUsePyishObjectMapper(false)
                .withUseNaturalOperatorPrecedence(true)
                .withParseWhitespaceControlStrictly(true)
                .withAllowAdjacentTextNodes(true)
                .withUseTrimmingForNotesAndExpressions(true)
                .withKeepNullableLoopValues(true)
                .withHandleBackslashInQuotesOnly(true)
                .build())
        .build();
  }
}
