"""What the steps of a report wrote, read from its folder; a step that was stopped left a part."""

import csv
import json
import re
from pathlib import Path


FEWEST_TRIALS = 32  # of a mean whose standard error can be trusted


def read_csv(path):
    """Rows as dictionaries; none where there is no file."""
    if not Path(path).exists():
        return []
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        return list(csv.DictReader(line for line in file if "\0" not in line))


def text_of(path):
    return Path(path).read_text(encoding="utf-8", errors="replace") if Path(path).exists() else ""


def json_lines(path):
    """The lines of a log that are whole JSON objects."""
    rows = []
    for line in text_of(path).splitlines():
        if line.startswith("{"):
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
    return rows


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def steps(folder):
    path = Path(folder) / "steps.json"
    return json.loads(path.read_text()) if path.exists() else []


def card_name(folder):
    """The first card as `devices` describes it, or nothing."""
    rows = [row for row in read_csv(Path(folder) / "devices.csv") if row["device"].startswith("cuda")]
    return rows[0]["description"].split(",")[0] if rows else ""


def processor(folder):
    rows = [row for row in read_csv(Path(folder) / "devices.csv") if row["device"] == "cpu"]
    return f"{rows[0]['workers']} × {rows[0]['description']}" if rows else ""


def doctor(folder):
    """(how many checks are good, descriptions of those that are not)."""
    rows = read_csv(Path(folder) / "doctor.csv")
    bad = [f"{row['subject']}: {row['health']}" for row in rows if row["health"] != "good"]
    return len(rows) - len(bad), bad


def doctor_problem(folder):
    good, bad = doctor(folder)
    return "; ".join(bad) if bad else "" if good else "no check ran"


def parity(folder, engine=None):
    """Outcomes of the cases that ran, by name, and the names of cases that every engine has and this one did not
    run. The CPU's own cases say which there are: a program that runs nothing has not passed."""
    outcomes, expected = {}, set()
    for path in sorted(Path(folder).glob("parity_*.txt")):
        for result, name in re.findall(r"^\[ +(OK|FAILED) +\] (\S+?),? .*\([0-9]+ ms", text_of(path), re.MULTILINE):
            outcomes[name] = result == "OK"
    for path in Path(folder).glob("parity_*.cases"):
        suite = ""
        for line in text_of(path).splitlines():
            suite = suite if line.startswith(" ") else line.strip()
            if line.startswith(" ") and "/cpu" in line:
                expected.add(without_engine(suite + line.split("#")[0].strip()))
    return outcomes, expected - {without_engine(name) for name in outcomes}


def without_engine(case):
    return re.sub(r"/(cpu|cuda_[0-9]+)[^/]*$", "", case)


def short(case):
    """Batches.ATrialIsTheSame of Engines/Batches.ATrialIsTheSame/cuda_0."""
    return without_engine(case).split("/", 1)[-1]


def parity_problem(folder, engine=""):
    outcomes, missing = parity(folder, engine)
    failed = sorted({short(name) for name, good in outcomes.items() if not good})
    problems = []
    if failed:
        problems.append(f"{len(failed)} of {len(outcomes)} cases failed")
    if missing:
        problems.append(f"{len(missing)} cases did not run")
    if not outcomes:
        problems.append("no case ran")
    return "; ".join(problems)


def ceilings(folder):
    """{(name, n): rate} as PyTorch reached them; without it the best of cuda_bench, and who says so."""
    rates = {(row["ceiling"], row.get("n")): row["rate"]
             for row in json_lines(Path(folder) / "ceilings.log") if "ceiling" in row}
    if ("copy", None) in rates and any(name == "dgemm" for name, _ in rates):
        return rates, "PyTorch"
    rows = operations(folder)
    if not rows:
        return rates, ""
    rates.setdefault(("copy", None), max(row["bytes"] for row in rows))
    rates.setdefault(("dgemm", 8192), max(row["flops"] for row in rows))
    return rates, "the fastest of these operations"


def operations(folder):
    """One row for each operation and shape that cuda_bench timed: name, n, p, seconds, flops and bytes a second."""
    text = text_of(Path(folder) / "operations.json")
    try:
        benchmarks = json.loads(text)["benchmarks"]
    except (ValueError, KeyError):
        end = text.rfind("}")  # a part: whole entries up to the last brace that closes one
        try:
            benchmarks = json.loads(text[:end + 1] + "]}")["benchmarks"] if '"benchmarks"' in text[:end] else []
        except ValueError:
            benchmarks = []
    rows = []
    for each in benchmarks:
        match = re.match(r"operations/(\w+)/n:(\d+)/p:(\d+)", each["name"])
        if match and not each.get("error_occurred") and each.get("trials"):
            rows.append({"operation": match[1], "n": int(match[2]), "p": int(match[3]), "batch": int(each["batch"]),
                         "microseconds": 1e6 / each["trials"], "flops": each["flops"], "bytes": each["bytes"]})
    return rows


def operations_problem(folder):
    return "" if operations(folder) else "nothing was timed"


def share(row, rates):
    """(share of the nearer ceiling, which one it is): flops beside dgemm, bytes beside copying."""
    copy = rates.get(("copy", None))
    dgemm = next((rate for (name, _), rate in rates.items() if name == "dgemm"), None)
    shares = [(row["flops"] / dgemm, "flops") if dgemm else (0.0, ""),
              (row["bytes"] / copy, "bytes") if copy else (0.0, "")]
    return max(shares)


def seconds_of_run(folder, device):
    match = re.search(r"^seconds ([0-9.]+)", text_of(Path(folder) / f"figure1_{device}.log"), re.MULTILINE)
    return float(match[1]) if match else None


def study(folder, name):
    """{device: row} of a study's benchmark."""
    return {row["device"]: row for row in read_csv(Path(folder) / f"study_{name}.csv")}


def prediction(folder, name, card):
    """Milliseconds for 1,000 trials on this card as `plan` has them, the least and the most of its columns."""
    for row in read_csv(Path(folder) / f"plan_{name}.csv"):
        if row["basis"].startswith("predicted") and row["card"] in card:
            values = [1e3 * number(value) for column, value in row.items()
                      if re.match(r"(\w+_)?seconds_per_1000_trials", column) and number(value) is not None]
            return (min(values), max(values), row.get("limit", "")) if values else None
    return None


def peers(folder):
    """{method: its last timing}, and the largest difference of risks from ours in standard errors, None if unknown."""
    rows = json_lines(Path(folder) / "peers.log")
    timings = {row["method"]: row for row in rows if "method" in row}
    ours = {(int(row["n"]), row["arm"]): row for row in read_csv(Path(folder) / "figure1_cuda.csv")
            if row.get("estimand") == "excess_risk" and number(row["noise_std"]) == 0.2}
    worst = {}
    for row in rows:
        if "risks" not in row or row["trials"] < FEWEST_TRIALS:
            continue
        for k, arm in enumerate(("standard", "optimal_surrogate", "mask")):
            mine = ours.get((row["n"], arm))
            if mine:
                error = (row["std_err"][k]**2 + float(mine["std_err"])**2)**0.5
                z = abs(row["mean"][k] - float(mine["estimate"])) / error
                worst[row["risks"]] = max(worst.get(row["risks"], 0.0), z)
    return timings, worst


def peers_problem(folder):
    _, worst = peers(folder)
    return "; ".join(f"{name}: risks differ from ours by {z:.1f} standard errors" for name, z in worst.items() if z > 5.0)


def kernels(folder):
    """Profiled launches: kernel, microseconds, percentages of the peak of arithmetic and of memory, occupancy."""
    wanted = {"Duration": "microseconds", "Compute (SM) Throughput": "compute", "Memory Throughput": "memory",
              "Achieved Occupancy": "occupancy", "Registers Per Thread": "registers"}
    rows = {}
    for row in read_csv_after_talk(Path(folder) / "kernels.csv"):
        name = wanted.get(row.get("Metric Name"))
        value = number((row.get("Metric Value") or "").replace(",", ""))
        if not name or value is None or (name == "memory" and row.get("Metric Unit") != "%"):
            continue
        if name == "microseconds":
            value *= {"ns": 1e-3, "nsecond": 1e-3, "ms": 1e3, "msecond": 1e3}.get(row["Metric Unit"], 1.0)
        kernel = rows.setdefault(row["ID"], {"kernel": row["Kernel Name"].split("(")[0], "grid": row.get("Grid Size", "")})
        kernel[name] = value
    return list(rows.values())


def read_csv_after_talk(path):
    lines = text_of(path).splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), None)
    return list(csv.DictReader(lines[start:])) if start is not None else []


def sanitizer(folder, tool):
    found = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (.*)", text_of(Path(folder) / f"{tool}.log"))
    return found[-1] if found else ""
