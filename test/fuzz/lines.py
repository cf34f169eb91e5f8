"""lines.py TARGET ROOT: prints llvm-cov's JSON on stdin as one line per source file."""

import json
import os
import sys

for file in json.load(sys.stdin)["data"][0]["files"]:
    lines = file["summary"]["lines"]
    name = os.path.relpath(file["filename"], sys.argv[2])
    print(f"{sys.argv[1]:16} {name:32} {lines['covered']:4} of {lines['count']:4} lines, {lines['percent']:3.0f} %")
