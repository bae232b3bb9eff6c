"""cvc5 as a program: SMT-LIB in on stdin, answers out on stdout.

PyPI has cvc5 as a library only, and the symbolic compiler wants a process to talk to.
"""

import sys

import cvc5

# A question that takes longer is answered "unknown", which proves nothing.
MILLISECONDS_MAX = "60000"


class Session:
    """One solver; `(reset)` makes another."""

    def __init__(self):
        self.solver = cvc5.Solver(cvc5.TermManager())
        self.solver.setOption("tlimit-per", MILLISECONDS_MAX)
        self.parser = cvc5.InputParser(self.solver)

    def run(self, text):
        """Runs every command of `text`, and gives what they printed."""
        self.parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "stdin")
        printed = []
        while not (command := self.parser.nextCommand()).isNull():
            printed.append(command.invoke(self.solver, self.parser.getSymbolManager()))
        return "".join(str(line) for line in printed)


def whole_commands(lines):
    """Joins lines until parentheses balance outside of strings, quoted symbols and comments."""
    text, depth, quote = "", 0, None
    for line in lines:
        for mark in line:
            if quote:
                quote = None if mark == quote else quote
            elif mark == ";":
                break
            elif mark in '"|':
                quote = mark
            else:
                depth += (mark == "(") - (mark == ")")
        text += line
        if depth == 0 and not quote:
            yield text
            text = ""


def main():
    session = Session()
    for text in whole_commands(sys.stdin):
        if text.strip() == "(reset)":
            session = Session()
            continue
        try:
            printed = session.run(text)
        except RuntimeError as error:
            printed = '(error "%s")\n' % str(error).replace('"', "'").replace("\n", " ")
        if printed:
            sys.stdout.write(printed)
            sys.stdout.flush()


main()
