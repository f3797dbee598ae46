"""A line to the server in bare JSON-RPC over HTTP: nothing of an answer is hidden by a client."""

import json
from dataclasses import dataclass

import httpx2

from tests.fix_http import Served
from tests.fix_mcp import ANSWER_SECONDS, Json
from tests.tenancy.callers import Caller

HEADERS = {
    "Accept": "application/json, text/event-stream", "Content-Type": "application/json",
    "MCP-Protocol-Version": "2025-11-25",
}  # fmt: skip
DATA = "data: "


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: the status, the message, and all of it as one text, headers included."""

    status: int
    message: Json
    text: str

    @property
    def result(self) -> Json:
        """The result, empty where there is none."""
        result = self.message.get("result")
        return result if isinstance(result, dict) else {}

    @property
    def data(self) -> Json:
        """What a tool returned, empty where it refused."""
        data = self.result.get("structuredContent")
        return data if isinstance(data, dict) else {}

    @property
    def refused(self) -> bool:
        """Whether it is an error of the protocol or of a tool."""
        return "result" not in self.message or bool(self.result.get("isError"))

    @property
    def code(self) -> object:
        """The code of an error, None where there is none."""
        if not self.refused:
            return None
        if "error" in self.message:
            return self.message["error"]["code"] if isinstance(self.message["error"], dict) else self.status
        return json.loads(self.result["content"][0]["text"])["code"]


class Line:
    """Connections to a server, for every caller alike."""

    def __init__(self, served: Served) -> None:
        self._http = httpx2.Client(base_url=served.base, timeout=ANSWER_SECONDS, headers=HEADERS)
        self._asked = 0

    def ask(self, token: str, method: str, params: Json) -> Answer:
        """Send a request and return what is answered to it."""
        self._asked += 1
        body = {"jsonrpc": "2.0", "id": self._asked, "method": method, "params": params}
        # Lone surrogates have no UTF-8; as escapes they are JSON.
        content = json.dumps(body).encode()
        answer = self._http.post("/mcp", content=content, headers={"Authorization": f"Bearer {token}"})
        heads = " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        message = _message(answer.text)
        told = json.dumps(message, ensure_ascii=False).replace("\\", "")
        return Answer(status=answer.status_code, message=message, text=f"{heads} {told}")

    def call(self, caller: Caller, tool: str, arguments: Json) -> Answer:
        """Call a tool."""
        return self.ask(caller.token, "tools/call", {"name": tool, "arguments": arguments})

    def close(self) -> None:
        """Hang up."""
        self._http.close()


def _message(text: str) -> Json:
    """Return the message of a body, which may be the last event of a stream."""
    told = next((line.removeprefix(DATA) for line in reversed(text.splitlines()) if line.startswith(DATA)), text)
    message = json.loads(told)
    return message if isinstance(message, dict) else {"error": message}
