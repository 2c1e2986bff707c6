"""Draws the template's dashboard, as SVG, from the metrics that the functions wrote during a rehearsal."""

import json
from xml.sax.saxutils import escape

WIDTH, HEIGHT, MARGIN = 360, 216, 34
COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#17becf", "#7f7f7f", "#bcbd22", "#e377c2")


class Recording:
    """EMF lines of all functions, and how long each call of the login function took."""

    def __init__(self):
        self.lines, self.durations = [], []

    def take(self, stack):
        for function in stack.functions.values():
            for line in function.log:
                if line.startswith("{") and '"_aws"' in line:
                    self.lines.append(json.loads(line))
            if function.logical == "LoginFunction":
                self.durations += function.durations

    def points(self, namespace, metric, dimensions):
        """Returns (milliseconds, value) of one metric."""
        if namespace == "AWS/Lambda":
            return self.durations if metric == "Duration" else [(t, 0) for t, _ in self.durations]
        return [(line["_aws"]["Timestamp"], line[metric]) for line in self.lines
                if metric in line and all(line.get(k) == v for k, v in dimensions.items())]


def series(widget):
    """Yields (label, namespace, metric, dimensions, statistic); "..." repeats the metric before it, as in CloudWatch."""
    before = []
    for metric in widget["metrics"]:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        words = [w for w in metric if not isinstance(w, dict)]
        before = words = before if words == ["..."] else words
        dimensions = dict(zip(words[2::2], words[3::2]))
        statistic = options.get("stat", widget["stat"])
        label = " ".join(v for k, v in dimensions.items() if k in ("Contract", "Outcome", "Factor", "Result")) or words[1]
        if words[0] == "AWS/Lambda":
            label = f"{dimensions['FunctionName'].split('-')[-1].removesuffix('Function')} {words[1]}" if len(widget["metrics"]) > 2 else statistic
        yield label, words[0], words[1], dimensions, statistic


def summary(values, statistic):
    values = sorted(values)
    if statistic.startswith("p"):
        return values[min(len(values) - 1, int(len(values) * float(statistic[1:]) / 100))]
    return {"Sum": sum(values), "Average": sum(values) / len(values), "Maximum": values[-1]}[statistic]


def draw(model, recording, path):
    body = json.loads(model.properties("Board")["DashboardBody"])
    start = min(t for t, _ in recording.durations)
    end = max(t for t, _ in recording.durations) + 1
    buckets = 24
    parts = []
    for w in body["widgets"]:
        parts.append(widget(w, recording, start, (end - start) / buckets, buckets))
    columns = 3
    rows = (len(parts) + columns - 1) // columns
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * WIDTH} {rows * HEIGHT}" font-family="sans-serif" font-size="9">\n')
        f.write(f'<rect width="{columns * WIDTH}" height="{rows * HEIGHT}" fill="#ffffff"/>\n')
        for i, part in enumerate(parts):
            f.write(f'<g transform="translate({i % columns * WIDTH},{i // columns * HEIGHT})">{part}</g>\n')
        f.write("</svg>\n")


def widget(w, recording, start, step, buckets):
    lines, top = [], 0.0
    for label, namespace, metric, dimensions, statistic in series(w["properties"]):
        found = {}
        for t, v in recording.points(namespace, metric, dimensions):
            found.setdefault(min(buckets - 1, max(0, int((t - start) / step))), []).append(v)
        values = {b: summary(v, statistic) for b, v in found.items()}
        if values:
            lines.append((label, values))
            top = max(top, *values.values())
    top = top or 1.0
    x = lambda b: MARGIN + b * (WIDTH - MARGIN - 12) / (buckets - 1)
    y = lambda v: HEIGHT - 66 - v / top * (HEIGHT - 100)
    out = [f'<rect x="4" y="4" width="{WIDTH - 8}" height="{HEIGHT - 8}" fill="none" stroke="#d5dbdb"/>',
           f'<text x="12" y="20" font-size="11" font-weight="bold">{escape(w["properties"]["title"])}</text>',
           f'<line x1="{MARGIN}" y1="{y(0):.0f}" x2="{WIDTH - 12}" y2="{y(0):.0f}" stroke="#999"/>',
           f'<text x="8" y="{y(0):.0f}">0</text><text x="8" y="{y(top) + 3:.0f}">{top:.3g}</text>']
    for i, (label, values) in enumerate(lines):
        color = COLORS[i % len(COLORS)]
        points = " ".join(f"{x(b):.1f},{y(v):.1f}" for b, v in sorted(values.items()))
        out.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        out += [f'<circle cx="{x(b):.1f}" cy="{y(v):.1f}" r="1.6" fill="{color}"/>' for b, v in values.items()]
        column, row = i % 3, i // 3
        out.append(f'<rect x="{12 + column * 115}" y="{HEIGHT - 56 + row * 12}" width="7" height="7" fill="{color}"/>'
                   f'<text x="{22 + column * 115}" y="{HEIGHT - 49 + row * 12}">{escape(label)}</text>')
    return "".join(out)
