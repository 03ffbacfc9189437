#!/usr/bin/env python3
"""Every header compiles alone.

A header whose source file includes it first is proved by the build; here it is only checked that
the source does. The others are compiled one by one, without making code.

    tests/headers_test.py COMPILER [JOBS]     exit 0, or 1 with the compiler's words
"""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)
FLAGS = ["-std=c++20", "-fsyntax-only", "-x", "c++", f"-I{ROOT}/src", f"-I{ROOT}/include",
         "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_ASIO_DISABLE_BOOST_COROUTINE"]


def main(compiler, jobs):
    failures, alone = [], []
    for header in sorted([*ROOT.glob("src/**/*.h"), *ROOT.glob("include/**/*.h")]):
        source, name = source_of(header)
        if source is None:
            alone.append(header)
        elif (first := FIRST.search(source.read_text())) is None or first[1] != name:
            failures.append(f'{source.relative_to(ROOT)}: includes "{name}" not as the first')
    with ThreadPoolExecutor(jobs) as pool:
        failures += filter(None, pool.map(lambda header: compile_alone(compiler, header), alone))
    print("\n".join(failures))
    print(f"{len(alone)} headers compiled alone, {len(failures)} failures")
    return 1 if failures else 0


def source_of(header):
    """The .cc file that belongs to a header, or None, and the header's name in includes."""
    place = header.relative_to(ROOT)
    name = str(place.relative_to(place.parts[0]))
    source = ROOT / "src" / ("api/" + header.stem if place.parts[0] == "include" else place.relative_to("src").with_suffix(""))
    source = source.with_name(source.name + ".cc")
    return (source if source.exists() else None), name


def compile_alone(compiler, header):
    """What the compiler says, or None when the header compiles."""
    done = subprocess.run([compiler, *FLAGS, "-"], input=f'#include "{header}"\n', capture_output=True, text=True,
                          check=False)
    return None if done.returncode == 0 else f"{header.relative_to(ROOT)} does not compile alone:\n{done.stderr}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2))
