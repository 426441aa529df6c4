package dev.bitfleet.gateway.grammar;

import static dev.bitfleet.gateway.grammar.SchemaRefused.Reason.UNSUPPORTED;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes {@code not} and {@code if} as choices between schemas without them: a grammar can only say
 * what may come. "Not all of these" is "one of them fails", and most keywords' failing is another
 * keyword's holding. Where it is not, the schema is refused.
 */
final class Negation {
  private final SchemaReader reader;
  private final Map<Integer, Schema> known = new HashMap<>();

  Negation(SchemaReader reader) {
    this.reader = reader;
  }

  /** Makes choices of what the schema denies. The schemas that it denies are read already. */
  void rewrite(Schema s) {
    for (Schema denied : s.nots) {
      s.all.add(of(denied));
    }
    s.nots.clear();
    Schema.Condition condition = s.condition;
    if (condition != null) {
      s.condition = null;
      Schema yes = reader.made(s);
      yes.all.add(condition.test());
      if (condition.then() != null) {
        yes.all.add(condition.then());
      }
      Schema no = reader.made(s);
      no.nots.add(condition.test());
      if (condition.otherwise() != null) {
        no.all.add(condition.otherwise());
      }
      s.choices.add(reader.choice(List.of(yes, no), false));
    }
  }

  /** What holds exactly where the schema does not. */
  Schema of(Schema s) {
    Schema old = known.get(s.number);
    if (old != null) {
      return old;
    }
    Schema made = denial(s);
    known.put(s.number, made);
    rewrite(s);
    List<Schema> failures = failures(s);
    if (failures.isEmpty()) {
      made.never = true;
    } else {
      made.choices.add(reader.choice(failures, false));
    }
    return made;
  }

  private List<Schema> failures(Schema s) {
    List<Schema> out = new ArrayList<>();
    if (s.never) {
      out.add(denial(s));
      return out;
    }
    if (s.types != Schema.ALL_TYPES) {
      int others = Schema.ALL_TYPES & ~s.types;
      if (others != 0) {
        out.add(typed(s, others));
      }
    }
    s.values.forEach(
        values -> {
          Schema other = denial(s);
          other.excludedValues.addAll(values);
          out.add(other);
        });
    if (!s.excludedValues.isEmpty()) {
      Schema same = denial(s);
      same.values.add(List.copyOf(s.excludedValues));
      out.add(same);
    }
    numbers(s, out);
    strings(s, out);
    arrays(s, out);
    objects(s, out);
    for (Schema part : s.all) {
      out.add(denied(part, s));
    }
    for (Schema.Choice choice : s.choices) {
      if (choice.exactlyOne() && choice.options().size() > 1) {
        throw cannot(s, "oneOf");
      }
      Schema none = denial(s);
      choice.options().forEach(option -> none.nots.add(option));
      out.add(none);
    }
    return out;
  }

  /** To be rewritten in its turn: a chain of schemas is no chain of calls. */
  private Schema denied(Schema denied, Schema origin) {
    Schema made = denial(origin);
    made.nots.add(denied);
    return made;
  }

  private Schema denial(Schema origin) {
    Schema made = reader.made(origin);
    made.denies = true;
    return made;
  }

  private Schema typed(Schema s, int types) {
    Schema made = denial(s);
    made.types = types;
    return made;
  }

  private static SchemaRefused cannot(Schema s, String keyword) {
    return s.refuse(
        UNSUPPORTED,
        "'" + keyword + "' is not supported where a schema is denied (not, if, oneOf)");
  }

  private void numbers(Schema s, List<Schema> out) {
    int number = Schema.INTEGER | Schema.FRACTION;
    if (s.minimum != null) {
      Schema below = typed(s, number);
      below.maximum = new Schema.Bound(s.minimum.value(), !s.minimum.exclusive());
      out.add(below);
    }
    if (s.maximum != null) {
      Schema above = typed(s, number);
      above.minimum = new Schema.Bound(s.maximum.value(), !s.maximum.exclusive());
      out.add(above);
    }
    if (s.multipleOf != null) {
      throw cannot(s, "multipleOf");
    }
  }

  private void strings(Schema s, List<Schema> out) {
    if (s.minLength > 0) {
      Schema shorter = typed(s, Schema.STRING);
      shorter.maxLength = s.minLength - 1;
      out.add(shorter);
    }
    if (s.maxLength >= 0) {
      Schema longer = typed(s, Schema.STRING);
      longer.minLength = s.maxLength + 1;
      out.add(longer);
    }
    for (String pattern : s.patterns) {
      Schema other = typed(s, Schema.STRING);
      other.excludedPatterns.add(pattern);
      out.add(other);
    }
    for (String pattern : s.excludedPatterns) {
      Schema other = typed(s, Schema.STRING);
      other.patterns.add(pattern);
      out.add(other);
    }
    if (s.format != null && Formats.isKnown(s.format)) {
      throw cannot(s, "format");
    }
  }

  private void arrays(Schema s, List<Schema> out) {
    if (s.minItems > 0) {
      Schema shorter = typed(s, Schema.ARRAY);
      shorter.maxItems = s.minItems - 1;
      out.add(shorter);
    }
    if (s.maxItems >= 0) {
      Schema longer = typed(s, Schema.ARRAY);
      longer.minItems = s.maxItems + 1;
      out.add(longer);
    }
    if (s.items != null || !s.prefixItems.isEmpty()) {
      throw cannot(s, "items");
    }
    if (s.uniqueItems) {
      throw cannot(s, "uniqueItems");
    }
    if (s.contains != null && s.minContains > 0) {
      if (s.minContains > 1) {
        throw cannot(s, "minContains");
      }
      Schema none = typed(s, Schema.ARRAY);
      none.items = denied(s.contains, s);
      out.add(none);
    }
  }

  private void objects(Schema s, List<Schema> out) {
    for (String name : s.required) {
      Schema without = typed(s, Schema.OBJECT);
      Schema nothing = denial(s);
      nothing.never = true;
      without.properties.put(name, nothing);
      out.add(without);
    }
    s.properties.forEach(
        (name, schema) -> {
          Schema there = typed(s, Schema.OBJECT);
          there.required.add(name);
          there.properties.put(name, denied(schema, s));
          out.add(there);
        });
    if (s.minProperties > 0) {
      Schema fewer = typed(s, Schema.OBJECT);
      fewer.maxProperties = s.minProperties - 1;
      out.add(fewer);
    }
    if (s.maxProperties >= 0) {
      Schema more = typed(s, Schema.OBJECT);
      more.minProperties = s.maxProperties + 1;
      out.add(more);
    }
    if (!s.patternProperties.isEmpty()) {
      throw cannot(s, "patternProperties");
    }
    if (s.additionalProperties != null) {
      throw cannot(s, "additionalProperties");
    }
    if (s.unevaluatedProperties != null) {
      throw cannot(s, "unevaluatedProperties");
    }
    if (s.propertyNames != null) {
      throw cannot(s, "propertyNames");
    }
  }
}
