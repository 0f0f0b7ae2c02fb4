"""What a fake gateway says of bodies that name no model of its own."""

from typing import TYPE_CHECKING

from tests.checks.fake_limits import Refusal

if TYPE_CHECKING:
    from tests.checks.fake_gateway import Behaviour

CHAT = "/v1/chat/completions"


def mistake(path: str, body: object, behaviour: "Behaviour") -> Refusal | None:
    """What is wrong with a request's body at that path."""
    if not isinstance(body, dict):
        return 400, "not_json", "no object"
    model = body.get("model")
    if not isinstance(model, str):
        return 400, "no_model", "no model"
    if model not in behaviour.models:
        known = f", known: {', '.join(behaviour.models)}" if behaviour.names_known_models else ""
        code = "path_not_found" if path.startswith("/pools/") else "model_not_found"
        return behaviour.unknown_model_status, code, f"no such model{known}"
    wanted = behaviour.paths.get(model, CHAT)
    return (400, "wrong_path", f"not on {path}") if path != wanted else None
