/**
 * Tools, the choice among them, and the form of the answer: read from any dialect's JSON into one
 * {@link dev.bitfleet.gateway.dialect.tools.OutputWish}, and read back from what the model wrote.
 *
 * <p>On the way in, {@code ToolFields}, {@code ToolChoiceFields} and {@code AnswerShapeFields} know
 * the forms in which clients write the same things: nested under {@code function} (chat
 * completions), flat (responses), and the old {@code functions}. A wish becomes an {@link
 * dev.bitfleet.gateway.grammar.OutputSpec}, from which the grammar room makes what the engine holds
 * the output to.
 *
 * <p>On the way out, a {@link dev.bitfleet.gateway.dialect.tools.ChoiceReader} tells the text of an
 * answer from its calls while it streams, and {@link dev.bitfleet.gateway.dialect.tools.ReadAnswer}
 * does so for a whole one; both give the same parts. {@link
 * dev.bitfleet.gateway.dialect.tools.CallIds} names a call by the answer's stamp and its place in
 * it, so that whoever writes it and whoever keeps it name it alike.
 */
@NullMarked
package dev.bitfleet.gateway.dialect.tools;

import org.jspecify.annotations.NullMarked;
