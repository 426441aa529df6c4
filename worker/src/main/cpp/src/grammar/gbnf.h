#pragma once

#include <string_view>

#include "grammar/rules.h"

namespace bitfleet::grammar {

// Reads GBNF: rules `name ::= …` of texts "…", character sets […] and [^…], any character `.`, references, groups (…),
// alternatives |, repetitions * + ? {m} {m,} {m,n}, and comments from # to the end of the line. A rule ends with its line,
// except within parentheses, after ::= and after |. Escapes in texts and sets: \t \r \n \\ \" \[ \] \xHH \uHHHH \UHHHHHHHH;
// all of them name code points. The same language as llama.cpp's, so that a grammar means the same to either engine;
// stricter in that a rule is defined once, a set is not empty, and a code point exists.
//
// Throws GrammarError. Time and memory are linear in the text. Source of the syntax: llama.cpp, grammars/README.md.
Rules parse_gbnf(std::string_view text);

}  // namespace bitfleet::grammar
