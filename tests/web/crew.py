"""What a crew does in the browser, and what the server says of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.api.serving import until

LOOKED_AT_S = 180.0  # checked, looked at and on the map, on a busy machine


@dataclass(frozen=True)
class Crew:
    """The server's own word."""

    http: httpx.Client

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"/v1/{path}", params=query).raise_for_status().json()

    def surveys(self) -> list[dict[str, Any]]:
        return self.get("surveys")["surveys"]  # type: ignore[no-any-return]

    def survey(self, name: str) -> dict[str, Any]:
        """The newest survey of a name."""
        return next(survey for survey in self.surveys() if survey["name"] == name)

    def received(self, name: str) -> int:
        """How many bytes of it are safely at the server."""
        return sum(file["received"] for survey in self.surveys() if survey["name"] == name for file in survey["files"])

    def wait_for(self, name: str, *states: str) -> dict[str, Any]:
        """Wait until a survey is in one of the states."""
        until(f"survey {name} is {' or '.join(states)}", lambda: self.survey(name)["state"] in states, LOOKED_AT_S)
        return self.survey(name)

    def remove_all(self) -> None:
        """Begin anew."""
        for survey in self.surveys():
            self.http.delete(f"/v1/surveys/{survey['id']}").raise_for_status()
        until("the map is empty", lambda: self.get("about")["map"]["surveys"] == 0)

    def done(self, drive: Path) -> dict[str, Any]:
        """The drive on the map; uploaded now unless a test before did."""
        there = [survey for survey in self.surveys() if survey["summary"]]
        if there:
            return self.wait_for(there[0]["name"], "done")
        name = "Voor de planner"
        if all(survey["name"] != name for survey in self.surveys()):
            files = [drive / part for part in ("drive.mp4", "drive.gpx", "camera.yaml")]
            announced = [{"name": file.name, "size": file.stat().st_size} for file in files]
            made = self.http.post("/v1/surveys", json={"name": name, "files": announced}).raise_for_status().json()
            for file, part in zip(files, made["files"], strict=True):
                headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
                headers["Content-Type"] = "application/offset+octet-stream"
                self.http.patch(part["upload"], content=file.read_bytes(), headers=headers).raise_for_status()
            if (survey := self.wait_for(name, "attention", "done"))["state"] == "attention":
                self.http.post(f"/v1/surveys/{survey['id']}/go").raise_for_status()
        return self.wait_for(name, "done")


def pick(page: Page, *files: Path | dict[str, Any]) -> None:
    """Choose files on the upload page."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("input[name=files]").set_input_files(list(files))  # type: ignore[arg-type]


def slowly(page: Page, bytes_per_s: int) -> None:
    """A slow connection, for what is sent; 0: as fast as it goes."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    up = bytes_per_s or -1
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": up}
    session.send("Network.emulateNetworkConditions", limits)
