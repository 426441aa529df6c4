package dev.bitfleet.gateway.grammar;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The decimal numbers between two bounds that are multiples of a step, as an automaton over their
 * digits: no exponent, no leading zeros, no minus before zero.
 *
 * <p>Numbers have at most 15 digits unless a bound has more: distinct decimals of 15 digits are
 * distinct doubles in the same order, so that a reader who works with doubles sees every bound
 * kept.
 *
 * @param step null: any fraction
 */
record NumberRange(
    Schema.@Nullable Bound minimum, Schema.@Nullable Bound maximum, @Nullable BigDecimal step) {
  static final int SAFE_DIGITS = 15;

  /** Bounds with more digits than this before or behind the point are moved inwards. */
  private static final int MAX_DIGITS = 40;

  private static final int MAX_STEP = 10_000;

  private static final Alphabet SIGNS =
      Alphabet.of(signs(), new Budget("")); // '-', '.', each digit, and the rest

  private static List<CodePoints> signs() {
    List<CodePoints> signs = new ArrayList<>();
    "-.0123456789".chars().forEach(c -> signs.add(CodePoints.of(c, c)));
    return signs;
  }

  /** What of a bound's magnitude the digits are held against: {@code digits.fraction}. */
  private record Magnitude(String digits, String fraction, boolean exclusive) {
    static Magnitude of(BigDecimal value, boolean exclusive) {
      String text = value.abs().stripTrailingZeros().toPlainString();
      int point = text.indexOf('.');
      return point < 0
          ? new Magnitude(text, "", exclusive)
          : new Magnitude(text.substring(0, point), text.substring(point + 1), exclusive);
    }
  }

  /** The magnitudes that one sign allows; null bounds: none. */
  private record Side(@Nullable Magnitude low, @Nullable Magnitude high) {}

  private enum Phase {
    START,
    MINUS,
    WHOLE,
    ZERO,
    POINT,
    FRACTION
  }

  /**
   * What has been read.
   *
   * @param low how the digits so far compare to the lower magnitude's: -1, 0, 1
   * @param remainder of the digits so far, as one whole number, by the step's
   */
  private record State(
      Phase phase, boolean negative, int whole, int fraction, int low, int high, int remainder) {}

  /** Where a number with a fraction is, by its last sign. */
  private enum Fraction {
    BEFORE,
    ZERO,
    MORE
  }

  /**
   * The numbers that are not whole, among texts that are numbers: a digit other than zero stands
   * last behind the point. {@code 1.0} is an integer to JSON Schema, and {@code 1.50} is written
   * shorter.
   */
  static Automaton fractions(Budget budget) {
    int point = SIGNS.classOf('.');
    int zero = SIGNS.classOf('0');
    return Automaton.build(
        SIGNS,
        Fraction.BEFORE,
        (at, sign) ->
            at == Fraction.BEFORE
                ? sign == point ? Fraction.ZERO : Fraction.BEFORE
                : sign == zero || sign == point ? Fraction.ZERO : Fraction.MORE,
        at -> at == Fraction.MORE,
        budget);
  }

  /**
   * @throws SchemaRefused UNSUPPORTED for a step too fine, TOO_LARGE
   */
  Automaton automaton(Budget budget, Schema at) {
    BigInteger divisor = BigInteger.ONE;
    int scale = -1;
    if (step != null) {
      BigDecimal plain = step.stripTrailingZeros();
      scale = Math.max(0, plain.scale());
      if (scale > SAFE_DIGITS - 1 || plain.precision() - plain.scale() > SAFE_DIGITS) {
        throw at.refuse(SchemaRefused.Reason.UNSUPPORTED, "'multipleOf' has too many digits");
      }
      divisor = plain.movePointRight(scale).toBigIntegerExact();
      if (divisor.compareTo(BigInteger.valueOf(MAX_STEP)) > 0) {
        throw at.refuse(
            SchemaRefused.Reason.UNSUPPORTED,
            "'multipleOf' is supported up to "
                + MAX_STEP
                + " units of its last digit, and this is "
                + divisor);
      }
    }
    return new Machine(divisor.intValueExact(), scale, this).build(budget);
  }

  /** Moves a bound inwards until its digits fit; null where the bound is none in effect. */
  private static Schema.@Nullable Bound fitting(Schema.@Nullable Bound bound, boolean lower) {
    if (bound == null) {
      return null;
    }
    BigDecimal value = bound.value();
    BigDecimal most = BigDecimal.ONE.movePointRight(MAX_DIGITS);
    if (value.abs().compareTo(most) > 0) {
      // Outwards of everything we write: no bound. Inwards: nothing fits, which the most says.
      boolean harmless = lower == value.signum() < 0;
      return harmless ? null : new Schema.Bound(value.signum() < 0 ? most.negate() : most, true);
    }
    if (value.scale() > MAX_DIGITS) {
      BigDecimal moved =
          value.setScale(
              MAX_DIGITS, lower ? java.math.RoundingMode.CEILING : java.math.RoundingMode.FLOOR);
      return new Schema.Bound(moved, moved.compareTo(value) == 0 && bound.exclusive());
    }
    return bound;
  }

  private static final class Machine {
    private final int divisor;

    /** Digits behind the point that a multiple may have; -1: any number. */
    private final int scale;

    private final @Nullable Side positive;
    private final @Nullable Side negative;
    private final int maxWhole;

    /** Digits in all, for a number with a fraction. */
    private final int maxDigits;

    /** Whether the number of digits is left open, to save states. */
    private final boolean open;

    Machine(int divisor, int scale, NumberRange range) {
      this.divisor = divisor;
      this.scale = scale;
      Schema.Bound min = fitting(range.minimum(), true);
      Schema.Bound max = fitting(range.maximum(), false);
      boolean minIsPositive = min != null && min.value().signum() >= 0;
      boolean maxIsNegative =
          max != null && (max.value().signum() < 0 || max.value().signum() == 0 && max.exclusive());
      positive =
          maxIsNegative ? null : new Side(minIsPositive ? magnitude(min) : null, magnitude(max));
      negative =
          minIsPositive
              ? null
              : new Side(
                  max != null && max.value().signum() < 0
                      ? magnitude(max)
                      : new Magnitude("0", "", true),
                  magnitude(min));
      int digits = SAFE_DIGITS;
      int places = SAFE_DIGITS;
      for (Schema.Bound bound : new Schema.Bound[] {min, max}) {
        if (bound != null) {
          Magnitude size = Magnitude.of(bound.value(), false);
          digits = Math.max(digits, size.digits().length() + (range.isOneSided() ? 1 : 0));
          places = Math.max(places, size.digits().length() + size.fraction().length());
        }
      }
      maxWhole = digits;
      maxDigits = places;
      open = min == null && max == null && divisor > 32;
    }

    private static @Nullable Magnitude magnitude(Schema.@Nullable Bound bound) {
      return bound == null ? null : Magnitude.of(bound.value(), bound.exclusive());
    }

    Automaton build(Budget budget) {
      State start = new State(Phase.START, false, 0, 0, 0, 0, 0);
      char[] signs = new char[SIGNS.size()];
      for (char c : "-.0123456789".toCharArray()) {
        signs[SIGNS.classOf(c)] = c;
      }
      return Automaton.build(
          SIGNS, start, (state, cls) -> step(state, signs[cls]), this::accepts, budget);
    }

    private @Nullable Side side(boolean isNegative) {
      return isNegative ? negative : positive;
    }

    private @Nullable State step(State s, char c) {
      if (c == '-') {
        return s.phase() == Phase.START && negative != null
            ? new State(Phase.MINUS, true, 0, 0, 0, 0, 0)
            : null;
      }
      if (c == '.') {
        boolean whole = s.phase() == Phase.WHOLE || s.phase() == Phase.ZERO;
        return whole && scale != 0 && s.whole() < maxDigits ? point(s) : null;
      }
      if (c < '0' || c > '9') {
        return null;
      }
      return switch (s.phase()) {
        case START, MINUS -> whole(s, c, c == '0' ? Phase.ZERO : Phase.WHOLE);
        case WHOLE -> whole(s, c, Phase.WHOLE);
        case ZERO -> null;
        case POINT, FRACTION -> fraction(s, c);
      };
    }

    private @Nullable State whole(State s, char c, Phase phase) {
      Side side = side(s.negative());
      if (side == null || !open && s.whole() >= maxWhole) {
        return null;
      }
      int at = s.whole();
      int low = compared(s.low(), side.low(), at, c);
      int high = compared(s.high(), side.high(), at, c);
      if (side.high() != null && at >= side.high().digits().length()) {
        return null;
      }
      return new State(
          phase, s.negative(), open ? 1 : at + 1, 0, low, high, remainder(s.remainder(), c));
    }

    private int remainder(int before, char c) {
      return (before * 10 + (c - '0')) % divisor;
    }

    private static int compared(int before, @Nullable Magnitude with, int at, char c) {
      if (with == null || before != 0) {
        return before;
      }
      if (at >= with.digits().length()) {
        return 1;
      }
      return Integer.signum(c - with.digits().charAt(at));
    }

    /** The whole part is over: now its length counts. */
    private static int settled(State s, int compared, @Nullable Magnitude with) {
      if (with == null) {
        return 0;
      }
      return s.whole() == with.digits().length()
          ? compared
          : Integer.signum(s.whole() - with.digits().length());
    }

    private @Nullable State point(State s) {
      Side side = side(s.negative());
      if (side == null) {
        return null;
      }
      int low = settled(s, s.low(), side.low());
      int high = settled(s, s.high(), side.high());
      if (high > 0 && side.high() != null) {
        return null;
      }
      return new State(Phase.POINT, s.negative(), s.whole(), 0, low, high, s.remainder());
    }

    private @Nullable State fraction(State s, char c) {
      Side side = side(s.negative());
      int at = s.fraction();
      if (side == null || s.whole() + at >= maxDigits || scale >= 0 && at >= scale) {
        return null;
      }
      int low = comparedFraction(s.low(), side.low(), at, c);
      int high = comparedFraction(s.high(), side.high(), at, c);
      if (high > 0 && side.high() != null) {
        return null;
      }
      return new State(
          Phase.FRACTION, s.negative(), s.whole(), at + 1, low, high, remainder(s.remainder(), c));
    }

    private static int comparedFraction(int before, @Nullable Magnitude with, int at, char c) {
      if (with == null || before != 0) {
        return before;
      }
      char digit = at < with.fraction().length() ? with.fraction().charAt(at) : '0';
      return Integer.signum(c - digit);
    }

    private boolean accepts(State s) {
      Side side = side(s.negative());
      if (side == null
          || s.phase() == Phase.START
          || s.phase() == Phase.MINUS
          || s.phase() == Phase.POINT) {
        return false;
      }
      boolean whole = s.phase() != Phase.FRACTION;
      int low = ended(s, whole ? settled(s, s.low(), side.low()) : s.low(), side.low());
      int high = ended(s, whole ? settled(s, s.high(), side.high()) : s.high(), side.high());
      boolean above = side.low() == null || low > 0 || low == 0 && !side.low().exclusive();
      boolean below = side.high() == null || high < 0 || high == 0 && !side.high().exclusive();
      return above && below && isMultiple(s);
    }

    /** Digits that the bound has and the number has not make the number smaller. */
    private static int ended(State s, int compared, @Nullable Magnitude with) {
      return with != null && compared == 0 && s.fraction() < with.fraction().length()
          ? -1
          : compared;
    }

    private boolean isMultiple(State s) {
      int remainder = s.remainder();
      for (int i = s.fraction(); i < scale; i++) {
        remainder = remainder * 10 % divisor;
      }
      return remainder == 0;
    }
  }

  private boolean isOneSided() {
    return minimum == null || maximum == null;
  }
}
