/**
 * What an answer may look like, as a grammar. Pure: values in, values out.
 *
 * <p>A request says what it wants ({@link dev.bitfleet.gateway.grammar.OutputSpec}: free text, any
 * JSON object, JSON of a schema, calls of tools), and {@link
 * dev.bitfleet.gateway.grammar.OutputGrammar} turns that into one text in llama.cpp's GBNF, which
 * the engine holds every token against. Whatever the grammar lets through is valid; a schema for
 * which that cannot be promised is refused with the place in it ({@link
 * dev.bitfleet.gateway.grammar.SchemaRefused}).
 *
 * <p>The way of a schema:
 *
 * <ol>
 *   <li>{@link dev.bitfleet.gateway.grammar.SchemaReader} checks every keyword's shape and makes a
 *       graph of {@link dev.bitfleet.gateway.grammar.Schema}s: references resolved; {@code not},
 *       {@code if} and the dependent keywords rewritten into choices ({@link
 *       dev.bitfleet.gateway.grammar.Negation}).
 *   <li>{@link dev.bitfleet.gateway.grammar.Translator} walks sets of schemas that must hold
 *       together ({@link dev.bitfleet.gateway.grammar.Conjunction}); each set becomes one rule, so
 *       that recursion and sharing cost nothing.
 *   <li>Strings and numbers are finite automata ({@link dev.bitfleet.gateway.grammar.Automaton}):
 *       patterns, formats, lengths, forbidden names, digit by digit bounds and remainders.
 *   <li>{@link dev.bitfleet.gateway.grammar.Rules} drops what can never be completed and writes the
 *       rest.
 * </ol>
 *
 * <p>Work is bounded by counting, not by a clock ({@link dev.bitfleet.gateway.grammar.Budget}): the
 * same schema is refused or accepted on every machine.
 *
 * <p>On the way back {@link dev.bitfleet.gateway.grammar.ToolCallReader} takes the text apart into
 * content and calls while it streams.
 */
@NullMarked
package dev.bitfleet.gateway.grammar;

import org.jspecify.annotations.NullMarked;
