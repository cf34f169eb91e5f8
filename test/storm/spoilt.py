"""What a line of the log says about the program: nothing, that it is broken, or that a leak check could not be made."""

# Ends of a process that are no kill of the storm's, as supervisor/child/rules.c words them; and a sanitizer's words.
BROKEN = ("killed by signal 4 (", "killed by signal 5 (", "killed by signal 6 (", "killed by signal 7 (", "killed by signal 8 (",
          "killed by signal 11 (", "killed by signal 31 (", "Sanitizer", "runtime error", "is damaged")

# The check for leaks stops its own process by ptrace at the end. It fails, and says no more than this, where a kill comes
# between or descriptors are short. The process may have leaked or not: nobody has looked.
UNCHECKED = "LeakSanitizer has encountered a fatal error."
HINTS = (UNCHECKED, "HINT: For debugging, try setting environment variable LSAN_OPTIONS=verbosity=1:log_threads=1",
         "HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)")

# So many checks that fail are no chance: then leaks go unseen.
FEW, SHARE = 3, 0.1


def classify(line):
    """None, "broken", or "unchecked": a leak check that could not be made. What else a line says counts, too: lines of
    two processes may have run together."""
    rest = line
    for words in HINTS:
        rest = rest.replace(words, "")
    if any(words in rest for words in BROKEN):
        return "broken"
    return "unchecked" if UNCHECKED in line else None


def look(log):
    """(the first line that says that the program is broken, or None; how many leak checks could not be made)"""
    kinds = [(classify(line), line) for line in log.splitlines()]
    return (next((line for kind, line in kinds if kind == "broken"), None), sum(kind == "unchecked" for kind, _ in kinds))


def too_many(unchecked, rounds):
    return unchecked > max(FEW, rounds * SHARE)
