/** Which model file is meant: a path, a name in the model home, or the demo inside the jar. */
@NullMarked
package dev.bitfleet.app.model;

import org.jspecify.annotations.NullMarked;
