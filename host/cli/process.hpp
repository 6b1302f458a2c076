#pragma once
// How the process deals with signals, standard streams and the process that started it.

#include <string>

#include "host/cli/exit.hpp"

namespace cucurbit::cli {

/// Opens standard streams that are closed, so that no file of ours takes their place; lets writes
/// to closed pipes and beyond the limit on file sizes fail instead of ending the process; ends it
/// with a message and Exit::store where a mapped file cannot be read, having become shorter, and
/// with out_of_memory where code that must not throw lacks memory; and, where the environment's
/// CUCURBIT_PARENT is the process that started this one, ends with it: its end is a SIGTERM.
void prepare_process();

/// Says on stderr that memory is lacking, and needs none for it.
Exit out_of_memory();

/// Where stdout is a pipe without a reader, ends the process by SIGPIPE, as programs do.
void end_by_broken_pipe();

/// For a program that takes this one's place: signals as they were found.
void restore_signals();

/// Where this program lies; empty where the system does not tell.
std::string own_path();

/// A word as a shell reads it.
std::string single_quoted(std::string text);

/// A word that is shown to be typed: in quotes only where a shell would read it otherwise.
std::string typed(const std::string& word);

/// Whether stderr is a terminal that moves its cursor: not where TERM is "dumb".
bool has_screen();

}  // namespace cucurbit::cli
