#!/usr/bin/env python3
"""Every file includes only its own layer and lower ones, and no header includes itself in a circle.

The layers and what each may see stand in CMakeLists.txt (sluice_layer ... DEPENDS). Two rules are
stricter: a middleware sees only the extension API and what that is made of, so that the built-ins
prove it; and a third-party header that is dear to compile stays in the layer that wraps it: no file
of another layer reaches it.

    tests/layers_test.py [ROOT]       exit 0, or 1 with a line for each breach
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
LAYER = re.compile(r"^sluice_layer\((\w+)([^)]*)\)", re.MULTILINE)
MIDDLEWARE_SEES = {"middleware", "api", "base", "conf", "http"}
DEAR = re.compile(r"^(boost/(?!system/)|nlohmann/json\.hpp|yaml-cpp/|prometheus/|spdlog/|re2/|CLI/|openssl/|liburing\.h|ares)")


def main(root):
    layers = allowed(root)
    files = sources(root, layers)
    breaches = [breach for path in files for breach in judge(root, path, files[path], layers)]
    breaches += circles(root, files)
    breaches += escapes(root, files)
    for breach in breaches:
        print(breach)
    print(f"{len(files)} files, {len(breaches)} breaches")
    return 1 if breaches or not files else 0


def allowed(root):
    """By layer: the layers that it may include, itself among them."""
    sees = {}
    for name, rest in LAYER.findall((root / "CMakeLists.txt").read_text()):
        words = rest.split()
        depends = words[words.index("DEPENDS") + 1 :] if "DEPENDS" in words else []
        sees[name] = {name}
        for other in depends:
            if other == "LIBS":
                break
            sees[name] |= sees[other]  # lower layers stand first in the file
    sees["middleware"] = MIDDLEWARE_SEES
    sees["main"] = set(sees) | {"main"}
    return sees


def sources(root, layers):
    """By file: its layer."""
    files = {}
    for path in sorted([*root.glob("src/**/*.h"), *root.glob("src/**/*.cc"), *root.glob("src/**/*.inc")]):
        parts = path.relative_to(root / "src").parts
        files[path] = parts[0] if len(parts) > 1 else "main"
    for path in sorted(root.glob("include/sluice/*.h")):
        files[path] = "api"
    unknown = {layer for layer in files.values() if layer not in layers}
    if unknown:
        sys.exit(f"folders of src that CMakeLists.txt knows no layer for: {', '.join(sorted(unknown))}")
    return files


def includes(path):
    """Line number, quote and name of each include."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1], found[2]


def judge(root, path, layer, layers):
    where = path.relative_to(root)
    for number, quote, name in includes(path):
        if quote == "<":
            continue
        other = "api" if name.startswith("sluice/") else name.split("/")[0]
        if other not in layers:
            yield f'{where}:{number}: "{name}" is in no layer; write includes from src/ or include/'
        elif other not in layers[layer]:
            yield f'{where}:{number}: layer {layer} may not include "{name}" of layer {other}'


def by_include_name(root, files):
    """The header that an include in quotes means."""
    return {str(p.relative_to(root / p.relative_to(root).parts[0])): p for p in files}


def circles(root, files):
    """Headers that reach themselves."""
    named = by_include_name(root, files)
    done, stack, found = set(), [], []

    def visit(path):
        if path in stack:
            circle = [*stack[stack.index(path) :], path]
            found.append(" -> ".join(str(p.relative_to(root)) for p in circle) + ": a circle")
            return
        if path in done:
            return
        stack.append(path)
        for _, quote, name in includes(path):
            if quote == '"' and name in named:
                visit(named[name])
        stack.pop()
        done.add(path)

    for path in files:
        visit(path)
    return found


def escapes(root, files):
    """Files that reach a dear third-party header through a header of another layer."""
    named = by_include_name(root, files)
    own, dear = {}, {}
    for path in files:
        lines = list(includes(path))
        own[path] = [named[name] for _, quote, name in lines if quote == '"' and name in named]
        dear[path] = [name for _, quote, name in lines if quote == "<" and DEAR.match(name)]
    found = []
    for path, layer in files.items():
        seen, to_see = {path}, [path]
        while to_see:
            for header in own[to_see.pop()]:
                if header in seen:
                    continue
                seen.add(header)
                to_see.append(header)
                if dear[header] and files[header] != layer:
                    found.append(f"{path.relative_to(root)}: gets {', '.join(dear[header])} "
                                 f"through {header.relative_to(root)}")
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)))
