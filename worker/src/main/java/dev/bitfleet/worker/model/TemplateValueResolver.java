package dev.bitfleet.worker.model;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.util.ForLoop;
import java.beans.FeatureDescriptor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import jinjava.javax.el.MethodNotFoundException;
import org.jspecify.annotations.Nullable;

/**
 * What a template may do with a value: keys of maps, places of lists, the counters of a loop, and
 * the Python methods that chat templates call on strings, maps and lists. Jinjava's own resolver
 * would reach any Java object by reflection; here nothing does.
 */
final class TemplateValueResolver extends ELResolver {

  @Override
  public @Nullable Object getValue(ELContext context, @Nullable Object base, Object property) {
    if (base == null) {
      return null;
    }
    context.setPropertyResolved(true);
    return switch (base) {
      case Map<?, ?> map -> map.get(String.valueOf(property));
      case List<?> list -> element(list, property);
      case String text -> character(text, property);
      case ForLoop loop -> counter(loop, String.valueOf(property));
      case Map.Entry<?, ?> entry -> half(entry, String.valueOf(property));
      default -> null;
    };
  }

  @Override
  public @Nullable Object invoke(
      ELContext context,
      @Nullable Object base,
      Object method,
      Class<?> @Nullable [] types,
      Object @Nullable [] arguments) {
    context.setPropertyResolved(true);
    RenderScope.current().check();
    String name = String.valueOf(method);
    List<Object> args = arguments == null ? List.of() : Arrays.asList(arguments);
    return switch (base) {
      case String text -> PythonStrings.call(text, name, args);
      case Map<?, ?> map -> onMap(map, name, args);
      case List<?> list -> onList(list, name, args);
      case Filter filter when name.equals("filter") -> filtered(filter, args);
      case ExpTest test when name.equals("evaluate") -> tested(test, args);
      case ExpTest test when name.equals("evaluateNegated") -> !tested(test, args);
      case null, default -> throw missing(name);
    };
  }

  /** How Jinjava applies a filter: the value, the interpreter, an array, and named arguments. */
  @SuppressWarnings("unchecked") // Jinjava itself puts them there.
  private static @Nullable Object filtered(Filter filter, List<Object> args) {
    return filter.filter(
        args.get(0),
        (JinjavaInterpreter) args.get(1),
        (Object[]) args.get(2),
        (Map<String, Object>) args.get(3));
  }

  /** And a test: the value, the interpreter, then the test's own arguments. */
  private static boolean tested(ExpTest test, List<Object> args) {
    return test.evaluate(
        args.get(0), (JinjavaInterpreter) args.get(1), args.subList(2, args.size()).toArray());
  }

  static MethodNotFoundException missing(String method) {
    return new MethodNotFoundException("a template may not call " + method + "()");
  }

  private static @Nullable Object element(List<?> list, Object property) {
    int index = index(property, list.size());
    return index >= 0 ? list.get(index) : null;
  }

  private static @Nullable Object character(String text, Object property) {
    int index = index(property, text.length());
    return index >= 0 ? String.valueOf(text.charAt(index)) : null;
  }

  /** The place a subscript names, counted from the end when negative; −1 when there is none. */
  private static int index(Object property, int length) {
    int index;
    try {
      // Jinjava hands subscripts on as strings.
      index = Integer.parseInt(property.toString());
    } catch (NumberFormatException e) {
      return -1;
    }
    int place = index < 0 ? length + index : index;
    return place >= 0 && place < length ? place : -1;
  }

  private static @Nullable Object counter(ForLoop loop, String name) {
    return switch (name) {
      case "index" -> (long) loop.getIndex0() + 1;
      case "index0" -> (long) loop.getIndex0();
      case "first" -> loop.isFirst();
      case "last" -> loop.isLast();
      case "length" -> (long) loop.getLength();
      case "revindex" -> (long) loop.getLength() - loop.getIndex0();
      case "revindex0" -> (long) loop.getLength() - loop.getIndex0() - 1;
      case "depth" -> (long) loop.getDepth();
      case "depth0" -> (long) loop.getDepth0();
      default -> null;
    };
  }

  private static @Nullable Object half(Map.Entry<?, ?> entry, String name) {
    return switch (name) {
      case "key", "0" -> entry.getKey();
      case "value", "1" -> entry.getValue();
      default -> null;
    };
  }

  private static @Nullable Object onMap(Map<?, ?> map, String name, List<Object> args) {
    return switch (name) {
      case "get" -> {
        Object value = args.isEmpty() ? null : map.get(String.valueOf(args.getFirst()));
        yield value == null && args.size() > 1 ? args.get(1) : value;
      }
      case "items" -> items(map);
      case "keys" -> new ArrayList<@Nullable Object>(map.keySet());
      case "values" -> new ArrayList<@Nullable Object>(map.values());
      default -> throw missing(name);
    };
  }

  /** Pairs of key and value. */
  static List<Object> items(Map<?, ?> map) {
    List<Object> items = new ArrayList<>();
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      items.add(new ArrayList<@Nullable Object>(Arrays.asList(entry.getKey(), entry.getValue())));
    }
    return items;
  }

  @SuppressWarnings("unchecked") // A template's lists hold whatever it puts there.
  private static @Nullable Object onList(List<?> list, String name, List<Object> args) {
    return switch (name) {
      case "append" -> {
        ((List<Object>) list).addAll(args.subList(0, Math.min(1, args.size())));
        yield null;
      }
      case "pop" -> list.isEmpty() ? null : list.remove(list.size() - 1);
      case "index" -> (long) list.indexOf(args.getFirst());
      case "count" ->
          list.stream().filter(element -> Objects.equals(element, args.getFirst())).count();
      default -> throw missing(name);
    };
  }

  @Override
  public @Nullable Class<?> getType(ELContext context, Object base, Object property) {
    return Object.class;
  }

  @Override
  public void setValue(ELContext context, Object base, Object property, Object value) {
    throw missing("assignment");
  }

  @Override
  public boolean isReadOnly(ELContext context, Object base, Object property) {
    return true;
  }

  @Override
  public Iterator<FeatureDescriptor> getFeatureDescriptors(ELContext context, Object base) {
    return Collections.emptyIterator();
  }

  @Override
  public Class<?> getCommonPropertyType(ELContext context, Object base) {
    return Object.class;
  }
}
