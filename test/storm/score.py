"""The score of a run's rounds, and its form for JUnit."""

from collections import Counter
from pathlib import Path
from xml.sax.saxutils import quoteattr


class Score:
    def __init__(self):
        self.rounds = self.orders = self.kills = self.unchecked = 0
        self.fired, self.seconds, self.violations = Counter(), [], []

    def add(self, result):
        self.rounds += 1
        self.orders += result["orders"]
        self.kills += result["kills"]
        self.unchecked += result["unchecked"]
        self.fired.update(result["fired"])
        self.seconds.append(result.get("seconds", 0))
        if result["violation"]:
            self.violations.append(result["violation"])
            print(result["violation"], flush=True)

    def count(self, word):
        return sum(f" {word}" in text.splitlines()[0] for text in self.violations)

    def line(self):
        lost, doubled = self.count("lost:"), self.count("doubled:")
        return (f"storm: rounds={self.rounds} orders={self.orders} kills={self.kills} lost={lost} doubled={doubled} "
                f"wrong={len(self.violations) - lost - doubled}")


def write_junit(path, options, score):
    name = f"{options.erp}{''.join(f' {one}' for one in options.mutant)}"
    failure = f"<failure message={quoteattr(score.violations[0][:2000])}/>" if score.violations else ""
    Path(path).write_text(f'<testsuite name="storm"><testcase classname="storm" name={quoteattr(name)}>{failure}'
                          f"<system-out>{score.line()}</system-out></testcase></testsuite>\n")
