package dev.bitfleet.gateway.contract;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.BigIntegerNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.NumericNode;

/**
 * Reads a body as JSON and trusts nothing: invalid UTF-8, depth, overlong numbers and names, a
 * field given twice, and characters that no prompt can hold (lone surrogates, NUL) are refused with
 * the place. Stateless; may be used from any thread.
 */
public final class JsonText {
  /** Depth of nesting. The contract itself needs six. */
  public static final int MAX_DEPTH = 64;

  /** Digits of a number: more than any 64-bit integer or double needs. */
  private static final int MAX_NUMBER_LENGTH = 64;

  private static final int MAX_NAME_LENGTH = 1024;

  /**
   * Tokens of JSON. A tree node costs about a hundred bytes where its text may cost two, so that
   * the body limit alone would not bound memory.
   */
  private static final int MAX_TOKENS = 1_000_000;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          .maxNameLength(MAX_NAME_LENGTH)
                          .maxTokenCount(MAX_TOKENS)
                          // The body's own limit holds.
                          .maxStringLength(Integer.MAX_VALUE)
                          .build())
                  .build())
          .nodeFactory(new ExactWholeNumbers())
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonText() {}

  /**
   * Makes 1e19 what 10000000000000000000 is. To JSON Schema both are the same integer, but its
   * validator asks any number that is held as a double for its long, and fails where there is none.
   */
  private static final class ExactWholeNumbers extends JsonNodeFactory {
    private static final long serialVersionUID = 1;

    /** 2^63: every finite double from there on is whole. */
    private static final double BEYOND_LONG = 0x1p63;

    @Override
    public NumericNode numberNode(double value) {
      return Double.isFinite(value) && Math.abs(value) >= BEYOND_LONG
          ? BigIntegerNode.valueOf(new BigDecimal(value).toBigIntegerExact())
          : super.numberNode(value);
    }
  }

  /**
   * The body as a tree.
   *
   * @throws ApiException 400 {@code empty_body} or {@code invalid_json}, or the field with a
   *     character that it must not have
   */
  public static JsonNode read(byte[] body) {
    if (body.length == 0) {
      throw bad("empty_body", "The body is empty; a JSON object is expected.");
    }
    requireUtf8(body);
    JsonNode tree;
    try {
      tree = MAPPER.readTree(body);
    } catch (StreamConstraintsException e) {
      throw bad("invalid_json", "The body exceeds a limit: " + firstLine(e) + ".");
    } catch (StreamReadException e) {
      throw bad("invalid_json", "The body is not valid JSON: " + firstLine(e) + place(e) + ".");
    } catch (JacksonException e) {
      // Databind's own: a field given twice, or something after the end.
      throw bad(
          "invalid_json", "The body is not acceptable JSON: " + firstLine(e) + place(e) + ".");
    }
    if (tree.isMissingNode()) {
      throw bad("empty_body", "The body is blank; a JSON object is expected.");
    }
    if (!tree.isObject()) {
      throw bad(
          "invalid_json", "The body must be a JSON object, not " + Violations.kindOf(tree) + ".");
    }
    if (mayHoldForbidden(body)) {
      requireText(tree, "");
    }
    return tree;
  }

  private static void requireUtf8(byte[] body) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(body);
    CharBuffer out = CharBuffer.allocate(Math.min(body.length, 8192));
    CoderResult result;
    do {
      out.clear();
      result = decoder.decode(in, out, true);
    } while (result.isOverflow());
    if (result.isError()) {
      throw bad("invalid_json", "The body is not valid UTF-8, at byte " + in.position() + ".");
    }
  }

  /** Valid UTF-8 holds neither of them except as an escape: 0 or d after a backslash and u. */
  private static boolean mayHoldForbidden(byte[] body) {
    for (int i = 0; i + 2 < body.length; i++) {
      if (body[i] == '\\' && body[i + 1] == 'u') {
        byte first = body[i + 2];
        if (first == '0' || first == 'd' || first == 'D') {
          return true;
        }
      }
    }
    return false;
  }

  private static void requireText(JsonNode node, String path) {
    if (node.isString()) {
      requireText(node.stringValue(), path);
    } else if (node.isObject()) {
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        String below = path.isEmpty() ? field.getKey() : path + '.' + field.getKey();
        requireText(field.getKey(), path);
        requireText(field.getValue(), below);
      }
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        requireText(node.get(i), path + '[' + i + ']');
      }
    }
  }

  private static void requireText(String text, String path) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      String trouble = null;
      if (c == 0) {
        trouble = "a NUL character";
      } else if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(c)) {
        trouble = "a lone surrogate";
      }
      if (trouble != null) {
        throw new ApiException(
            ApiError.invalid(
                400,
                "invalid_parameter",
                path.isEmpty() ? Optional.empty() : Optional.of(Violations.bounded(path)),
                "Invalid text"
                    + (path.isEmpty() ? "" : " in '" + Violations.bounded(path) + "'")
                    + ": it holds "
                    + trouble
                    + " at character "
                    + i
                    + "."));
      }
    }
  }

  private static String firstLine(JacksonException e) {
    String message = e.getOriginalMessage();
    int end = message == null ? -1 : message.indexOf('\n');
    String line = message == null ? "unreadable" : end < 0 ? message : message.substring(0, end);
    return Violations.bounded(line);
  }

  private static String place(JacksonException e) {
    TokenStreamLocation at = e.getLocation();
    return at == null || at.getLineNr() < 1
        ? ""
        : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
  }

  private static ApiException bad(String code, String message) {
    return new ApiException(ApiError.invalid(400, code, Optional.empty(), message));
  }
}
