"""A report on one screen, and as Markdown tables for docs/benchmarks.md, from what the steps wrote so far."""

import re
from pathlib import Path

import results
from steps import STUDIES


def write(folder):
    """summary.txt and table.md."""
    folder = Path(folder)
    (folder / "summary.txt").write_text("\n".join(summary(folder)) + "\n", encoding="utf-8")
    (folder / "table.md").write_text("\n".join(safely(markdown, folder)) + "\n", encoding="utf-8")


def summary(folder):
    lines = []
    for part in (machine, health, ceilings, operations, studies, figure, peers, steps):
        found = safely(part, folder)
        lines += ([""] if found and lines else []) + found
    return lines


def safely(part, folder):
    """What a stopped step left may be of any form: it costs its own part of the page only."""
    try:
        return part(folder)
    except Exception as error:
        return [f"! {part.__name__} cannot be shown: {type(error).__name__}: {error}"]


def machine(folder):
    environment = results.text_of(folder / "environment.log")
    version = re.search(r"^cucurbit \S+.*$", environment, re.MULTILINE)
    driver = re.search(r"Driver Version: ([0-9.]+)", environment)
    toolkit = re.search(r"release ([0-9.]+)", environment)
    torch = re.search(r"^torch \S+", environment, re.MULTILINE)
    facts = ", ".join(filter(None, [f"driver {driver[1]}" if driver else "", f"CUDA {toolkit[1]}" if toolkit else "",
                                    torch[0] if torch else ""]))
    return [f"card  {results.card_name(folder) or 'none'}" + (f" ({facts})" if facts else ""),
            f"cpu   {results.processor(folder) or 'unknown'}",
            f"made  {version[0] if version else 'cucurbit, version unknown'}, {date(folder)}"]


def date(folder):
    started = folder / "started.txt"
    return started.read_text().strip() if started.exists() else ""


def health(folder):
    good, bad = results.doctor(folder)
    lines = [f"doctor     {good} checks good" + (f", {len(bad)} bad: {'; '.join(bad)}" if bad else "")]
    outcomes, missing = results.parity(folder)
    failed = sorted({results.short(name) for name, fine in outcomes.items() if not fine})
    passed = sum(outcomes.values())
    lines.append(f"parity     {passed} passed, {len(outcomes) - passed} failed of {len(outcomes)} cases that ran, "
                 f"{len(missing)} did not run")
    lines += [f"           failed: {name}" for name in failed[:6]]
    lines += [f"           did not run: {name}" for name in sorted(missing)[:3]]
    tools = [f"{tool} {results.sanitizer(folder, tool)}" for tool in ("memcheck", "racecheck")
             if results.sanitizer(folder, tool)]
    return lines + ([f"sanitizer  {'; '.join(tools)}"] if tools else [])


def ceilings(folder):
    rates, source = results.ceilings(folder)
    if not rates:
        return []
    lines = []
    named = {name: rate for (name, _), rate in rates.items()}
    first = [f"copy {named['copy'] / 1e12:.2f} TB/s" if "copy" in named else "",
             f"dgemm {named['dgemm'] / 1e12:.1f} Tflop/s" if "dgemm" in named else "",
             f"eigh 200 {1e3 / named['eigh']:.2f} ms" if "eigh" in named else ""]
    for n in sorted({n for name, n in rates if name in ("gemm", "potrf", "trsm")}):
        parts = [f"{name} {rates[name, n] / 1e12:.2f}" for name in ("gemm", "potrf", "trsm") if (name, n) in rates]
        lines.append(f"           batched, n = {n}: {', '.join(parts)} Tflop/s")
    return [f"ceilings   {', '.join(filter(None, first))} ({source})"] + lines


def operations(folder):
    """Each operation's share of the ceiling that limits it, shape by shape."""
    rows, (rates, _) = results.operations(folder), results.ceilings(folder)
    if not rows:
        return []
    shapes = sorted({(row["n"], row["p"]) for row in rows})
    lines = [f"{'% of ceiling, µs':<29}" + "".join(f"{f'{n}×{p}':>14}" for n, p in shapes)]
    for name in dict.fromkeys(row["operation"] for row in rows):
        cells = {(row["n"], row["p"]): row for row in rows if row["operation"] == name}
        text = f"{name:<29}"
        for shape in shapes:
            row = cells.get(shape)
            text += f"{operation_cell(row, rates):>14}" if row else " " * 14
        lines.append(text)
    return lines


def operation_cell(row, rates):
    part, which = results.share(row, rates)
    return f"{100 * part:.0f}{which[:1]} {significant(row['microseconds'])}"


def significant(value):
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def study_rows(folder):
    """Of each study: what it is, ms for 1,000 trials on both devices, their ratio, the prediction, and the rest."""
    card = results.card_name(folder)
    rows = []
    for study in STUDIES:
        measured = results.study(folder, study["name"])
        if not measured:
            continue
        times = {device: 1e6 / results.number(row["trials_per_second"]) for device, row in measured.items()}
        gpu = measured.get("cuda:0", {})
        rows.append({"what": study["what"], "cpu": times.get("cpu"), "cuda": times.get("cuda:0"),
                     "ratio": results.number(gpu.get("ratio")), "batch": gpu.get("batch", ""),
                     "difference": results.number(gpu.get("largest_difference")),
                     "predicted": results.prediction(folder, study["name"], card) if card else None})
    return rows


def predicted_text(predicted):
    if not predicted:
        return ""
    least, most, _ = predicted
    return significant(least) if least == most else f"{significant(least)}–{significant(most)}"


def studies(folder):
    rows = study_rows(folder)
    if not rows:
        return []
    lines = [f"{'1,000 trials, ms (steady state)':<36}{'cpu':>10}{'card':>10}{'×':>7}{'predicted':>12}{'off ×':>7}"
             f"{'batch':>8}{'differ':>9}"]
    for row in rows:
        off = row["cuda"] / row["predicted"][1] if row["cuda"] and row["predicted"] else None
        lines.append(f"{row['what']:<36}{cell(row['cpu']):>10}{cell(row['cuda']):>10}{cell(row['ratio']):>7}"
                     f"{predicted_text(row['predicted']):>12}{cell(off, 2):>7}{row['batch']:>8}"
                     f"{cell(row['difference'], 2):>9}")
    return lines


def cell(value, digits=3):
    if value is None:
        return ""
    return significant(value) if digits == 3 else f"{value:.{digits}g}"


def figure(folder):
    seconds = {device: results.seconds_of_run(folder, device) for device in ("cpu", "cuda")}
    parts = [f"{device} {value:.2f} s" for device, value in seconds.items() if value is not None]
    return [f"Figure 1 as shipped, the whole run: {', '.join(parts)}"] if parts else []


def peer_rows(folder):
    """(method, µs a curve, times ours, largest difference of risks in standard errors, trials)."""
    timings, worst = results.peers(folder)
    ours = results.number(results.study(folder, "curve").get("cuda:0", {}).get("trials_per_second"))
    return [(method, 1e6 * row["seconds_per_trial"], row["seconds_per_trial"] * ours if ours else None,
             worst.get(method), row["trials"]) for method, row in timings.items()]


NAMES = {"nested": "expert, one factor a curve", "cholesky": "Cholesky at each n", "lstsq": "lstsq at each n"}


def peers(folder):
    lines = []
    for method, microseconds, times, worst, trials in peer_rows(folder):
        equal = "risks not compared" if worst is None else f"risks within {worst:.1f} standard errors of ours"
        ratio = "" if times is None else f"{cell(times)} × ours, "
        lines.append(f"{NAMES[method]:<28}{significant(microseconds):>9} µs a curve, {ratio}{equal} (batch {trials})")
    return ["PyTorch, the sampled curve with the same arms"] + lines if lines else []


def steps(folder):
    records = results.steps(folder)
    wrong = [f"{record['name']}: {record['problem']}" for record in records if record["problem"]]
    total = records[-1]["at"] + records[-1]["seconds"] if records else 0.0
    times = " ".join(f"{record['name']} {record['seconds']:.0f}" for record in records if record["seconds"] >= 0.5)
    return [f"{len(records)} steps in {total:.0f} s: {times}"] + [f"! {line}" for line in wrong]


def markdown(folder):
    """Tables to paste, without what belongs to the machine's owner."""
    lines = [f"{results.card_name(folder)} beside {results.processor(folder)}; {machine(folder)[2][6:]}.", "",
             "| 1,000 trials in the steady state | CPU, ms | card, ms | ratio | predicted, ms | batch | largest difference |",
             "|---|---|---|---|---|---|---|"]
    for row in study_rows(folder):
        lines.append(f"| {row['what']} | {cell(row['cpu'])} | {cell(row['cuda'])} | {cell(row['ratio'])} | "
                     f"{predicted_text(row['predicted'])} | {row['batch']} | {cell(row['difference'], 2)} |")
    peers_found = peer_rows(folder)
    if peers_found:
        lines += ["", "| the sampled curve by PyTorch | µs a curve | times ours | risks differ by, standard errors |",
                  "|---|---|---|---|"]
        lines += [f"| {NAMES[method]} | {significant(microseconds)} | {cell(times)} | {cell(worst, 2)} |"
                  for method, microseconds, times, worst, _ in peers_found]
    rows, (rates, source) = results.operations(folder), results.ceilings(folder)
    if rows:
        lines += ["", ceiling_sentence(rates, source), "",
                  "| operation | n | p | µs a trial | Tflop/s | TB/s | share of the nearer ceiling |",
                  "|---|---|---|---|---|---|---|"]
    for row in rows:
        part, which = results.share(row, rates)
        lines.append(f"| {row['operation']} | {row['n']} | {row['p']} | {significant(row['microseconds'])} | "
                     f"{row['flops'] / 1e12:.2f} | {row['bytes'] / 1e12:.2f} | {100 * part:.0f} % ({which}) |")
    return lines


def ceiling_sentence(rates, source):
    named = {name: rate for (name, _), rate in rates.items()}
    return (f"Ceilings, by {source}: copying {named['copy'] / 1e12:.2f} TB/s, dgemm of order 8,192 "
            f"{named['dgemm'] / 1e12:.1f} Tflop/s.") if {"copy", "dgemm"} <= set(named) else ""
