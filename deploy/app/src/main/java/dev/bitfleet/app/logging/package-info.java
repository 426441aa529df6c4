/** How the log looks. Never a prompt, a completion or a key is in it: nobody logs them. */
@NullMarked
package dev.bitfleet.app.logging;

import org.jspecify.annotations.NullMarked;
