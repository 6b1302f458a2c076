"""Runs steps one after another. None stops another, each has its own limit, and after each one the report's pages
are written again, so that they are complete at any time."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path


class Step:
    """One shell command of a report.

    name     also the name of its log, NAME.log in the report's folder, which is the command's working folder
    limit    seconds after which it is stopped; less in a short report
    command  for bash
    why_not  why it cannot run on this machine; it is then listed as left out
    check    called with the report's folder: what is wrong with what the step wrote, or nothing
    """

    def __init__(self, name, limit, command, why_not="", check=lambda folder: ""):
        self.name, self.limit, self.command, self.why_not, self.check = name, limit, command, why_not, check


class Runner:
    LEAST = 10       # seconds that a step must have, or it is left out
    FULL = 400.0     # the shortest report in which every step has its whole limit

    def __init__(self, folder, minutes, environment, write, say):
        self.folder, self.environment, self.write, self.say = Path(folder), environment, write, say
        self.length = 60.0 * minutes
        self.start = time.monotonic()
        self.records = []
        self.child = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def passed(self):
        return time.monotonic() - self.start

    def run(self, step):
        """Whether it ran and all was well."""
        whole = step.limit * min(1.0, self.length / self.FULL)
        limit = min(max(whole, self.LEAST), self.length - self.passed() - 2)
        record = {"name": step.name, "at": round(self.passed(), 1), "code": None, "seconds": 0.0, "problem": ""}
        if step.why_not:
            record["problem"] = "left out: " + step.why_not
        elif limit < self.LEAST:
            record["problem"] = "left out: no time"
        else:
            start = time.monotonic()
            record["code"] = self.execute(step, limit)
            record["seconds"] = round(time.monotonic() - start, 1)
            record["problem"] = problem_of(record["code"], limit, self.checked(step))
        self.records.append(record)
        self.say("{name:<16} {seconds:6.1f} s  at {at:5.1f} s  {problem}".format(**record))
        self.finish()
        return record["code"] == 0 and not record["problem"]

    def execute(self, step, limit):
        """Its exit code; None where its time was over."""
        with open(self.folder / f"{step.name}.log", "wb") as log:
            self.child = subprocess.Popen(["bash", "-c", step.command], cwd=self.folder, env=self.environment,
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                          start_new_session=True)
            try:
                return self.child.wait(limit)
            except subprocess.TimeoutExpired:
                self.end_child()
                return None

    def end_child(self):
        """Ends the step's whole process group: politely, so that a profiler writes what it has, then surely."""
        for number, patience in ((signal.SIGTERM, 4), (signal.SIGKILL, 4)):
            try:
                os.killpg(self.child.pid, number)
                self.child.wait(patience)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue

    def checked(self, step):
        try:
            return step.check(self.folder)
        except Exception as error:  # what a stopped step left may be of any form
            return f"its output cannot be read: {type(error).__name__}: {error}"

    def finish(self):
        """Writes what is known so far."""
        (self.folder / "steps.json").write_text(json.dumps(self.records, indent=1))
        self.write(self.folder)

    def stop(self, number, _frame):
        """A signal ends the report: what is known is written."""
        if self.child and self.child.poll() is None:
            self.end_child()
        self.finish()
        raise SystemExit(128 + number)


def problem_of(code, limit, wrong):
    reasons = []
    if code is None:
        reasons.append(f"stopped after {limit:.0f} s")
    elif code != 0:
        reasons.append(f"exit code {code}")
    return "; ".join(reasons + [wrong] if wrong else reasons)
