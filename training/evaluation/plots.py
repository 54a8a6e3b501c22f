"""The plots of an evaluation report, as SVG that can stand in a page."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from detector.taxonomy import CLASSES
from training.calibration import Bin
from training.evaluation.matching import Outcomes

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "schouw",  # the same plot is the same file
    "font.family": "sans-serif",
    "font.sans-serif": ["system-ui", "DejaVu Sans"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888",
    "xtick.color": "#555",
    "ytick.color": "#555",
}
INK, QUIET = "#1f2933", "#9aa5b1"


def precision_recall(found: Outcomes) -> str:
    """Precision over recall at IoU 0.5, a line for each class that has true boxes."""
    with rc_context(STYLE):
        figure, axes = _axes("Precision and recall", 4.6, 3.4)
        for damage in CLASSES:
            of_class = found.of(damage.id)
            counted = of_class.counts[0]
            truths = of_class.truths.sum()
            if not truths or not counted.any():
                continue
            right = np.cumsum(of_class.hit[0][counted])
            axes.plot(
                right / truths, right / np.arange(1, len(right) + 1), color=damage.colour, lw=1.6, label=damage.english
            )
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
        _legend(figure)
        return _svg(figure)


def f1_by_threshold(found: Outcomes, shipped: Sequence[float]) -> str:
    """F1 over the score threshold, a line for each class; a dot at the threshold that is shipped."""
    thresholds = np.linspace(0, 1, 101)
    with rc_context(STYLE):
        figure, axes = _axes("F1 by threshold", 4.6, 3.4)
        for damage in CLASSES:
            of_class = found.of(damage.id)
            score, hit = of_class.score[of_class.counts[0]], of_class.hit[0][of_class.counts[0]]
            truths = int(of_class.truths.sum())
            if not truths or not len(score):
                continue

            def f1(threshold: Any, score: Any = score, hit: Any = hit, truths: int = truths) -> Any:
                kept = score > np.atleast_1d(threshold)[:, None]
                return 2 * (kept & hit).sum(axis=1) / (kept.sum(axis=1) + truths)

            axes.plot(thresholds, f1(thresholds), color=damage.colour, lw=1.6, label=damage.english)
            axes.plot(shipped[damage.id], f1(shipped[damage.id]), "o", color=damage.colour, mec="white", ms=7)
        axes.set(xlim=(0, 1), ylim=(0, None), xlabel="score threshold", ylabel="F1")
        _legend(figure)
        return _svg(figure)


def reliability(lines: Mapping[str, Sequence[Bin]]) -> str:
    """Share of right detections over their score, a line for each way of scoring; the dots' size is their number."""
    colours = dict(zip(lines, (QUIET, "#0072b2", "#d55e00"), strict=False))
    with rc_context(STYLE):
        figure, axes = _axes("Reliability", 4.6, 3.4)
        axes.plot([0, 1], [0, 1], color=QUIET, lw=0.8, ls=":")
        for name, bins in lines.items():
            x, y = [b.score for b in bins], [b.correct for b in bins]
            axes.plot(x, y, color=colours[name], lw=1.4, label=name)
            axes.scatter(x, y, s=[4 + 3 * b.count**0.5 for b in bins], color=colours[name], zorder=3)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="score", ylabel="share that is right")
        _legend(figure)
        return _svg(figure)


def forest(rows: Sequence[tuple[str, float | None, Sequence[float] | None, str]], title: str) -> str:
    """A figure with its interval for each row: name, value, interval, colour."""
    with rc_context(STYLE):
        figure, axes = _axes(title, 4.6, 0.75 + 0.28 * len(rows))
        for n, (_, value, spread, colour) in enumerate(rows):
            if value is None:
                continue
            if spread:
                axes.plot(spread, [n, n], color=colour, lw=2.2, alpha=0.55, solid_capstyle="round")
            axes.plot(value, n, "o", color=colour, mec="white", ms=7)
            axes.annotate(f"{value:.2f}", (value, n), (0, 6), textcoords="offset points", ha="center", fontsize=8)
        axes.set_yticks(range(len(rows)), [row[0] for row in rows])
        axes.set(xlim=(0, 1), ylim=(len(rows) - 0.4, -0.8))
        axes.grid(axis="x", color="#e4e7eb", lw=0.6)
        axes.spines["left"].set_visible(False)
        axes.tick_params(left=False)
        return _svg(figure)


def _axes(title: str, width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", size=10, color=INK)
    return figure, figure.subplots()


def _legend(figure: Figure) -> None:
    """Below the plot, where it covers no line."""
    if figure.axes[0].get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
