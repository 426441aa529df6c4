/** How commands lay text out. */
@NullMarked
package dev.bitfleet.app.text;

import org.jspecify.annotations.NullMarked;
