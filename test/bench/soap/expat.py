"""How fast expat reads an XML file: `python3 expat.py FILE SECONDS` prints megabytes a second, twice.

First the parser alone, with namespaces; then with handlers that build lists of what they see, as whoever wants the content does.
"""

import sys
import time
from pyexpat import ParserCreate


def rate(data, seconds, prepare):
    count, began = 0, time.process_time()
    while True:
        parser = ParserCreate(namespace_separator=" ")
        prepare(parser)
        parser.Parse(data, True)
        count += 1
        spent = time.process_time() - began
        if spent >= seconds:
            return count * len(data) / spent / 1e6


def with_handlers(parser):
    stack = [[]]

    def start(name, attributes):
        stack.append([name, attributes])

    def end(name):
        done = stack.pop()
        stack[-1].append(done)

    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda text: stack[-1].append(text)


data = open(sys.argv[1], "rb").read()
for prepare in (lambda parser: None, with_handlers):
    print(rate(data, float(sys.argv[2]), prepare))
