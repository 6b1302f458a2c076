"""The surrogates' weights relative to the truth, coordinate by coordinate (Ildiz et al. 2025, Figure 1a)."""

import numpy

from matplotlib.lines import Line2D

from cucurbit.figures.style import arm_styles, new_figure, plain_log_ticks, styled


def at_samples(coordinates, n=None):
    """The rows of the sample size nearest to n (by default 0.4 p), of the first point that has it."""
    wanted = 0.4 * coordinates["p"].iloc[0] if n is None else n
    nearest = min(coordinates["n"].unique(), key=lambda value: abs(value - wanted))
    rows = coordinates[coordinates["n"] == nearest]
    return rows.drop_duplicates(["p", "n", "index"])


def draw(axes, coordinates):
    """Weight over truth of the optimal surrogate and the mask, against the coordinate's index."""
    rows = coordinates[coordinates["truth"] != 0]
    styles = arm_styles(["standard", "optimal_surrogate", "mask"])
    for arm in ("optimal_surrogate", "mask"):
        if arm in rows and numpy.isfinite(rows[arm]).all():
            axes.plot(rows["index"], rows[arm] / rows["truth"], color=styles[arm].colour, linewidth=1.3)
    axes.axhline(1.0, color=styles["standard"].colour, linewidth=1.3, linestyle=(0, (4, 3)))
    axes.set_xscale("log")
    axes.set_xlim(rows["index"].min(), rows["index"].max())
    plain_log_ticks(axes.xaxis)
    axes.set_ylim(bottom=-0.05)
    axes.set_xlabel("coordinate (largest eigenvalue first)")
    axes.set_ylabel("weight relative to truth")
    axes.set_title(f"weights at n = {rows['n'].iloc[0]:g}, p = {rows['p'].iloc[0]:g}")


@styled
def weights_figure(coordinates, n=None):
    """One panel: Figure 1a."""
    figure = new_figure(1, width=4.2)
    draw(figure.subplots(), at_samples(coordinates, n))
    styles = arm_styles(["standard", "optimal_surrogate", "mask"])
    labels = ["truth", styles["optimal_surrogate"].label, styles["mask"].label]
    lines = ["--", "-", "-"]
    figure.legend(handles=[Line2D([], [], color=style.colour, linestyle=line, linewidth=1.3, label=label)
                           for style, line, label in zip(styles.values(), lines, labels)],
                  loc="outside lower center", ncols=3)
    return figure
