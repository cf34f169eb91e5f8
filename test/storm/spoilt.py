"""Classifies log lines: no problem, a broken program, or a failed leak check."""

# Process ends that the storm did not cause, as worded by supervisor/child/rules.c; and sanitizer messages.
BROKEN = ("killed by signal 4 (", "killed by signal 5 (", "killed by signal 6 (", "killed by signal 7 (", "killed by signal 8 (",
          "killed by signal 11 (", "killed by signal 31 (", "Sanitizer", "runtime error", "is damaged")

# At exit, the leak check stops its own process with ptrace. If a kill intervenes or descriptors are short, it fails with
# only this message. Whether the process leaked is then unknown.
UNCHECKED = "LeakSanitizer has encountered a fatal error."
HINTS = (UNCHECKED, "HINT: For debugging, try setting environment variable LSAN_OPTIONS=verbosity=1:log_threads=1",
         "HINT: LeakSanitizer does not work under ptrace (strace, gdb, etc)")

# More failed checks than this are not a coincidence, and could hide leaks.
FEW, SHARE = 3, 0.1


def classify(line):
    """None, "broken", or "unchecked": a failed leak check. The rest of the line is examined too, since lines of two
    processes may be joined."""
    rest = line
    for words in HINTS:
        rest = rest.replace(words, "")
    if any(words in rest for words in BROKEN):
        return "broken"
    return "unchecked" if UNCHECKED in line else None


def look(log):
    """(the first line of a broken program or None, the number of failed leak checks)"""
    kinds = [(classify(line), line) for line in log.splitlines()]
    return (next((line for kind, line in kinds if kind == "broken"), None), sum(kind == "unchecked" for kind, _ in kinds))


def too_many(unchecked, rounds):
    return unchecked > max(FEW, rounds * SHARE)
