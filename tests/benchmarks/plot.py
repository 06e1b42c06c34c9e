"""Curves of shares against shares, as an SVG written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 440
LEFT, TOP, RIGHT, BOTTOM = 70, 20, 20, 60


@dataclass(frozen=True)
class Line:
    """One curve; its points are parts of 1."""

    name: str
    colour: str
    points: Sequence[tuple[float, float]]
    is_dashed: bool = False


def plot(
    lines: Sequence[Line], *, across: str, up: str, wanted: tuple[float, float], mark: tuple[float, float, str]
) -> str:
    """Draw curves from 0 to 100 % both ways, the corner that is wanted (so much at most, so much at least), a mark."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _wanted(wanted),
        *_grid(),
        f'<text x="{_x(0.5):.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
        f'<text transform="translate(18 {_y(0.5):.0f}) rotate(-90)" text-anchor="middle">{escape(up)}</text>',
    ]
    for number, line in enumerate(lines):
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in line.points)
        style = f'stroke="{line.colour}" stroke-width="2"' + (' stroke-dasharray="5 4"' if line.is_dashed else "")
        y = _y(0.3) + 20 * number
        parts.append(f'<polyline points="{points}" fill="none" {style}/>')
        parts.append(f'<line x1="{_x(0.55):.0f}" x2="{_x(0.6):.0f}" y1="{y:.0f}" y2="{y:.0f}" {style}/>')
        parts.append(f'<text x="{_x(0.61):.0f}" y="{y + 4:.0f}">{escape(line.name)}</text>')
    x, y, said = mark
    parts.append(f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="5" fill="#1f5fa8"/>')
    parts.append(f'<text x="{_x(x) + 10:.1f}" y="{_y(y) + 18:.1f}" font-weight="bold">{escape(said)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    """Return where a share stands; a curve may rise a little over all of the gain."""
    return TOP + (1.08 - share) / 1.08 * (HEIGHT - TOP - BOTTOM)


def _wanted(wanted: tuple[float, float]) -> str:
    sent, kept = wanted
    width, height = _x(sent) - _x(0), _y(kept) - _y(1)
    return f'<rect x="{_x(0):.1f}" y="{_y(1):.1f}" width="{width:.1f}" height="{height:.1f}" fill="#e4f1de"/>'


def _grid() -> list[str]:
    parts = []
    for fifth in range(6):
        share = fifth / 5
        x, y = f"{_x(share):.1f}", f"{_y(share):.1f}"
        parts.append(f'<line x1="{x}" x2="{x}" y1="{_y(0):.1f}" y2="{_y(1):.1f}" stroke="#dddddd"/>')
        parts.append(f'<line x1="{_x(0):.1f}" x2="{_x(1):.1f}" y1="{y}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x}" y="{_y(0) + 18:.1f}" text-anchor="middle">{share:.0%}</text>')
        parts.append(f'<text x="{_x(0) - 8:.1f}" y="{_y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    return parts
