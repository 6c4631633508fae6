"""Asks cvc5 what the prover was asked, and compares: problems come as JSON lines on standard input.

Usage: answers.py [MILLISECONDS]. Ends with 1 where an answer differs, after naming each.
"""

import json
import sys
import time
from collections import Counter

import cvc5

LIMIT = sys.argv[1] if len(sys.argv) > 1 else "5000"


def answer(problem):
    """Is there a request: `sat`, `unsat`, or `unknown`, where the time did not suffice."""
    solver = cvc5.Solver()
    solver.setOption("strings-exp", "true")
    solver.setOption("tlimit-per", LIMIT)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, problem, "problem")
    symbols = parser.getSymbolManager()
    said = ""
    while True:
        command = parser.nextCommand()
        if command.isNull():
            return said or "unknown"
        said = str(command.invoke(solver, symbols)).strip() or said


def compared(line):
    """How the answers compare, and which problem tells."""
    if "refused" in line:
        return "not written", line["refused"]
    # One request is enough; that there is none takes all the problems.
    answers = {}
    for name, problem in line["problems"].items():
        answers[name] = answer(problem)
        if answers[name] == "sat":
            break
    found = [name for name, said in answers.items() if said == "sat"]
    open_ = [name for name, said in answers.items() if said not in ("sat", "unsat")]
    if found:
        said = "violated"
    elif open_:
        return "timeout", open_[0]
    else:
        said = "holds"
    if line["answer"] == "unknown":
        return f"unknown to us, {said} to cvc5", str(line["why"])
    return ("agree" if said == line["answer"] else "disagree"), f"{line['answer']} and {said}: {found[:1]}"


def main():
    counts, answers, times, differ, reasons = Counter(), Counter(), [], [], Counter()
    for text in sys.stdin:
        line = json.loads(text)
        start = time.monotonic()
        kind, why = compared(line)
        times.append(time.monotonic() - start)
        counts[kind] += 1
        answers[line["answer"]] += 1
        if kind == "disagree":
            differ.append(f"{line['name']}: {why} {json.dumps(line['why'])}")
            print(f"DISAGREE {differ[-1]}", flush=True)
        elif kind != "agree":
            reasons[f"{kind}: {line['name']}: {why}" if kind != "not written" else f"{kind}: {why}"] += 1
    for reason, count in reasons.most_common(40):
        print(f"  {count} {reason[:300]}")
    times.sort()
    print("the prover: " + ", ".join(f"{count} {name}" for name, count in answers.most_common()))
    print("compared: " + ", ".join(f"{count} {name}" for name, count in counts.most_common()))
    if times:
        print(f"cvc5: median {times[len(times) // 2] * 1000:.1f} ms, 99th percentile "
              f"{times[len(times) * 99 // 100] * 1000:.1f} ms, {sum(times):.1f} s in all")
    sys.exit(1 if differ or not counts["agree"] else 0)


main()
