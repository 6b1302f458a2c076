"""A report as one HTML page: the summary, its tables, profiled kernels, and every step's log."""

import html
from pathlib import Path

import results

STYLE = """
:root { color-scheme: light dark; --line: light-dark(#ddd, #444); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.1em; margin: 1.8em 0 .4em; }
table { border-collapse: collapse; font-size: .87em; font-variant-numeric: tabular-nums; margin: .5em 0; }
th, td { padding: .15em .7em .15em 0; text-align: left; border-bottom: 1px solid var(--line); }
pre { font-size: .85em; overflow-x: auto; border-left: 3px solid var(--line); padding-left: 1em; }
"""
LONGEST_LOG = 20000  # characters, from its end


def write(folder):
    folder = Path(folder)
    card = results.card_name(folder) or "no card"
    parts = [f"<h1>cucurbit on {escape(card)}</h1>", pre(results.text_of(folder / "summary.txt")),
             "<h2>Tables</h2>", tables(results.text_of(folder / "table.md"))]
    kernels = profiled(folder)
    if kernels:
        names = ["kernel", "grid", "microseconds", "compute", "memory", "occupancy", "registers"]
        parts += ["<h2>Profiled launches</h2>", "<p>Compute, memory and occupancy in % of the card's peak.</p>",
                  table([names] + [[cell(row.get(name, "")) for name in names] for row in kernels])]
    parts.append("<h2>Steps</h2>")
    for record in results.steps(folder):
        log = results.text_of(folder / f"{record['name']}.log")[-LONGEST_LOG:]
        title = f"{record['name']}, {record['seconds']} s {record['problem']}"
        parts.append(f"<details><summary>{escape(title)}</summary>{pre(log)}</details>")
    body = "\n".join(parts)
    (folder / "index.html").write_text(
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>cucurbit on {escape(card)}</title>\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n", encoding="utf-8")


def profiled(folder):
    try:
        return results.kernels(folder)
    except Exception:  # a profiler that was stopped
        return []


def escape(text):
    return html.escape(str(text))


def pre(text):
    return f"<pre>{escape(text)}</pre>"


def cell(value):
    return f"{value:.1f}" if isinstance(value, float) else value


def table(rows):
    head, *others = rows
    lines = ["<table>", "<tr>" + "".join(f"<th>{escape(each)}</th>" for each in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{escape(each)}</td>" for each in row) + "</tr>" for row in others]
    return "\n".join(lines + ["</table>"])


def tables(markdown):
    """The report's own Markdown: paragraphs of a line, and tables."""
    parts, rows = [], []
    for line in markdown.splitlines() + [""]:
        if line.startswith("|---"):
            continue
        if line.startswith("|"):
            rows.append([each.strip() for each in line.strip("|").split("|")])
            continue
        if rows:
            parts.append(table(rows))
            rows = []
        if line:
            parts.append(f"<p>{escape(line)}</p>")
    return "\n".join(parts)
