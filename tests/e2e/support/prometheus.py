"""A strict reader of the Prometheus text format, version 0.0.4."""

import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"^({NAME})(?:\{{(.*)\}})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}


class Metrics:
    """Every sample by name and labels; raises ValueError for whatever the format does not allow."""

    def __init__(self, text):
        self.types = {}
        self.samples = {}
        self.current = None
        if not text.endswith("\n"):
            raise ValueError("no newline at the end")
        for line in text.split("\n")[:-1]:
            self._comment(line) if line.startswith("#") else self._sample(line)
        self._judge_histograms()

    def _comment(self, line):
        words = line.split(" ", 3)
        if words[1] == "TYPE":
            name, kind = words[2], words[3]
            if kind not in TYPES or name in self.types:
                raise ValueError(line)
            self.types[name] = kind
            self.current = name
        elif words[1] != "HELP" or len(words) < 4 or not words[3]:
            raise ValueError(line)

    def _sample(self, line):
        match = SAMPLE.match(line)
        if not match:
            raise ValueError(line)
        name, labels, value = match[1], parse_labels(match[2] or "", line), float(match[3])
        family = self.family(name)
        if family != self.current:
            raise ValueError(f"outside its family: {line}")
        if self.types[family] == "counter" and not (name.endswith("_total") and value >= 0):
            raise ValueError(line)
        key = (name, tuple(sorted(labels.items())))
        if key in self.samples:
            raise ValueError(f"twice: {line}")
        self.samples[key] = value

    def family(self, name):
        if name in self.types:
            return name
        for end in ("_bucket", "_sum", "_count"):
            if name.endswith(end) and self.types.get(name[: -len(end)]) == "histogram":
                return name[: -len(end)]
        raise ValueError(f"no TYPE for {name}")

    def _judge_histograms(self):
        buckets = {}
        for (name, labels), value in self.samples.items():
            if name.endswith("_bucket") and self.types.get(name[:-7]) == "histogram":
                rest = tuple(label for label in labels if label[0] != "le")
                buckets.setdefault((name[:-7], rest), []).append((float(dict(labels)["le"]), value))
        for (name, labels), pairs in buckets.items():
            counts = [count for _, count in sorted(pairs)]
            if counts != sorted(counts) or max(pairs)[0] != math.inf:
                raise ValueError(f"buckets of {name}")
            if self.samples[(name + "_count", labels)] != counts[-1]:
                raise ValueError(f"count of {name}")

    def sum(self, name, **labels):
        """Of all samples of this name that have these labels."""
        wanted = set(labels.items())
        return sum(value for (one, have), value in self.samples.items() if one == name and wanted <= set(have))

    def value(self, name, **labels):
        """Of the one sample with these labels."""
        wanted = set(labels.items())
        found = [value for (one, have), value in self.samples.items() if one == name and wanted <= set(have)]
        if len(found) != 1:
            raise ValueError(f"{len(found)} samples of {name} {labels}")
        return found[0]


def parse_labels(text, line):
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        if not match or match[1] in labels:
            raise ValueError(line)
        labels[match[1]] = match[2]
        at = match.end()
    return labels
