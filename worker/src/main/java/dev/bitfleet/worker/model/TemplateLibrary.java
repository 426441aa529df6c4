package dev.bitfleet.worker.model;

import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The functions and filters a chat template has: Jinja's own where Jinjava's are right, Python's
 * meaning put back where they are not, and none that parses, renders, dates or draws at random.
 */
final class TemplateLibrary {
  static final Set<String> DISABLED_FILTERS =
      Set.of(
          "random",
          "shuffle",
          "render",
          "log",
          "pprint",
          "regex_replace",
          "fromjson",
          "fromyaml",
          "toyaml",
          "ipaddr",
          "ipv4",
          "ipv6",
          "urlize",
          "datetimeformat",
          "format_date",
          "format_datetime",
          "format_time",
          "strtodate",
          "strtotime",
          "unixtimestamp",
          "minus_time",
          "plus_time",
          "between_times",
          "truncatehtml",
          "striptags",
          "closehtml",
          "format",
          "center",
          "wordwrap",
          "escapejinjava",
          "multiply",
          "root");
  static final Set<String> DISABLED_FUNCTIONS =
      Set.of(
          "datetimeformat",
          "format_date",
          "format_datetime",
          "format_time",
          "strtodate",
          "strtotime",
          "today",
          "unixtimestamp",
          "type",
          "super");

  private static final int MAX_INDENT = 16;

  private TemplateLibrary() {}

  static void installIn(Context context) {
    context.registerFunction(
        new ELFunctionDefinition(
            "", "raise_exception", TemplateLibrary.class, "raiseException", String.class));
    context.registerFunction(
        new ELFunctionDefinition(
            "", "strftime_now", TemplateLibrary.class, "strftimeNow", String.class));
    context.registerFilter(
        new TextFilter("trim", (text, args) -> PythonStrings.strip(text, true, true)));
    context.registerFilter(
        new TextFilter("capitalize", (text, args) -> PythonStrings.capitalize(text)));
    context.registerFilter(new ToJson());
    context.registerFilter(new Items());
  }

  /** Reached by Jinjava through its name. */
  public static String raiseException(String message) {
    RenderScope.current().raise(message);
    return "";
  }

  /** Reached by Jinjava through its name. */
  public static String strftimeNow(String format) {
    ZonedDateTime now = RenderScope.current().now();
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char code = format.charAt(++i);
      switch (code) {
        case 'Y' -> out.append(now.getYear());
        case 'y' -> out.append(two(now.getYear() % 100));
        case 'm' -> out.append(two(now.getMonthValue()));
        case 'd' -> out.append(two(now.getDayOfMonth()));
        case 'H' -> out.append(two(now.getHour()));
        case 'M' -> out.append(two(now.getMinute()));
        case 'S' -> out.append(two(now.getSecond()));
        case 'B' -> out.append(now.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
        case 'b' -> out.append(now.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
        case 'A' -> out.append(now.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
        case 'a' -> out.append(now.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH));
        case '%' -> out.append('%');
        default -> out.append('%').append(code);
      }
    }
    return out.toString();
  }

  private static String two(int number) {
    return number < 10 ? "0" + number : Integer.toString(number);
  }

  private record TextFilter(String getName, BiFunction<String, String[], Object> body)
      implements Filter {
    @Override
    public @Nullable Object filter(
        @Nullable Object value, JinjavaInterpreter interpreter, String... args) {
      return value == null ? "" : body.apply(value.toString(), args);
    }
  }

  /** tojson(indent=n) as transformers has it: nothing is escaped for HTML. */
  private static final class ToJson implements Filter {
    @Override
    public String getName() {
      return "tojson";
    }

    @Override
    public Object filter(
        @Nullable Object value,
        JinjavaInterpreter interpreter,
        Object[] args,
        Map<String, Object> named) {
      Object indent = args.length > 1 ? args[1] : named.get("indent");
      if (indent == null && args.length > 0 && args[0] instanceof Number first) {
        indent = first;
      }
      RenderScope.current().check();
      return indent == null
          ? PythonJson.line(value)
          : PythonJson.write(value, Math.clamp(blanks(indent), 0, MAX_INDENT));
    }

    @Override
    public Object filter(@Nullable Object value, JinjavaInterpreter interpreter, String... args) {
      return PythonJson.line(value);
    }

    private static long blanks(Object indent) {
      return indent instanceof Number number ? number.longValue() : indent.toString().length();
    }
  }

  /** What Python's dict.items() gives, as a filter. */
  private static final class Items implements Filter {
    @Override
    public String getName() {
      return "items";
    }

    @Override
    public Object filter(@Nullable Object value, JinjavaInterpreter interpreter, String... args) {
      return value instanceof Map<?, ?> map ? TemplateValueResolver.items(map) : List.of();
    }
  }
}
