"""What the OpenAPI document says of API keys, where the service asks for them."""

from typing import Any

from carprice.access.scopes import SCOPES, find_scope

BEARER, BASIC = "bearerKey", "basicKey"
SCHEMES = {
    BEARER: {"type": "http", "scheme": "bearer", "description": "An API key: `Authorization: Bearer KEY`."},
    BASIC: {"type": "http", "scheme": "basic", "description": "The key as the password, for browsers; any user."},
}
PROBLEMS = {
    "401": "No API key came with the request, or one that is not good",
    "403": "The API key is not for this path",
}
PROBLEM_429 = "more requests came than the rate or the quota allows"
CHALLENGE = "How to send a key, and what is wrong with the one that came."


def describe_keys(document: dict[str, Any]) -> None:
    """Add to each operation which scope its key needs, and the answers to a request without one."""
    components = document["components"]
    components["securitySchemes"] = SCHEMES
    usual = components["responses"]["400"]
    headers = {**usual["headers"], "WWW-Authenticate": {"description": CHALLENGE, "schema": {"type": "string"}}}
    for status, text in PROBLEMS.items():
        components["responses"][status] = {**usual, "description": text, "headers": headers}
    components["responses"]["429"]["description"] += f"; or {PROBLEM_429}"
    for path, operations in document["paths"].items():
        scope = find_scope(path)
        for operation in operations.values():
            if scope is None:
                operation["security"] = []
                continue
            operation["security"] = [{BEARER: []}, {BASIC: []}]
            needs = f"Needs an API key with the scope `{scope}`: {SCOPES[scope]}."
            operation["description"] = f"{operation.get('description', '')} {needs}".strip()
            responses = operation["responses"] | _refer(*PROBLEMS, "429")
            operation["responses"] = dict(sorted(responses.items()))


def _refer(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}
