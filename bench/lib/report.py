"""The tables: what each proxy showed, and sluice as a ratio to the others."""

from statistics import median

METRICS = {
    "cpu_us": ("CPU a request", "us", 2),
    "calls": ("system calls a request", "", 2),
    "rps": ("requests/s", "", 0),
    "p50_us": ("p50", "us", 0),
    "p99_us": ("p99", "us", 0),
    "paced_cpu_us": ("CPU a request, equal rate", "us", 2),
    "paced_p50_us": ("p50, equal rate", "us", 0),
    "paced_p99_us": ("p99, equal rate", "us", 0),
    "idle_bytes": ("memory a connection", "bytes", 0),
}


def absolute(samples, titles, names):
    """Medians of what was measured; one column a proxy."""
    rows = [["work", "figure", *names]]
    for work, metric, by_proxy in _walk(samples):
        title, unit, digits = METRICS[metric]
        cells = [f"{median(by_proxy[n]):,.{digits}f}" if by_proxy.get(n) else "-" for n in names]
        rows.append([titles[work], f"{title} ({unit})" if unit else title, *cells])
    return _table(rows, left=2)


def ratios(samples, titles, subjects, bars):
    """Each subject over each bar, round by round: min, median and max of the ratio."""
    rows = [["work", "figure", "of", *[f"/ {bar}: min  median  max" for bar in bars]]]
    for work, metric, by_proxy in _walk(samples):
        for subject in subjects:
            cells = [_spread(by_proxy.get(subject, []), by_proxy.get(bar, [])) for bar in bars]
            if any(cell != "-" for cell in cells):
                rows.append([titles[work], METRICS[metric][0], subject, *cells])
    return _table(rows, left=3)


def ratio_values(mine, theirs):
    """The ratios of two lists of samples, paired by round."""
    return [a / b for a, b in zip(mine, theirs) if b]


def _spread(mine, theirs):
    values = ratio_values(mine, theirs)
    if not values:
        return "-"
    return f"{min(values):.2f}  {median(values):.2f}  {max(values):.2f}"


def _walk(samples):
    for work, metrics in samples.items():
        for metric in METRICS:
            if metric in metrics:
                yield work, metric, metrics[metric]


def _table(rows, left):
    """Rows under a head, the first `left` columns to the left, the first one named only where it changes."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    previous = None
    for number, row in enumerate(rows):
        shown = ["" if row[0] == previous else row[0], *row[1:]]
        previous = row[0]
        cells = [c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(shown, widths))]
        lines.append("  ".join(cells).rstrip())
        if number == 0:
            lines.append("  ".join("-" * w for w in widths))
    return "\n".join(lines)
