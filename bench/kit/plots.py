"""Plots as SVG, written by hand so that they need no library and a diff shows what changed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bench.kit.results import Result

__all__ = ["bars"]

WIDTH, LABEL, ROW, TOP = 760, 300, 34, 46
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
INK, BAR, RANGE, RULE = "#1f2937", "#2563eb", "#93c5fd", "#b91c1c"


def bars(title: str, results: Sequence[Result]) -> str:
    """One bar per result: the ratio to its reference, with the range of the rounds; a rule at 1.

    Args:
        title: above the plot.
        results: at least one.
    """
    most = max(1.0, *(one.ratio.most for one in results)) * 1.05
    scale = (WIDTH - LABEL - 70) / most
    height = TOP + ROW * len(results) + 14
    drawn = [_bar(number, one, scale) for number, one in enumerate(results)]
    rule = LABEL + scale
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {FONT} fill="{INK}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
            *drawn,
            f'<path d="M{rule:.1f} {TOP - 8}V{height - 8}" stroke="{RULE}" stroke-dasharray="4 3"/>',
            f'<text x="{rule:.1f}" y="{TOP - 12}" text-anchor="middle" font-size="11" fill="{RULE}">reference</text>',
            "</svg>",
            "",
        ]
    )


def _bar(number: int, one: Result, scale: float) -> str:
    y = TOP + ROW * number
    middle, start, end = (scale * value for value in (one.ratio.median, one.ratio.least, one.ratio.most))
    return "\n".join(
        [
            f'<text x="{LABEL - 10}" y="{y + 18}" text-anchor="end">{escape(one.what)}</text>',
            f'<rect x="{LABEL}" y="{y + 5}" width="{middle:.1f}" height="18" fill="{BAR}"/>',
            f'<path d="M{LABEL + start:.1f} {y + 14}H{LABEL + end:.1f}" stroke="{RANGE}" stroke-width="4"/>',
            f'<text x="{LABEL + end + 8:.1f}" y="{y + 18}">{one.ratio.median:.2f}</text>',
        ]
    )
