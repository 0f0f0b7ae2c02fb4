"""The gate of golden prompts: asked of the candidate, as a tester."""

import re
import time
from collections.abc import Sequence

from checks.canary.gate import Gate
from checks.chat import said, text_and_usage
from checks.probes.gateway import Gateway, NoAnswer, ask
from deploys.settings.golden import Golden

ARM = "X-Homeport-Arm"
SHOWN = 80
# A candidate that is full for a moment is no worse a candidate; one that stays so is.
TRIES, PAUSE_SECONDS = 3, 2.0


def golden_gate(gateway: Gateway, model: str, prompts: Sequence[Golden]) -> Gate:
    """Fails at the first answer that does not match; waits for a gateway that gives none."""
    for number, golden in enumerate(prompts, 1):
        try:
            wrong = _wrong(gateway, model, golden)
        except NoAnswer as lost:
            return Gate("golden prompts", "waits", str(lost).partition("\n")[0])
        if wrong:
            return Gate("golden prompts", "fails", f"number {number} of {len(prompts)}: {wrong}")
    return Gate("golden prompts", "passes", f"{len(prompts)} answers of the candidate match")


def _wrong(gateway: Gateway, model: str, golden: Golden) -> str:
    body: dict[str, object] = {
        "model": model,
        "max_tokens": golden.max_tokens,
        "temperature": 0,
        "messages": [{"role": "user", "content": golden.prompt}],
    }
    headers = {"Authorization": f"Bearer {gateway.key.reveal()}", ARM: "candidate"}
    for left in reversed(range(TRIES)):
        answer = ask(gateway, "POST", "/v1/chat/completions", body, headers)
        by_candidate = answer.headers.get(ARM.lower()) == "candidate"
        if (by_candidate and answer.status == 200) or not left:
            break
        time.sleep(PAUSE_SECONDS)
    if answer.status != 200:
        return said(answer)
    if not by_candidate:
        return "the candidate did not answer, and the stable arm did in its place"
    text, _ = text_and_usage(answer)
    if re.search(golden.matches, text):
        return ""
    return f"{golden.matches!r} is not in {text[:SHOWN]!r}"
